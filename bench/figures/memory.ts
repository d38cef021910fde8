import { type Figure, type Metric, type Sample, inTurns } from "../figure.ts";
import { gibibyte, transfer } from "./transfer.ts";

const directions = ["put", "get"] as const;

/** The most that is ever resident in the process while it moves 10 GiB, as the kernel marked it. */
export const memory: Figure = {
  name: "memory",
  title: "resident memory while moving 10 GiB either way",
  async run(bench) {
    const stage = await bench.stage();
    const metrics: Metric[] = directions.map((operation) => ({
      name: operation,
      title: `${operation} 10 GiB, peak resident`,
      unit: "MiB",
      bar: { of: "ours", is: "atMost", value: 200 },
    }));
    return inTurns(bench, { name: memory.name, metrics, runs: 1 }, async (contender) => {
      const sample: Record<string, number> = {};
      for (const operation of directions) {
        const moved: Sample = await transfer(stage, contender, {
          operation,
          size: 10 * gibibyte,
          way: "direct",
        });
        sample[operation] = moved["peakMiB"] ?? Number.NaN;
      }
      return sample;
    });
  },
};
