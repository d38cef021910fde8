import { deleteSnapshot, type Snapshot } from "../azure/resource-manager/snapshot.ts";
import { describeFailure, Failure, failureCode } from "../errors/error.ts";
import type { Logger } from "../log/logger.ts";
import { lookUp } from "./waiting/completion.ts";
import { configuredCopy, sameRegion } from "./take/copy-snapshot.ts";
import { type CopyPlace, readRecord } from "./record/disk-record.ts";
import { type ComputeResource, formatResourceId } from "./resource-id.ts";
import { snapshotOf } from "./restore/restore-source.ts";
import { copyOf } from "./record/snapshot-name.ts";
import type { SnapshotterParts } from "./snapshotter-parts.ts";
import { apiLimit, within } from "./waiting/time-limit.ts";

/**
 * Deletes a snapshot and its copy in another region. The copy first: only the snapshot tells where that is, so that a
 * deletion that failed can be repeated.
 */
export async function removeSnapshot(
  parts: SnapshotterParts,
  snapshotId: string,
  signal: AbortSignal,
): Promise<void> {
  if (snapshotId.trim() === "") {
    // Velero before 1.18.3 asks for it where a snapshot could not be taken, and a backup must not stay for that.
    return;
  }
  const id = snapshotOf(snapshotId);
  const log = parts.logger.with({ snapshotId });
  const configured = configuredCopy(parts.config);
  const snapshot = await lookUpOrGone(parts, id, signal);
  const recorded = snapshot === undefined ? undefined : recordedCopy(snapshot, log);
  const wanted = recorded ?? configured;
  // Into its own region nothing is copied.
  const own = wanted !== undefined && sameRegion(wanted.region, snapshot?.location ?? "");
  const place = own ? undefined : wanted;
  const trouble =
    place === undefined ? undefined : await troubleOf(remove(parts, copyOf(id, place), log, signal));
  const foundAgain = configured !== undefined && place !== undefined && isSameCopy(configured, place);
  if (trouble !== undefined && (snapshot === undefined || !foundAgain)) {
    throw trouble.error;
  }
  if (snapshot !== undefined) {
    const more = await troubleOf(remove(parts, id, log, signal));
    if (more !== undefined) {
      throw trouble === undefined ? more.error : both(more.error, trouble.error);
    }
  }
  if (trouble !== undefined) {
    throw trouble.error;
  }
}

/** Undefined when it is not there, and when its whole resource group is not. */
async function lookUpOrGone(
  parts: SnapshotterParts,
  id: ComputeResource,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  try {
    return await lookUp(parts, id, signal);
  } catch (error) {
    if (error instanceof Failure && error.serviceCode === "ResourceGroupNotFound") {
      return undefined;
    }
    throw error;
  }
}

/** A record that cannot be read must not keep anybody from deleting. */
function recordedCopy({ tags }: Snapshot, log: Logger): CopyPlace | undefined {
  try {
    return readRecord(tags)?.copy;
  } catch (error) {
    log.log("warn", `not known whether the snapshot has a copy: ${describeFailure(error)}`, {
      phase: "delete",
    });
    return undefined;
  }
}

function isSameCopy(a: CopyPlace, b: CopyPlace): boolean {
  return sameRegion(a.region, b.region) && a.resourceGroup.toLowerCase() === b.resourceGroup.toLowerCase();
}

async function remove(
  { clock, config, manager }: SnapshotterParts,
  id: ComputeResource,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const begun = clock.now();
  const limit = { clock, limit: apiLimit(config), what: `delete snapshot "${id.name}"` };
  await within(limit, signal, async (limited) => await deleteSnapshot(await manager(limited), id, limited));
  const fields = { deleted: formatResourceId("snapshots", id), milliseconds: clock.now() - begun };
  log.log("debug", "snapshot deleted", { phase: "delete", ...fields });
}

async function troubleOf(work: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return { error };
  }
}

function both(first: unknown, second: unknown): Failure {
  const known = first instanceof Failure ? first : undefined;
  return new Failure(
    failureCode(first),
    `${known?.message ?? String(first)}; and its copy in another region: ${describeFailure(second)}`,
    { hint: known?.hint, retryable: known?.retryable, serviceCode: known?.serviceCode, cause: first },
  );
}
