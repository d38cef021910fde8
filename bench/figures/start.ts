import { type Figure, inTurns } from "../figure.ts";
import { usageOf } from "../process-usage.ts";

/** From just before the process is started until ListPlugins is answered, as Velero's discovery does; memory then. */
export const start: Figure = {
  name: "start",
  title: "start to ListPlugins answered, and resident memory then",
  async run(bench) {
    const stage = await bench.stage();
    // The first start reads the executable from disk: not what a server that starts it each minute sees.
    for (const contender of bench.contenders) await (await stage.plugin(contender)).end();
    const metrics = [
      {
        name: "milliseconds",
        title: "until ListPlugins is answered",
        unit: "ms",
        bar: { of: "ratio", is: "atMost", value: 2.5 },
      },
      {
        name: "residentMiB",
        title: "resident then",
        unit: "MiB",
        bar: { of: "ratio", is: "atMost", value: 1.6 },
      },
    ] as const;
    return inTurns(bench, { name: start.name, metrics, runs: 15 }, async (contender) => {
      const plugin = await stage.plugin(contender);
      const { residentMiB } = await usageOf(plugin.pid);
      await plugin.end();
      return { milliseconds: plugin.startMilliseconds, residentMiB };
    });
  },
};
