import { type Figure, type Metric, inTurns } from "../figure.ts";
import { container } from "../stage.ts";

/**
 * What Velero does most: a process that is started for one question. Half a backup's life is made of these, so what a
 * plugin loads late or takes to end counts as its start does.
 */
export const errand: Figure = {
  name: "errand",
  title: "a process started for one question: start, Init, ObjectExists, end",
  async run(bench) {
    const stage = await bench.stage();
    await stage.store.makeBlobs({ container, key: "errand", size: 1 });
    const metrics: Metric[] = ["whole", "start", "init", "exists", "end"].map((name) => ({
      name,
      title: name,
      unit: "ms",
    }));
    return inTurns(bench, { name: errand.name, metrics, runs: 15 }, async (contender) => {
      const plugin = await stage.plugin(contender);
      const init = await timed(() => plugin.init(stage.config("direct")));
      const exists = await timed(() => plugin.get("exists", { bucket: container, key: "errand" }));
      const { milliseconds: end } = await plugin.end();
      const start = plugin.startMilliseconds;
      return { whole: start + init + exists + end, start, init, exists, end };
    });
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
