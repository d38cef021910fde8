import type { ResourceManagerState } from "../state.ts";
import { diskKind } from "./disk-kinds.ts";
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

/**
 * Begins to copy a new snapshot's data, where that happens in the background: with CopyStart, and of disks whose snapshots
 * are copied so. Fails on its way if a lever says so.
 */
export function startCopy(settings: ComputeSettings, snapshot: SnapshotRecord, now: number): void {
  const milliseconds = durationOf(settings, snapshot);
  if (milliseconds === undefined) {
    return;
  }
  const copy: BackgroundCopy = { startedAt: now, doneAt: now + milliseconds };
  const failing = settings.failingCopies[0];
  if (failing !== undefined) {
    const { code, message, atPercent: percent } = failing;
    copy.failure = { at: now + Math.floor((milliseconds * percent) / 100), percent, code, message };
    failing.left -= 1;
    if (failing.left < 1) {
      settings.failingCopies.shift();
    }
  }
  snapshot.copy = copy;
}

function durationOf({ pace }: ComputeSettings, { createOption, diskSku, sourceResourceId }: SnapshotRecord) {
  if (createOption === "CopyStart") {
    return pace.regionCopy;
  }
  const ofDisk = sourceResourceId?.toLowerCase().includes("/disks/") === true;
  return ofDisk && diskKind(diskSku)?.copiedInBackground === true ? pace.backgroundCopy : undefined;
}

/** Copies by CopyStart that are under way fail with their source. */
export function breakCopiesOf(state: ResourceManagerState, source: SnapshotRecord, now: number): void {
  for (const { createOption, sourceUniqueId, copy } of Object.values(state.snapshots)) {
    if (createOption === "CopyStart" && sourceUniqueId === source.uniqueId && copy !== undefined) {
      const { percent, failure } = completionOf({ copy }, now);
      if (percent < 100 && failure === undefined) {
        copy.failure = { at: now, percent, ...SOURCE_GONE };
      }
    }
  }
}

/** The one code that is known. Source: learn.microsoft.com/rest/api/compute/snapshots/get#copycompletionerror */
export const SOURCE_GONE = {
  code: "CopySourceNotFound",
  message: "The source snapshot was deleted while the background copy was in progress.",
} as const;
