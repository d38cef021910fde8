import type { Contender } from "./contender.ts";
import type { Stage } from "./stage.ts";

/** What has to hold for a row; `of` says what is compared: ours divided by the peer's, or ours alone. */
export interface Bar {
  readonly of: "ratio" | "ours";
  readonly is: "atMost" | "atLeast" | "exactly";
  readonly value: number;
}

/** One thing that a figure measures of each contender. */
export interface Metric {
  /** Key in a sample, and in the JSON. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Absent: shown, not judged. */
  readonly bar?: Bar;
  /** What the samples of one side come to. Default: the median. */
  readonly combine?: (samples: readonly Sample[]) => number;
}

/** One run of one contender: a number for each metric by its name. */
export type Sample = Readonly<Record<string, number>>;

/** A line of the report. `peer` and `ours` are what the samples come to. */
export interface Row {
  readonly figure: string;
  readonly metric: Metric;
  readonly peer: number | undefined;
  readonly ours: number;
  /** ours / peer; of nothing there is none. */
  readonly ratio: number | undefined;
  /** undefined: nothing to judge by. */
  readonly ok: boolean | undefined;
  readonly samples: { readonly peer: readonly number[]; readonly ours: readonly number[] };
}

/** What a figure measures with. */
export interface Bench {
  /** The peer, if there is one, and ours. */
  readonly contenders: readonly Contender[];
  /** Runs of each contender that the user asked for; undefined: the figure's own number. */
  readonly runs: number | undefined;
  readonly report: (line: string) => void;
  /** Blob server, proxy and host; started when first asked for. */
  stage(): Promise<Stage>;
}

export interface Figure {
  /** What `--only` takes. */
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Row[]>;
}

/**
 * Takes samples of the contenders in turns, so that a machine that gets slower or busier hits both, and makes rows
 * of their medians. The one that begins changes from run to run.
 */
export async function inTurns(
  bench: Bench,
  figure: { readonly name: string; readonly metrics: readonly Metric[]; readonly runs: number },
  measure: (contender: Contender, run: number) => Promise<Sample>,
): Promise<Row[]> {
  const samples: Record<Contender["role"], Sample[]> = { peer: [], ours: [] };
  const runs = bench.runs ?? figure.runs;
  for (let run = 0; run < runs; run++) {
    const order = run % 2 === 0 ? bench.contenders : bench.contenders.toReversed();
    for (const contender of order) {
      bench.report(`${figure.name}: run ${run + 1} of ${runs}, ${contender.role}`);
      samples[contender.role].push(await measure(contender, run));
    }
  }
  return figure.metrics.map((metric) => row(figure.name, metric, samples));
}

/** A row from the samples of both sides; `samples.peer` is empty when there is no peer. */
export function row(
  figure: string,
  metric: Metric,
  samples: { readonly peer: readonly Sample[]; readonly ours: readonly Sample[] },
): Row {
  const combine = metric.combine ?? ((list) => median(valuesOf(metric.name, list)));
  const ours = combine(samples.ours);
  const peer = samples.peer.length === 0 ? undefined : combine(samples.peer);
  const ratio = peer === undefined || peer === 0 ? undefined : ours / peer;
  return {
    figure,
    metric,
    peer,
    ours,
    ratio,
    ok: metric.bar === undefined ? undefined : holds(metric.bar, ours, ratio),
    samples: { peer: shown(metric, samples.peer), ours: shown(metric, samples.ours) },
  };
}

function holds(bar: Bar, ours: number, ratio: number | undefined): boolean | undefined {
  const value = bar.of === "ratio" ? ratio : ours;
  if (value === undefined) return undefined;
  const holding = { atMost: value <= bar.value, atLeast: value >= bar.value, exactly: value === bar.value };
  return holding[bar.is];
}

/** A combined metric has no value of its own in a sample: those it is made of are metrics too. */
function shown(metric: Metric, samples: readonly Sample[]): readonly number[] {
  return metric.combine === undefined ? valuesOf(metric.name, samples) : [];
}

/** One metric's values in samples. */
export function valuesOf(metric: string, samples: readonly Sample[]): readonly number[] {
  return samples.map((sample) => sample[metric] ?? Number.NaN);
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}
