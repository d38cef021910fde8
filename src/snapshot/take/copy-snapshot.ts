import {
  createSnapshot,
  deleteSnapshot,
  type NewSnapshot,
  type Snapshot,
} from "../../azure/resource-manager/snapshot.ts";
import type { VolumeSnapshotterConfig } from "../../config/location-keys.ts";
import { normalRegion } from "../../config/region.ts";
import { canceled, describeFailure, Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { hasFailed, lookUp, waitForSnapshot } from "../waiting/completion.ts";
import { type CopyPlace, readRecord } from "../record/disk-record.ts";
import { isClosed } from "./closed.ts";
import { untilAllowed } from "./quota.ts";
import { type ComputeResource, formatResourceId } from "../resource-id.ts";
import { copyOf } from "../record/snapshot-name.ts";
import { limitsOfCopies } from "./snapshot-limits.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";

type CopyConfig = Pick<VolumeSnapshotterConfig, "copyToRegion" | "copyResourceGroup">;

/** Where the location wants a snapshot of a disk in a region copied to; undefined for nowhere. */
export function copyPlaceFor(config: CopyConfig, diskLocation: string): CopyPlace | undefined {
  const place = configuredCopy(config);
  return place?.region === normalRegion(diskLocation) ? undefined : place;
}

/** Where the location's copies are. */
export function configuredCopy({ copyToRegion, copyResourceGroup }: CopyConfig): CopyPlace | undefined {
  return copyToRegion === undefined || copyResourceGroup === undefined
    ? undefined
    : { region: normalRegion(copyToRegion), resourceGroup: copyResourceGroup };
}

/** `North Europe` and `northeurope` are the same, as Azure has it. */
export function sameRegion(a: string, b: string): boolean {
  return normalRegion(a) === normalRegion(b);
}

/**
 * Whether a copy is one of this very snapshot. The copy of an earlier snapshot has its name where that one was deleted by hand, and
 * holds an earlier point in time; Azure would take a request for a copy of that name for done. What Azure does not tell
 * is decided by age.
 */
export function isCopyOf(copy: Snapshot, first: Snapshot | undefined): boolean {
  if (copy.sourceUniqueId !== undefined && first?.uniqueId !== undefined) {
    return copy.sourceUniqueId.toLowerCase() === first.uniqueId.toLowerCase();
  }
  return (copy.timeCreated ?? Number.POSITIVE_INFINITY) >= (first?.timeCreated ?? 0);
}

function stale(what: string, { id }: Snapshot): Failure {
  const reason = "the copy of an earlier snapshot of the same name is in the way";
  return new Failure("AlreadyExists", `cannot ${what}: ${reason}`, {
    hint: `if nobody needs it, delete it: az snapshot delete --ids ${id}`,
  });
}

export interface Copying {
  /** The snapshot that is there. */
  readonly snapshot: ComputeResource;
  /** Of both. */
  readonly tags: Readonly<Record<string, string>>;
  readonly copy: CopyPlace;
  readonly log: Logger;
}

/**
 * Copies a snapshot to another region, and waits for the copy where the location says so. Trouble is no error: the snapshot
 * is good without its copy. It is logged at error, and Velero, which counts such lines, ends the backup as
 * PartiallyFailed. Rejects (`Failure` Canceled) only when the signal fired.
 */
export async function copySnapshot(
  parts: SnapshotterParts,
  copying: Copying,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = parts;
  const { snapshot, copy, log } = copying;
  const begun = clock.now();
  const id = copyOf(snapshot, copy);
  const fields = { copyId: formatResourceId("snapshots", id), region: copy.region };
  try {
    await beginCopy(parts, copying, id, signal);
    log.log("info", "copy begun", { phase: "copy begun", ...fields, milliseconds: clock.now() - begun });
    if (parts.config.waitForCopy) {
      const what = `copy snapshot "${snapshot.name}" to ${copy.region}`;
      await waitForSnapshot(parts, { id, what, until: "data", log: log.with(fields) }, signal);
    }
  } catch (error) {
    if (signal.aborted) {
      throw canceled(`cannot copy snapshot "${snapshot.name}" to ${copy.region}`, signal.reason);
    }
    const reason = describeFailure(error);
    const message = `snapshot "${snapshot.name}" is taken, but it has no copy in ${copy.region}: ${reason}`;
    log.log("error", message, { phase: "copy", ...fields, milliseconds: clock.now() - begun });
  }
}

/**
 * Begins the copy, once Azure lets it: when the snapshot's own data is there, and earlier copies are done. Source:
 * learn.microsoft.com/azure/virtual-machines/disks-copy-incremental-snapshot-across-regions
 */
export async function beginCopy(
  parts: SnapshotterParts,
  { snapshot, tags, copy, log }: Copying,
  id: ComputeResource,
  signal: AbortSignal,
): Promise<void> {
  const { clock, config, manager } = parts;
  const what = `copy snapshot "${snapshot.name}" to ${copy.region}`;
  const limit = { clock, limit: apiLimit(config), what };
  // A process that was killed may have begun it.
  const found = await lookUp(parts, id, signal);
  if (found !== undefined && !hasFailed(found)) {
    if (!isCopyOf(found, await lookUp(parts, snapshot, signal))) throw stale(what, found);
    return;
  }
  if (found !== undefined) {
    await within(limit, signal, async (limited) => await deleteSnapshot(await manager(limited), id, limited));
  }
  await waitForSnapshot(parts, { id: snapshot, what, until: "data", log }, signal);
  const body: NewSnapshot = {
    location: copy.region,
    tags,
    createOption: "CopyStart",
    sourceResourceId: formatResourceId("snapshots", snapshot),
    incremental: true,
    sku: config.snapshotSku,
    // A disk encryption set serves one region: the disk's own is none for the copy.
    diskEncryptionSetId: config.copyDiskEncryptionSetId,
    closed: isClosed(readRecord(tags)?.disk ?? {}),
  };
  const limits = limitsOfCopies(copy.region);
  await untilAllowed(parts, { what, id, limits, log }, signal, (allowed) =>
    within(
      limit,
      allowed,
      async (limited) => await createSnapshot(await manager(limited), id, body, limited),
    ),
  );
}
