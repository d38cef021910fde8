import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { describeFailure } from "../../errors/error.ts";
import { type DiskRecord, readRecord } from "../record/disk-record.ts";
import { type ComputePlace, formatResourceId, isSamePlace, parseResourceId } from "../resource-id.ts";
import { copyOf } from "../record/snapshot-name.ts";
import { azureTagName } from "../record/snapshot-tags.ts";

/** How far a snapshot is. Only `ready` can be restored. */
export type SnapshotState =
  | { readonly kind: "ready" }
  /** Its point in time is safe, its data still on the way. */
  | { readonly kind: "copying"; readonly percent: number }
  | { readonly kind: "failed"; readonly reason: string }
  /** Whatever else the service says: `creating`, `updating`, … */
  | { readonly kind: "other"; readonly word: string };

/** Who made a snapshot. */
export type SnapshotMaker =
  | { readonly kind: "this plugin"; readonly record: DiskRecord }
  /** Its tags are of this plugin, but cannot be read; `reason` is a sentence's end. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Velero's tags without ours: the official plugin, as a rule. */
  | { readonly kind: "another plugin" }
  | { readonly kind: "somebody else" };

/** A snapshot as people are told of it. What the service or the tags do not say is undefined. */
export interface ListedSnapshot {
  /** Resource ID. */
  readonly id: string;
  readonly name: string;
  readonly maker: SnapshotMaker;
  /** Velero's backup, backup storage location and PersistentVolume. */
  readonly backup: string | undefined;
  readonly backupLocation: string | undefined;
  readonly volume: string | undefined;
  /** Resource ID of what it was made of: the disk, or for a copy the first snapshot. */
  readonly sourceId: string | undefined;
  readonly incremental: boolean;
  readonly sizeBytes: number | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined;
  readonly region: string;
  readonly state: SnapshotState;
}

/** A snapshot that this plugin copied to another region, and what became of the copy. */
export interface InventoryEntry {
  readonly snapshot: ListedSnapshot;
  /** Undefined: there never was one. */
  readonly copy: ListedSnapshot | AbsentCopy | undefined;
  /** For a copy that was listed without its first snapshot: the resource ID of that one. */
  readonly copyOf: string | undefined;
}

/** A copy that a record names and that was not found. */
export interface AbsentCopy {
  /** Resource ID. */
  readonly absent: string;
  /** Whether its resource group could be read: it is gone then. */
  readonly looked: boolean;
}

/** Resource IDs are compared without regard to case. */
export function idKey(id: string): string {
  const parsed = parseResourceId("snapshots", id);
  return (parsed === undefined ? id.trim() : formatResourceId("snapshots", parsed)).toLowerCase();
}

export function listedSnapshot(snapshot: Snapshot): ListedSnapshot {
  const tag = (name: string): string | undefined => tagOf(snapshot.tags, azureTagName(name));
  return {
    id: snapshot.id,
    name: snapshot.name,
    maker: makerOf(snapshot.tags),
    backup: tag("velero.io/backup"),
    backupLocation: tag("velero.io/storage-location"),
    volume: tag("velero.io/pv"),
    sourceId: snapshot.sourceResourceId,
    incremental: snapshot.incremental,
    sizeBytes: snapshot.sizeBytes,
    createdAt: snapshot.timeCreated,
    region: snapshot.location,
    state: stateOf(snapshot),
  };
}

/** The ID that this plugin gives the copy of a snapshot; undefined when its record knows of none. */
export function copyIdOf(snapshotId: string, record: DiskRecord): string | undefined {
  const first = parseResourceId("snapshots", snapshotId);
  return first === undefined || record.copy === undefined
    ? undefined
    : formatResourceId("snapshots", copyOf(first, record.copy));
}

/**
 * Puts copies beside the snapshots that they were made of. A copy is what has the name that this plugin gives the copy of
 * the snapshot that it says it was made of; every other snapshot stands for itself. Sorted by age, oldest first. `unread` are groups whose snapshots are not known.
 */
export function inventoryOf(
  snapshots: Iterable<Snapshot>,
  unread: readonly ComputePlace[] = [],
): readonly InventoryEntry[] {
  const all = new Map([...snapshots].map((snapshot) => [idKey(snapshot.id), listedSnapshot(snapshot)]));
  const taken = new Set<string>();
  const copies = new Map<string, InventoryEntry["copy"]>();
  for (const [key, { id, maker }] of all) {
    const copyId = maker.kind === "this plugin" ? copyIdOf(id, maker.record) : undefined;
    // A copy has its first's tags: what would be its own copy is none.
    if (copyId === undefined || firstOf(all.get(key)) !== undefined) continue;
    const copy = all.get(idKey(copyId));
    if (copy !== undefined) taken.add(idKey(copyId));
    copies.set(key, copy ?? absentCopy(copyId, unread));
  }
  return [...all]
    .filter(([key]) => !taken.has(key))
    .map(([key, snapshot]) => ({ snapshot, copy: copies.get(key), copyOf: firstOf(snapshot) }))
    .toSorted((a, b) => (a.snapshot.createdAt ?? 0) - (b.snapshot.createdAt ?? 0));
}

function absentCopy(id: string, unread: readonly ComputePlace[]): AbsentCopy {
  const place = parseResourceId("snapshots", id);
  const known = place !== undefined && !unread.some((group) => isSamePlace(group, place));
  return { absent: id, looked: known };
}

/** The ID of the snapshot that this one is a copy of, if this plugin made it as one. */
function firstOf(snapshot: ListedSnapshot | undefined): string | undefined {
  if (snapshot?.maker.kind !== "this plugin" || snapshot.sourceId === undefined) return undefined;
  const copyId = copyIdOf(snapshot.sourceId, snapshot.maker.record);
  return copyId !== undefined && idKey(copyId) === idKey(snapshot.id) ? snapshot.sourceId : undefined;
}

function makerOf(tags: Readonly<Record<string, string>>): SnapshotMaker {
  try {
    const record = readRecord(tags);
    if (record !== undefined) return { kind: "this plugin", record };
  } catch (error) {
    return { kind: "unreadable", reason: describeFailure(error) };
  }
  const velero = tagOf(tags, azureTagName("velero.io/backup"));
  return { kind: velero === undefined ? "somebody else" : "another plugin" };
}

/** Azure keeps tags' names in the case they were written in, and compares them without. */
function tagOf(tags: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(tags).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

function stateOf({ provisioningState, completionPercent, copyError }: Snapshot): SnapshotState {
  if (copyError !== undefined) {
    const reason = [copyError.code, copyError.message].filter((part) => part !== undefined).join(": ");
    return { kind: "failed", reason: reason === "" ? "copying failed" : reason };
  }
  const word = provisioningState?.toLowerCase() ?? "succeeded";
  if (word === "failed") return { kind: "failed", reason: "it could not be taken" };
  if (word !== "succeeded") return { kind: "other", word };
  return completionPercent === undefined || completionPercent >= 100
    ? { kind: "ready" }
    : { kind: "copying", percent: completionPercent };
}
