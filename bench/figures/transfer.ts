import type { Contender } from "../contender.ts";
import type { Sample } from "../figure.ts";
import { usageOf, whileSampling } from "../process-usage.ts";
import { type Stage, type Way, container } from "../stage.ts";

export const mebibyte = 1024 * 1024;
export const gibibyte = 1024 * mebibyte;

/**
 * One object put or got by a process of its own, as Velero starts one for each operation. The time is that of the
 * call alone, Init and what follows left out; the processor time is the plugin's.
 */
export async function transfer(
  stage: Stage,
  contender: Contender,
  task: { readonly operation: "put" | "get"; readonly size: number; readonly way: Way },
): Promise<Sample> {
  const plugin = await stage.plugin(contender);
  try {
    // What get reads was put by the same plugin, so that a checksum it keeps with the object has to be right.
    if (task.operation === "get") await stored(stage, contender, task.size);
    await plugin.init(stage.config(task.way));
    const before = await usageOf(plugin.pid);
    const { result, sampledMiB } = await whileSampling(plugin.pid, () =>
      plugin.bench({
        op: task.operation,
        bucket: container,
        key: keyOf(contender, task.size),
        size: task.size,
      }),
    );
    const after = await usageOf(plugin.pid);
    if (task.operation === "put") stage.stored.add(keyOf(contender, task.size));
    return {
      mebibytesPerSecond: task.size / mebibyte / result.seconds,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      sampledMiB,
      peakMiB: after.peakMiB,
    };
  } finally {
    await plugin.end();
  }
}

function keyOf(contender: Contender, size: number): string {
  return `${contender.role}/${size}`;
}

async function stored(stage: Stage, contender: Contender, size: number): Promise<void> {
  if (stage.stored.has(keyOf(contender, size))) return;
  await transfer(stage, contender, { operation: "put", size, way: "direct" });
}
