import type { BackgroundCopy, ComputeSettings, CopyFailure, SnapshotRecord } from "./records.ts";

export interface Completion {
  /** 0 to 100. */
  readonly percent: number;
  readonly failure?: CopyFailure;
}

/** How far a snapshot's data is there. One that is not complete can be made into nothing. */
export function completionOf({ copy }: Pick<SnapshotRecord, "copy">, now: number): Completion {
  if (copy === undefined) {
    return { percent: 100 };
  }
  const { startedAt, doneAt, failure } = copy;
  if (failure !== undefined && failure.at <= now) {
    return { percent: failure.percent, failure };
  }
  if (now >= doneAt) {
    return { percent: 100 };
  }
  return { percent: Math.max(0, Math.floor((100 * (now - startedAt)) / (doneAt - startedAt))) };
}

/** A copy that begins now; it fails if a lever says so. */
export function beginCopy(settings: ComputeSettings, now: number, milliseconds: number): BackgroundCopy {
  const copy = { startedAt: now, doneAt: now + milliseconds };
  const failing = settings.failingCopies[0];
  if (failing === undefined) {
    return copy;
  }
  failing.left -= 1;
  if (failing.left < 1) {
    settings.failingCopies.shift();
  }
  const { code, message, atPercent: percent } = failing;
  return {
    ...copy,
    failure: { at: now + Math.floor((milliseconds * percent) / 100), percent, code, message },
  };
}
