import { pause } from "../azure/http/deadline.ts";
import type { DiskId } from "../azure/resource-manager/disk.ts";
import { listSnapshots, type Snapshot } from "../azure/resource-manager/snapshot.ts";
import { describeFailure, Failure } from "../errors/error.ts";
import type { Logger } from "../log/logger.ts";
import { isWhole } from "./completion.ts";
import type { SnapshotterParts } from "./snapshotter-parts.ts";
import { apiLimit, copyLimit, inWords, within } from "./time-limit.ts";

/**
 * Azure's limits on the incremental snapshots of one disk.
 * Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots#restrictions
 */
const LIMITS = {
  /** At any moment. */
  whole: 500,
  recent: 7,
  recentMilliseconds: 5 * 60_000,
  /** Of Premium SSD v2 and Ultra disks, still copied in the background. */
  pending: 3,
};

/**
 * Codes that a refusal by one of the limits comes with. Azure says the same in many other cases: which one it is follows
 * from the snapshots that the disk has.
 */
const CODES: ReadonlySet<string> = new Set(["OperationNotAllowed", "QuotaExceeded", "TooManyRequests"]);

/** How often to look whether a background copy has ended. */
const PENDING_PAUSE = 15_000;

export type Standing =
  | { readonly kind: "full" }
  | { readonly kind: "passing"; readonly reason: string; readonly wait: number };

/** Which limit keeps Azure from taking another incremental snapshot of a disk, if one does. Pure. */
export function standing(snapshots: readonly Snapshot[], now: number): Standing | undefined {
  const incremental = snapshots.filter((snapshot) => snapshot.incremental);
  if (incremental.length >= LIMITS.whole) {
    return { kind: "full" };
  }
  const recent = incremental
    .map(({ timeCreated }) => timeCreated ?? 0)
    .filter((created) => now - created < LIMITS.recentMilliseconds)
    .toSorted((a, b) => b - a);
  const blocking = recent[LIMITS.recent - 1];
  if (blocking !== undefined) {
    const reason = `Azure takes ${LIMITS.recent} incremental snapshots of a disk in five minutes`;
    return { kind: "passing", reason, wait: Math.max(1000, blocking + LIMITS.recentMilliseconds - now) };
  }
  if (incremental.filter((snapshot) => !isWhole(snapshot)).length >= LIMITS.pending) {
    const reason = `Azure copies ${LIMITS.pending} snapshots of a disk at a time`;
    return { kind: "passing", reason, wait: PENDING_PAUSE };
  }
  return undefined;
}

export interface LimitedAttempt {
  readonly disk: DiskId;
  /** Resource ID of the disk. */
  readonly sourceId: string;
  readonly log: Logger;
}

/**
 * Makes an attempt again whenever one of Azure's limits on a disk's snapshots has refused it and lets the next one through
 * later; within copyTimeout. Rejects with what the attempt rejected with; ResourceExhausted when waiting does not help.
 */
export async function untilAllowed(
  parts: SnapshotterParts,
  { disk, sourceId, log }: LimitedAttempt,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, config } = parts;
  let why = "";
  const limit = copyLimit(config);
  const what = `snapshot disk "${disk.name}"`;
  try {
    await within({ clock, limit, what }, signal, async (limited) => {
      for (;;) {
        try {
          await attempt(limited);
          return;
        } catch (error) {
          limited.throwIfAborted();
          const found = await standingOf(parts, { error, sourceId }, limited);
          if (found === undefined) {
            throw error;
          }
          if (found.kind === "full") {
            throw full(what, error);
          }
          why = found.reason;
          const seconds = Math.ceil(found.wait / 1000);
          log.log("info", `waiting to take a snapshot: ${why}`, { phase: "limited", seconds });
          await pause(found.wait, limited, clock);
        }
      }
    });
  } catch (error) {
    const over = why !== "" && error instanceof Failure && error.code === "DeadlineExceeded";
    throw over ? stillLimited(what, why, limit.milliseconds, error) : error;
  }
}

async function standingOf(
  parts: SnapshotterParts,
  { error, sourceId }: { readonly error: unknown; readonly sourceId: string },
  signal: AbortSignal,
): Promise<Standing | undefined> {
  if (!(error instanceof Failure) || !CODES.has(error.serviceCode ?? "")) {
    return undefined;
  }
  const { clock, config, manager, snapshots } = parts;
  const limit = {
    clock,
    limit: apiLimit(config),
    what: `list the snapshots in "${snapshots.resourceGroup}"`,
  };
  const found: Snapshot[] = [];
  await within(limit, signal, async (limited) => {
    for await (const snapshot of listSnapshots(await manager(limited), snapshots, limited)) {
      if (snapshot.sourceResourceId?.toLowerCase() === sourceId.toLowerCase()) {
        found.push(snapshot);
      }
    }
  });
  return standing(found, clock.now());
}

function full(what: string, cause: unknown): Failure {
  return new Failure(
    "ResourceExhausted",
    `cannot ${what}: it has ${LIMITS.whole} incremental snapshots, and Azure keeps no more of a disk: ${describeFailure(cause)}`,
    {
      cause,
      hint: "delete old backups or give them a shorter TTL; velero-azure snapshots gc finds snapshots that no backup has any more",
    },
  );
}

function stillLimited(what: string, why: string, waited: number, cause: unknown): Failure {
  return new Failure(
    "ResourceExhausted",
    `cannot ${what}: ${why}, and within ${inWords(waited)}, the location's copyTimeout, it took no other`,
    {
      cause,
      retryable: true,
      hint: "back this disk up less often, or raise copyTimeout in the location's config",
    },
  );
}
