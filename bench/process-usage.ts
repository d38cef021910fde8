import { readFile, readdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** What a process and its descendants have used. */
export interface Usage {
  /** User and system time of all threads, also of those that ended. */
  readonly cpuSeconds: number;
  /** Resident memory now, in MiB. */
  readonly residentMiB: number;
  /** The most that was ever resident, in MiB: the kernel's own mark (VmHWM), not a sample. */
  readonly peakMiB: number;
}

// USER_HZ: what the kernel counts in on every architecture that matters here, whatever its real tick is.
const ticksPerSecond = 100;

/** Usage of a process tree, from /proc. Processes that end meanwhile count no more. */
export async function usageOf(pid: number): Promise<Usage> {
  const all = await Promise.all((await descendants(pid)).map(usageOfOne));
  return {
    cpuSeconds: sum(all.map((one) => one.cpuSeconds)),
    residentMiB: sum(all.map((one) => one.residentMiB)),
    peakMiB: sum(all.map((one) => one.peakMiB)),
  };
}

/** Samples resident memory of a process tree until `work` is over: the highest sample, and the work's result. */
export async function whileSampling<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; sampledMiB: number }> {
  const over = new AbortController();
  let sampledMiB = 0;
  const sampling = (async () => {
    while (!over.signal.aborted) {
      sampledMiB = Math.max(sampledMiB, (await usageOf(pid)).residentMiB);
      await delay(200);
    }
  })();
  try {
    return { result: await work(), sampledMiB };
  } finally {
    over.abort();
    await sampling;
  }
}

async function usageOfOne(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([proc(pid, "stat"), proc(pid, "status")]);
  // The name, in parentheses, may hold blanks: fields are counted from behind it. proc(5): utime is the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    residentMiB: kibibytes(status, "VmRSS") / 1024,
    peakMiB: kibibytes(status, "VmHWM") / 1024,
  };
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}

async function descendants(pid: number): Promise<number[]> {
  const found = [pid];
  for (const parent of found) {
    const threads = await readdir(`/proc/${parent}/task`).catch(() => []);
    const children = await Promise.all(threads.map((thread) => proc(parent, `task/${thread}/children`)));
    found.push(...children.join(" ").split(" ").filter(Boolean).map(Number));
  }
  return found;
}

async function proc(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
