import { isNotTold } from "../../azure/resource-manager/errors.ts";
import { locationOfGroup } from "../../azure/resource-manager/resource-group.ts";
import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { describeFailure, Failure, failureCode } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { hasFailed, lookUp } from "../waiting/completion.ts";
import { configuredCopy, isCopyOf, sameRegion } from "../take/copy-snapshot.ts";
import { type CopyPlace, readRecord } from "../record/disk-record.ts";
import { type ComputeResource, parseResourceId } from "../resource-id.ts";
import { copyOf } from "../record/snapshot-name.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";

export interface RestoreSource {
  readonly id: ComputeResource;
  readonly snapshot: Snapshot;
}

/** What a snapshot ID means. Throws `Failure` InvalidArgument. */
export function snapshotOf(snapshotId: string): ComputeResource {
  const id = parseResourceId("snapshots", snapshotId);
  if (id === undefined) {
    throw new Failure(
      "InvalidArgument",
      `cannot use snapshot ID ${JSON.stringify(snapshotId)}: it is not the resource ID of a snapshot`,
    );
  }
  return id;
}

/**
 * The snapshot that a restore is made of: the one with the ID, or its copy in another region, when that is where disks are
 * restored to, and when the first one or its region is lost.
 */
export async function restoreSource(
  parts: SnapshotterParts,
  snapshotId: string,
  log: Logger,
  signal: AbortSignal,
): Promise<RestoreSource> {
  const id = snapshotOf(snapshotId);
  const configured = configuredCopy(parts.config);
  let snapshot: Snapshot | undefined;
  try {
    snapshot = await lookUp(parts, id, signal);
  } catch (error) {
    if (configured === undefined || signal.aborted || !isLost(error)) {
      throw error;
    }
    if (!isGone(error) && !(await isForRegion(parts, configured.region, log, signal))) {
      throw error;
    }
    return await copyInstead(parts, { id, place: configured, lost: error, log }, signal);
  }
  if (snapshot === undefined) {
    const lost = gone(id);
    if (configured === undefined) {
      throw lost;
    }
    return await copyInstead(parts, { id, place: configured, lost, log }, signal);
  }
  const place = readRecord(snapshot.tags)?.copy ?? configured;
  const first = { id, snapshot };
  if (place === undefined || sameRegion(place.region, snapshot.location)) {
    return first;
  }
  return (await copyNearby(parts, { id, place, first: snapshot, log }, signal)) ?? first;
}

/** Whether the snapshot, what it is in, or its whole region, is out of reach: the copy may still be there. */
function isLost(error: unknown): boolean {
  return isGone(error) || ["Unavailable", "DeadlineExceeded"].includes(failureCode(error));
}

function isGone(error: unknown): boolean {
  return error instanceof Failure && GONE.has(error.serviceCode ?? "");
}

const GONE: ReadonlySet<string> = new Set(["ResourceGroupNotFound", "SubscriptionNotFound"]);

function gone({ name, resourceGroup, subscriptionId }: ComputeResource): Failure {
  return new Failure(
    "NotFound",
    `cannot restore snapshot "${name}": there is no such snapshot in resource group "${resourceGroup}" of subscription "${subscriptionId}"`,
    {
      hint: "where it was copied to another region, set copyToRegion and copyResourceGroup in the location's config",
    },
  );
}

interface CopyWanted {
  readonly id: ComputeResource;
  readonly place: CopyPlace;
  readonly log: Logger;
}

/** Rejects with why the first snapshot is lost when there is no copy either. */
async function copyInstead(
  parts: SnapshotterParts,
  { id, place, lost, log }: CopyWanted & { readonly lost: unknown },
  signal: AbortSignal,
): Promise<RestoreSource> {
  const copyId = copyOf(id, place);
  let copy: Snapshot | undefined;
  let trouble = "";
  try {
    copy = await lookUp(parts, copyId, signal);
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    trouble = `: ${describeFailure(error)}`;
  }
  if (copy === undefined) {
    log.log("warn", `there is no copy "${copyId.name}" in ${place.region} to restore${trouble}`, {
      phase: "source",
    });
    throw lost;
  }
  const reason = describeFailure(lost);
  log.log("warn", `restoring the copy in ${place.region}, since the first snapshot is lost: ${reason}`, {
    phase: "source",
  });
  return { id: copyId, snapshot: copy };
}

/** The copy, where disks are restored to its region; undefined when the first snapshot is the one to take. */
async function copyNearby(
  parts: SnapshotterParts,
  { id, place, first, log }: CopyWanted & { readonly first: Snapshot },
  signal: AbortSignal,
): Promise<RestoreSource | undefined> {
  const region = await regionOfRestores(parts, log, signal);
  if (region === undefined || !sameRegion(region, place.region)) {
    return undefined;
  }
  const copyId = copyOf(id, place);
  const copy = await lookUp(parts, copyId, signal);
  if (copy !== undefined && isCopyOf(copy, first) && !hasFailed(copy)) {
    log.log("info", `restoring the copy in ${place.region}`, { phase: "source" });
    return { id: copyId, snapshot: copy };
  }
  const which = copy === undefined ? "no copy" : hasFailed(copy) ? "but one that failed" : EARLIER;
  const message = `there is ${which} in ${place.region}: restoring the first snapshot`;
  log.log("warn", message, { phase: "source" });
  return undefined;
}

const EARLIER = "but the copy of an earlier snapshot of the same name";

/**
 * Whether disks are restored to a region, as far as is known. A service that is out of reach for a moment is no reason to make a
 * disk in another region than the cluster's.
 */
async function isForRegion(
  parts: SnapshotterParts,
  wanted: string,
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const region = await regionOfRestores(parts, log, signal);
    return region === undefined || sameRegion(region, wanted);
  } catch {
    return false;
  }
}

async function regionOfRestores(
  { clock, config, manager, restores }: SnapshotterParts,
  log: Logger,
  signal: AbortSignal,
): Promise<string | undefined> {
  const what = `look up resource group "${restores.resourceGroup}"`;
  try {
    return await within({ clock, limit: apiLimit(config), what }, signal, async (limited) =>
      locationOfGroup(await manager(limited), restores, limited),
    );
  } catch (error) {
    if (!isNotTold(error)) {
      throw error;
    }
    const message = `not known in which region disks are restored: ${describeFailure(error)}`;
    log.log("warn", message, { phase: "source" });
    return undefined;
  }
}
