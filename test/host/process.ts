import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Whether the process runs: neither gone nor a zombie that nobody has asked about yet. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything; the state follows the last bracket (proc_pid_stat(5)).
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false;
  }
}

/** Resolves once the process has ended; throws when it still runs after so long. */
export async function untilEnded(pid: number, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (isRunning(pid)) {
    if (Date.now() > deadline) {
      throw new Error(`process ${pid} still runs after ${milliseconds} ms`);
    }
    await sleep(20);
  }
}
