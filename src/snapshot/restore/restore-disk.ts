import { randomUUID } from "node:crypto";
import { pause } from "../../azure/http/deadline.ts";
import { createDisk, deleteDisk, findDisk, type NewDisk } from "../../azure/resource-manager/disk.ts";
import { type DiskSku, listDiskSkus } from "../../azure/resource-manager/disk-skus.ts";
import { isNotTold } from "../../azure/resource-manager/errors.ts";
import { canceled, describeFailure, Failure, failureCode } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { waitForSnapshot } from "../waiting/completion.ts";
import { isDoubtful, namingBegun } from "../waiting/named-failure.ts";
import { type ComputeResource, formatResourceId, isSamePlace } from "../resource-id.ts";
import { checkAvailable, planRestore, type RestorePlan } from "./restore-plan.ts";
import { restoreSource } from "./restore-source.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import type { VolumeFromSnapshot } from "../snapshotter.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";
import type { UnfinishedRestores } from "./unfinished-restores.ts";
import type { RestoredDisk } from "./volume-place.ts";

/** A disk that was made of a snapshot. */
export interface Restored {
  readonly volumeId: string;
  readonly disk: RestoredDisk;
}

/** Makes a disk of a snapshot. Leaves no disk behind when that fails or is cancelled. */
export async function restoreDisk(
  parts: SnapshotterParts,
  unfinished: UnfinishedRestores,
  request: VolumeFromSnapshot,
  signal: AbortSignal,
): Promise<Restored> {
  const { clock, config, disks, restores } = parts;
  const begun = clock.now();
  const log = parts.logger.with({ snapshotId: request.snapshotId });
  const source = await restoreSource(parts, request.snapshotId, log, signal);
  const what = `restore snapshot "${source.id.name}"`;
  const awaited = { id: source.id, what, known: source.snapshot, until: "data", log } as const;
  const snapshot = await waitForSnapshot(parts, awaited, signal);
  log.log("debug", "the snapshot can be restored", { phase: "source", milliseconds: clock.now() - begun });
  const plan = planRestore({ snapshot, request, config, subscriptionId: restores.subscriptionId });
  for (const warning of plan.warnings) {
    log.log("warn", warning, { phase: "plan" });
  }
  await prove(parts, plan, log, signal);
  const { subscriptionId, resourceGroup } = restores;
  const id = { subscriptionId, resourceGroup, name: `restore-${randomUUID()}` };
  const volumeId = isSamePlace(id, disks) ? id.name : formatResourceId("disks", id);
  await create(parts, unfinished, { id, disk: plan.disk, what, log }, signal);
  const { sku, zones, location } = plan.disk;
  const milliseconds = clock.now() - begun;
  log.log("info", "disk restored", { phase: "restored", volumeId, sku, zones, location, milliseconds });
  return { volumeId, disk: { location, sku, zones } };
}

/** A kind of disk that the region does not have, or not in the zone, is refused before any disk is made. */
async function prove(
  parts: SnapshotterParts,
  plan: RestorePlan,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (!plan.unproven) {
    return;
  }
  const { clock, config, manager, restores } = parts;
  const { location } = plan.disk;
  const limit = { clock, limit: apiLimit(config), what: `list the kinds of disk of region "${location}"` };
  let skus: readonly DiskSku[];
  try {
    skus = await within(limit, signal, async (limited) =>
      listDiskSkus(await manager(limited), restores.subscriptionId, location, limited),
    );
  } catch (error) {
    if (!isNotTold(error)) {
      throw error;
    }
    const message = `not known whether region "${location}" has such disks: ${describeFailure(error)}`;
    log.log("warn", message, { phase: "plan" });
    return;
  }
  checkAvailable(plan, skus);
}

interface Creating {
  readonly id: ComputeResource;
  readonly disk: NewDisk;
  readonly what: string;
  readonly log: Logger;
}

async function create(
  parts: SnapshotterParts,
  unfinished: UnfinishedRestores,
  { id, disk, what, log }: Creating,
  signal: AbortSignal,
): Promise<void> {
  const { clock, config, manager } = parts;
  const limit = { clock, limit: apiLimit(config), what: `${what} as disk "${id.name}"` };
  const entry = unfinished.add(id);
  try {
    await within(
      limit,
      signal,
      async (limited) => await createDisk(await manager(limited), id, disk, limited),
    );
    // Nobody is left to be told its name.
    if (signal.aborted) {
      throw canceled(`cannot ${what}`, signal.reason);
    }
    // From here on the disk is Velero's. With its entry as it was, a later process would delete it.
    if (!entry.tell()) {
      throw new Failure("Internal", `cannot ${what}: the note that it was begun cannot be changed`, {
        hint: `look at the folder for temporary files, "${parts.temporaryFolder}": it must let files be renamed`,
      });
    }
  } catch (error) {
    const trouble = await cleanUp(parts, { id, log, cause: error });
    if (trouble !== undefined) {
      // The entry stays: the next process tries again.
      throw withTrouble(error, id, trouble.error);
    }
    entry.remove();
    throw error;
  }
}

interface Cleaning {
  readonly id: ComputeResource;
  readonly log: Logger;
  /** Why there is to be no disk. */
  readonly cause: unknown;
}

/** In milliseconds: a request that was given up may arrive after the deletion did. */
const STRAGGLERS = 2_000;

/** By a signal of its own: the one of the restore may have fired long ago. Resolves to why the disk is still there. */
async function cleanUp(
  parts: SnapshotterParts,
  { id, log, cause }: Cleaning,
): Promise<{ readonly error: unknown } | undefined> {
  const { clock, config, manager } = parts;
  const begun = clock.now();
  const limit = { clock, limit: apiLimit(config), what: `delete disk "${id.name}", whose restore failed` };
  const fields = { phase: "clean-up", diskId: formatResourceId("disks", id) };
  const { signal } = new AbortController();
  const exists = async (limited: AbortSignal): Promise<boolean> =>
    (await findDisk(await manager(limited), id, limited)) !== undefined;
  try {
    await within(limit, signal, async (limited) => {
      await deleteDisk(await manager(limited), id, limited);
      if (isDoubtful(cause)) {
        await pause(STRAGGLERS, limited, clock);
        if (await exists(limited)) {
          await deleteDisk(await manager(limited), id, limited);
        }
      }
    });
  } catch (error) {
    // Whoever may not make disks may not delete them either, and perhaps not look whether one was made.
    const there = await within(limit, signal, exists).catch((trouble: unknown) =>
      [cause, error, trouble].some((each) => failureCode(each) !== "PermissionDenied"),
    );
    if (!there) {
      return undefined;
    }
    log.log("warn", "the disk of a restore that failed could not be deleted", { ...fields, error });
    return { error };
  }
  const milliseconds = clock.now() - begun;
  log.log("info", "of a restore that failed no disk is left", { ...fields, milliseconds });
  return undefined;
}

function withTrouble(error: unknown, id: ComputeResource, trouble: unknown): unknown {
  const begun = { kind: "disk", id: formatResourceId("disks", id), certain: true } as const;
  const named = namingBegun(error, begun);
  return named instanceof Failure
    ? new Failure(named.code, `${named.message}, since it cannot be deleted: ${describeFailure(trouble)}`, {
        hint: named.hint,
        retryable: named.retryable,
        serviceCode: named.serviceCode,
        cause: error,
      })
    : named;
}
