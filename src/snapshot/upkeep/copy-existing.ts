import { deleteSnapshot, type Snapshot, updateSnapshotTags } from "../../azure/resource-manager/snapshot.ts";
import { normalRegion } from "../../config/region.ts";
import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { hasFailed, lookUp, waitForSnapshot } from "../waiting/completion.ts";
import { beginCopy, isCopyOf } from "../take/copy-snapshot.ts";
import { type CopyPlace, type DiskRecord, isRecordTag, readRecord } from "../record/disk-record.ts";
import { idKey } from "./inventory.ts";
import { type ComputeResource, formatResourceId } from "../resource-id.ts";
import { snapshotOf } from "../restore/restore-source.ts";
import { copyOf } from "../record/snapshot-name.ts";
import { snapshotTags } from "../record/snapshot-tags.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";

export interface CopyWish {
  readonly snapshotId: string;
  readonly to: CopyPlace;
  readonly log: Logger;
}

export interface CopyResult {
  /** Resource ID of the copy. */
  readonly copyId: string;
  /** Whether it was there before. */
  readonly already: boolean;
}

/**
 * Copies a snapshot that was taken before, as if its location had had copyToRegion then: the copy has the same name and tags
 * that it would have, and the first snapshot's record names it, so that restores and deletions find it.
 *
 * The copy is begun before the record is changed: a process killed in between leaves a copy that the same call finds
 * again, and not a record of a copy that never was.
 *
 * Rejects with `Failure`: FailedPrecondition for what cannot be copied (a full snapshot, one of another plugin, one
 * that has a copy elsewhere), NotFound, and what Azure says.
 */
export async function copyExisting(
  parts: SnapshotterParts,
  { snapshotId, to, log }: CopyWish,
  signal: AbortSignal,
): Promise<CopyResult> {
  const id = snapshotOf(snapshotId);
  const what = `copy snapshot "${id.name}" to ${to.region}`;
  const snapshot = await lookUp(parts, id, signal);
  if (snapshot === undefined) throw new Failure("NotFound", `cannot ${what}: there is no such snapshot`);
  const record = copyable(snapshot, to, what);
  await refuseSecondCopy(parts, { id, record, to, what }, signal);
  const copy = copyOf(id, to);
  const tags = tagsWith(snapshot.tags, { ...record, copy: to }, what);
  const already = await isThere(parts, { snapshot, id, copy, what }, signal);
  if (!already) await beginCopy(parts, { snapshot: id, tags, copy: to, log }, copy, signal);
  if (record.copy === undefined || !isSame(record.copy, to)) {
    await within(limitOf(parts, what), signal, async (limited) =>
      updateSnapshotTags(await parts.manager(limited), id, tags, limited),
    );
  }
  return { copyId: formatResourceId("snapshots", copy), already };
}

/** Until a copy can be restored, by copyTimeout. Rejects as `waitForSnapshot` does. */
export async function waitForCopy(
  parts: SnapshotterParts,
  copyId: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const id = snapshotOf(copyId);
  const what = `wait for copy "${id.name}"`;
  try {
    await waitForSnapshot(parts, { id, what, until: "data", log }, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "FailedPrecondition") throw error;
    const { code, message, serviceCode } = error;
    const hint = "copy it again: a copy that failed makes room for another";
    throw new Failure(code, message, { hint, serviceCode, cause: error });
  }
}

function copyable(snapshot: Snapshot, to: CopyPlace, what: string): DiskRecord {
  const refuse = (reason: string, hint: string): Failure =>
    new Failure("FailedPrecondition", `cannot ${what}: ${reason}`, { hint });
  const record = readRecord(snapshot.tags);
  if (record === undefined) {
    throw refuse("this plugin did not make it", "restores and deletions would not find the copy");
  }
  if (!snapshot.incremental) {
    throw refuse(
      "it is a full snapshot, and Azure copies only incremental ones to another region",
      'set incremental: "true" or copyToRegion in the location\'s config, and back up again',
    );
  }
  if (normalRegion(snapshot.location) === normalRegion(to.region)) {
    throw refuse("it is in that region", "name another region with --to-region");
  }
  return record;
}

interface Second {
  readonly id: ComputeResource;
  readonly record: DiskRecord;
  readonly to: CopyPlace;
  readonly what: string;
}

/** A record names one copy: another one would not be found, nor deleted with the first snapshot. */
async function refuseSecondCopy(
  parts: SnapshotterParts,
  { id, record, to, what }: Second,
  signal: AbortSignal,
): Promise<void> {
  if (record.copy === undefined || isSame(record.copy, to)) return;
  const { region, resourceGroup } = record.copy;
  const other = await lookUp(parts, copyOf(id, record.copy), signal);
  if (other === undefined) return;
  throw new Failure(
    "FailedPrecondition",
    `cannot ${what}: it has a copy in ${region}, resource group "${resourceGroup}", and can have one only`,
    { hint: `delete that copy first: az snapshot delete --ids ${other.id}` },
  );
}

interface Wanted {
  readonly snapshot: Snapshot;
  readonly id: ComputeResource;
  readonly copy: ComputeResource;
  readonly what: string;
}

/** Whether the copy is there. One that failed never holds its data, and makes room for another. */
async function isThere(
  parts: SnapshotterParts,
  { snapshot, id, copy, what }: Wanted,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await lookUp(parts, copy, signal);
  if (found === undefined) return false;
  const ours = idKey(found.sourceResourceId ?? "") === idKey(formatResourceId("snapshots", id));
  if (!ours || !isCopyOf(found, snapshot)) {
    throw new Failure("AlreadyExists", `cannot ${what}: another snapshot has the name "${copy.name}"`);
  }
  if (found.copyError === undefined && !hasFailed(found)) return true;
  await within(limitOf(parts, what), signal, async (limited) =>
    deleteSnapshot(await parts.manager(limited), copy, limited),
  );
  return false;
}

function limitOf({ clock, config }: SnapshotterParts, what: string) {
  return { clock, limit: apiLimit(config), what };
}

function isSame(a: CopyPlace, b: CopyPlace): boolean {
  return (
    normalRegion(a.region) === normalRegion(b.region) &&
    a.resourceGroup.toLowerCase() === b.resourceGroup.toLowerCase()
  );
}

/** All tags that are there, the record's replaced. A longer record must push out no other tag, for instance Velero's. */
function tagsWith(
  tags: Readonly<Record<string, string>>,
  record: DiskRecord,
  what: string,
): Readonly<Record<string, string>> {
  const others = Object.fromEntries(Object.entries(tags).filter(([name]) => !isRecordTag(name)));
  const { tags: all, cut } = snapshotTags({ record, disk: others, velero: {}, config: {} });
  if (cut.length === 0) return all;
  throw new Failure("FailedPrecondition", `cannot ${what}: it has no room for the tag that names the copy`, {
    hint: "remove one of its tags that nobody needs",
  });
}
