import { Azcopy } from "../azcopy.ts";
import { type Bar, type Figure, type Metric, type Sample, inTurns, row } from "../figure.ts";
import type { Way } from "../stage.ts";
import { gibibyte, transfer } from "./transfer.ts";

function speed(bar: Bar): Metric {
  return { name: "mebibytesPerSecond", title: "speed", unit: "MiB/s", bar };
}

interface Large {
  readonly name: string;
  readonly title: string;
  readonly operation: "put" | "get";
  readonly way: Way;
  readonly metrics: readonly Metric[];
  readonly runs: number;
}

function large(figure: Large): Figure {
  return {
    name: figure.name,
    title: figure.title,
    async run(bench) {
      const stage = await bench.stage();
      return inTurns(bench, figure, (contender) => transfer(stage, contender, { ...figure, size: gibibyte }));
    },
  };
}

const cpu: Metric = { name: "cpuSeconds", title: "processor time", unit: "s" };

export const putDirect = large({
  name: "put",
  title: "put 1 GiB, no delay",
  operation: "put",
  way: "direct",
  metrics: [
    speed({ of: "ratio", is: "atLeast", value: 0.9 }),
    { ...cpu, bar: { of: "ratio", is: "atMost", value: 2 } },
  ],
  runs: 5,
});

export const getDirect = large({
  name: "get",
  title: "get 1 GiB, no delay",
  operation: "get",
  way: "direct",
  metrics: [speed({ of: "ratio", is: "atLeast", value: 1 }), cpu],
  runs: 5,
});

export const getCapped = large({
  name: "get-capped",
  title: "get 1 GiB, each connection capped at 50 MB/s",
  operation: "get",
  way: "capped",
  metrics: [speed({ of: "ratio", is: "atLeast", value: 3 })],
  runs: 3,
});

/** With azcopy in the same run: the same bytes to the same server by the same way, from a file. */
export const putFar: Figure = {
  name: "put-20ms",
  title: "put 1 GiB, 20 ms added to each answer",
  async run(bench) {
    const stage = await bench.stage();
    await using azcopy = await Azcopy.prepare(gibibyte);
    const besides: Sample[] = [];
    const metrics = [speed({ of: "ratio", is: "atLeast", value: 9 }), cpu];
    const rows = await inTurns(bench, { name: putFar.name, metrics, runs: 3 }, async (contender) => {
      const sample = await transfer(stage, contender, { operation: "put", size: gibibyte, way: "far" });
      if (contender.role === "ours") besides.push(await azcopy.put(stage, "far"));
      return sample;
    });
    const speeds = rows[0]?.samples.ours ?? [];
    const beside = (name: "process" | "transfer", title: string) =>
      row(
        putFar.name,
        { name: `azcopy-${name}`, title, unit: "MiB/s" },
        {
          peer: besides.map((one) => ({ [`azcopy-${name}`]: one[name] ?? Number.NaN })),
          ours: speeds.map((one) => ({ [`azcopy-${name}`]: one })),
        },
      );
    return [
      ...rows,
      beside("process", "speed beside azcopy, its start included"),
      beside("transfer", "speed beside azcopy's transfer alone"),
    ];
  },
};
