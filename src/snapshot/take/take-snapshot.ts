import type { Disk } from "../../azure/resource-manager/disk.ts";
import { createSnapshot, deleteSnapshot, type NewSnapshot } from "../../azure/resource-manager/snapshot.ts";
import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { hasFailed, waitForSnapshot } from "../waiting/completion.ts";
import { copyPlaceFor, copySnapshot } from "./copy-snapshot.ts";
import { kindOf } from "../restore/disk-kinds.ts";
import { isClosed } from "./closed.ts";
import type { DiskReads } from "./disk-reads.ts";
import { type CopyPlace, recordOf } from "../record/disk-record.ts";
import { chosenPlace, type ChosenPlace } from "./leftover.ts";
import { namingBegun, namingDisk } from "../waiting/named-failure.ts";
import { untilAllowed } from "./quota.ts";
import { type ComputeResource, formatResourceId } from "../resource-id.ts";
import { limitsOfDisk } from "./snapshot-limits.ts";
import { snapshotTags } from "../record/snapshot-tags.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import type { SnapshotOfVolume } from "../snapshotter.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";
import { diskOf } from "../volume-spec.ts";

/** Takes a snapshot of a disk and, where the location says so, copies it to another region. Resolves to its ID. */
export async function takeSnapshot(
  parts: SnapshotterParts,
  reads: DiskReads,
  request: SnapshotOfVolume,
  signal: AbortSignal,
): Promise<string> {
  const begun = parts.clock.now();
  const volume = diskOf(request.volumeId, parts.disks);
  const disk = await reads.take(volume, signal);
  const copy = copyPlaceFor(parts.config, disk.location);
  const body = bodyOf(parts, { volume, disk, copy, request });
  const place = await chosenPlace(parts, { volume, disk, request }, signal);
  const snapshotId = formatResourceId("snapshots", place.id);
  const log = parts.logger.with({ volumeId: request.volumeId, snapshotId });
  await take(parts, { ...place, volume, body, log }, signal).catch((error: unknown) => {
    const named = namingDisk(error, volume.name);
    throw namingBegun(named, { kind: "snapshot", id: snapshotId, certain: false });
  });
  const milliseconds = parts.clock.now() - begun;
  log.log("info", "snapshot taken", {
    phase: "taken",
    sku: disk.sku,
    incremental: body.incremental,
    milliseconds,
  });
  try {
    await settle(parts, { place, body, copy, log }, signal);
  } catch (error) {
    throw namingBegun(error, { kind: "snapshot", id: snapshotId, certain: true });
  }
  return snapshotId;
}

interface Subject {
  readonly volume: ComputeResource;
  readonly disk: Disk;
  readonly copy: CopyPlace | undefined;
  readonly request: SnapshotOfVolume;
}

function bodyOf(parts: SnapshotterParts, { volume, disk, copy, request }: Subject): NewSnapshot {
  const { config, logger } = parts;
  const incremental = incrementalOf(parts, volume, disk);
  const record = recordOf(disk, volume, copy);
  const sources = { record, disk: disk.tags, velero: request.tags, config: config.tags ?? {} };
  const { tags, cut } = snapshotTags(sources);
  if (cut.length > 0) {
    const fields = { volumeId: request.volumeId, phase: "tags" };
    logger.log(
      "warn",
      `not all tags of disk "${volume.name}" fit into its snapshot's: ${cut.join("; ")}`,
      fields,
    );
  }
  return {
    location: disk.location,
    tags,
    createOption: "Copy",
    sourceResourceId: disk.id,
    incremental,
    sku: skuOf(parts, incremental, volume),
    diskEncryptionSetId: undefined,
    closed: isClosed(disk),
  };
}

/** Azure keeps incremental snapshots in standard storage alone. */
function skuOf(
  { config, logger }: SnapshotterParts,
  incremental: boolean | undefined,
  volume: ComputeResource,
): string | undefined {
  const { snapshotSku } = config;
  if (incremental !== true || snapshotSku !== "Premium_LRS") {
    return snapshotSku;
  }
  const message = `the snapshot of disk "${volume.name}" is incremental, so it is not stored as ${snapshotSku}`;
  logger.log("warn", message, { phase: "kind" });
  return undefined;
}

function incrementalOf(
  { config, snapshots }: SnapshotterParts,
  volume: ComputeResource,
  disk: Disk,
): boolean | undefined {
  // Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots
  const only = kindOf(disk.sku)?.chosen !== undefined;
  const copied = config.copyToRegion !== undefined;
  const incremental = config.incremental ?? (only || copied ? true : undefined);
  const refuse = (reason: string, hint: string): Failure =>
    new Failure("FailedPrecondition", `cannot snapshot disk "${volume.name}": ${reason}`, { hint });
  if (incremental === false && only) {
    throw refuse(
      `Azure takes incremental snapshots alone of ${disk.sku} disks, and the location's incremental is false`,
      "leave incremental out of the location's config: it is then true where Azure takes nothing else",
    );
  }
  if (
    incremental === true &&
    volume.subscriptionId.toLowerCase() !== snapshots.subscriptionId.toLowerCase()
  ) {
    throw refuse(
      `incremental snapshots can only be in their disk's own subscription, "${volume.subscriptionId}", and the location puts them into "${snapshots.subscriptionId}"`,
      only || copied
        ? "leave subscriptionId out of the location's config"
        : 'leave subscriptionId out of the location\'s config, or set incremental to "false"',
    );
  }
  return incremental;
}

interface Taking extends ChosenPlace {
  readonly volume: ComputeResource;
  readonly body: NewSnapshot;
  readonly log: Logger;
}

/** Until Azure has taken it: the point in time is safe then. */
async function take(parts: SnapshotterParts, taking: Taking, signal: AbortSignal): Promise<void> {
  const { clock, config, manager } = parts;
  const { id, leftover, volume, body, log } = taking;
  const what = `snapshot disk "${volume.name}"`;
  if (leftover !== undefined && !hasFailed(leftover)) {
    log.log("info", "taking over the snapshot that a process before this one began", { phase: "taken over" });
    await waitForSnapshot(parts, { id, what, known: leftover, until: "taken", log }, signal);
    return;
  }
  const limit = { clock, limit: apiLimit(config), what };
  if (leftover !== undefined) {
    log.log("info", "deleting what a process before this one began and Azure could not take", {
      phase: "leftover",
    });
    await within(limit, signal, async (limited) => await deleteSnapshot(await manager(limited), id, limited));
  }
  const limits = limitsOfDisk(body.sourceResourceId);
  await untilAllowed(parts, { what, id, limits, log }, signal, (allowed) =>
    within(
      limit,
      allowed,
      async (limited) => await createSnapshot(await manager(limited), id, body, limited),
    ),
  );
}

interface Taken {
  readonly place: ChosenPlace;
  readonly body: NewSnapshot;
  readonly copy: CopyPlace | undefined;
  readonly log: Logger;
}

/** What the location wants beyond the point in time: all data copied, and a copy in another region. */
async function settle(parts: SnapshotterParts, taken: Taken, signal: AbortSignal): Promise<void> {
  const { place, body, copy, log } = taken;
  const { config } = parts;
  if (config.waitForCopy) {
    const what = `wait for the data of snapshot "${place.id.name}"`;
    await waitForSnapshot(parts, { id: place.id, what, until: "data", log }, signal);
  }
  if (copy !== undefined) {
    await copySnapshot(parts, { snapshot: place.id, tags: body.tags, copy, log }, signal);
  } else if (config.copyToRegion !== undefined) {
    log.log("info", "no copy: the disk is in the region that snapshots are copied to", { phase: "copy" });
  }
}
