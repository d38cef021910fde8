import { type Figure, type Metric, inTurns, median } from "../figure.ts";
import { container } from "../stage.ts";

const puts = 10;

/** Small objects, one after the other, by a process of its own. */
export const putSmall: Figure = {
  name: "put-small",
  title: "put of a 4 KiB object, 20 ms added to each answer",
  async run(bench) {
    const stage = await bench.stage();
    const metrics: Metric[] = [
      { name: "milliseconds", title: "time", unit: "ms", bar: { of: "ratio", is: "atMost", value: 0.6 } },
      { name: "firstMilliseconds", title: "time of a process's first", unit: "ms" },
      { name: "requests", title: "requests", unit: "", bar: { of: "ours", is: "exactly", value: 1 } },
    ];
    return inTurns(bench, { name: putSmall.name, metrics, runs: 7 }, async (contender) => {
      const plugin = await stage.plugin(contender);
      try {
        await plugin.init(stage.config("far"));
        await stage.store.resetStats();
        const { objectSeconds } = await plugin.bench({
          op: "put",
          bucket: container,
          key: `${contender.role}/small`,
          size: 4096,
          count: puts,
        });
        const { requests } = await stage.store.stats();
        return {
          milliseconds: median(objectSeconds) * 1000,
          firstMilliseconds: (objectSeconds[0] ?? Number.NaN) * 1000,
          requests: requests / puts,
        };
      } finally {
        await plugin.end();
      }
    });
  },
};
