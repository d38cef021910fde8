import type { ResourceManagerState } from "../state.ts";
import { completionOf } from "./progress.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { notAllowed } from "./refusals.ts";

/** Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots (restrictions) */
const MOST = 500;
const MOST_AT_A_TIME = 7;
const TIME = 5 * 60_000;
const MOST_PENDING = 3;

/** Refuses an incremental snapshot that comes too soon after others. */
export function checkQuota(state: ResourceManagerState, disk: DiskRecord, now: number): void {
  const snapshots = snapshotsOf(state, disk);
  const recent = snapshots.filter(({ timeCreated }) => now - Date.parse(timeCreated) < TIME);
  if (recent.length >= MOST_AT_A_TIME) {
    throw notAllowed(
      `The maximum number (${MOST_AT_A_TIME}) of incremental snapshots of disk '${disk.name}' in 5 minutes is reached. ` +
        "Please retry the request later.",
    );
  }
  const pending = snapshots.filter((snapshot) => {
    const { percent, failure } = completionOf(snapshot, now);
    return percent < 100 && failure === undefined;
  });
  if (pending.length >= MOST_PENDING) {
    throw notAllowed(
      `The maximum number (${MOST_PENDING}) of pending snapshots of disk '${disk.name}' is reached. Please retry the ` +
        "request when the background copy of one of them has completed.",
    );
  }
}

/**
 * Why a snapshot that was accepted comes to nothing: of a disk that has as many as it can have, Azure finds that out later.
 * Source: the failure in Azure/azure-sdk-for-python, issue 14282
 */
export function failureByCount(
  state: ResourceManagerState,
  snapshot: SnapshotRecord,
): { readonly code: string; readonly message: string } | undefined {
  const { incremental, createOption, sourceUniqueId } = snapshot;
  if (!incremental || createOption !== "Copy" || sourceUniqueId === undefined) {
    return undefined;
  }
  const others = snapshotsOf(state, { uniqueId: sourceUniqueId }).filter(({ id }) => id !== snapshot.id);
  if (others.length < MOST) {
    return undefined;
  }
  return {
    code: "SnapshotsLimitReached",
    message: "The snapshot count was exceeded for a disk. Please retry the request after sometime",
  };
}

/** The incremental ones that there are. */
function snapshotsOf(
  state: ResourceManagerState,
  { uniqueId }: Pick<DiskRecord, "uniqueId">,
): readonly SnapshotRecord[] {
  return Object.values(state.snapshots).filter(
    ({ incremental, createOption, sourceUniqueId, provisioningState }) =>
      incremental &&
      createOption === "Copy" &&
      sourceUniqueId === uniqueId &&
      provisioningState !== "Failed" &&
      provisioningState !== "Deleting",
  );
}
