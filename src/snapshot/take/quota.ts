import { pause } from "../../azure/http/deadline.ts";
import type { DiskId } from "../../azure/resource-manager/disk.ts";
import { deleteSnapshot, listSnapshots, type Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { describeFailure, type ErrorCode, Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { hasFailed, lookUp } from "../waiting/completion.ts";
import type { Limits } from "./snapshot-limits.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { copyLimit, inWords, within } from "../waiting/time-limit.ts";

/**
 * What a refusal by one of the limits may come as: nowhere does Azure say. Whether it is one follows from the snapshots
 * that there are, not from its words.
 */
const MAY_BE_LIMITS: ReadonlySet<ErrorCode> = new Set([
  "FailedPrecondition",
  "ResourceExhausted",
  "InvalidArgument",
  "Aborted",
]);

/** What says something else in any case: to wait for a limit then would hold up the whole backup for nothing. */
const NO_LIMITS: ReadonlySet<string> = new Set([
  "ScopeLocked",
  "KeyVaultAccessForbidden",
  "MissingSubscriptionRegistration",
  "ReadOnlyDisabledSubscription",
  "SubscriptionNotFound",
  "InvalidSubscriptionId",
  "ResourceGroupNotFound",
  "ResourceGroupBeingDeleted",
  "SkuNotAvailable",
  "LocationNotAvailableForResourceType",
  "InvalidResourceLocation",
  "InvalidTagNameCharacters",
  "InvalidTagNameLength",
  "InvalidTagValueLength",
  "InvalidTags",
  "InvalidApiVersionParameter",
  "NoRegisteredProviderFound",
  "InvalidResourceType",
]);

/** Told by the operation, when the snapshot is there already. */
const FULL = "SnapshotsLimitReached";

/** How long, and how often, is tried what Azure calls a limit and no snapshot in sight explains. */
const UNEXPLAINED = { milliseconds: 6 * 60_000, pause: 30_000 };

export interface LimitedAttempt {
  /** `snapshot disk "d1"`. */
  readonly what: string;
  /** The snapshot that is asked for. */
  readonly id: DiskId;
  readonly limits: Limits;
  readonly log: Logger;
}

/**
 * Makes an attempt again whenever one of Azure's limits on snapshots has refused it and lets the next one through later; within
 * copyTimeout. Rejects with what the attempt rejected with; ResourceExhausted when waiting does not help.
 */
export async function untilAllowed(
  parts: SnapshotterParts,
  attempted: LimitedAttempt,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, config } = parts;
  const { what, log } = attempted;
  const limit = copyLimit(config);
  const begun = clock.now();
  let why: string | undefined;
  const waiting = async (limited: AbortSignal): Promise<void> => {
    for (;;) {
      const refusal = await refusalOf(attempt(limited));
      if (refusal === undefined) {
        return;
      }
      const wait = await waitAfter(parts, { ...attempted, refusal, elapsed: clock.now() - begun }, limited);
      why = wait.reason;
      const seconds = Math.ceil(wait.milliseconds / 1000);
      log.log("info", `waiting: ${wait.reason}`, { phase: "limited", seconds });
      await pause(wait.milliseconds, limited, clock);
    }
  };
  try {
    await within({ clock, limit, what }, signal, waiting);
  } catch (error) {
    const over = error instanceof Failure && error.code === "DeadlineExceeded";
    throw over && why !== undefined ? stillLimited(what, why, limit.milliseconds, error) : error;
  }
}

/** What may be one of the limits; any other error goes its way. */
async function refusalOf(attempt: Promise<void>): Promise<Failure | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure) || !MAY_BE_LIMITS.has(error.code)) {
      throw error;
    }
    const { serviceCode } = error;
    if (serviceCode === undefined || NO_LIMITS.has(serviceCode)) {
      throw error;
    }
    return error;
  }
}

interface Refused extends LimitedAttempt {
  readonly refusal: Failure;
  readonly elapsed: number;
}

/** Throws what the attempt ends with when there is nothing to wait for. */
async function waitAfter(
  parts: SnapshotterParts,
  { what, id, limits, refusal, elapsed }: Refused,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly milliseconds: number }> {
  const snapshots: Snapshot[] = [];
  try {
    await discardFailed(parts, id, signal);
    const manager = await parts.manager(signal);
    for await (const snapshot of listSnapshots(manager, id, signal)) {
      if (!hasFailed(snapshot)) {
        snapshots.push(snapshot);
      }
    }
  } catch {
    // The refusal is what counts, unless it was the time.
    signal.throwIfAborted();
    throw refusal;
  }
  const standing = limits(snapshots, parts.clock.now());
  if (standing?.kind === "full" || refusal.serviceCode === FULL) {
    throw full(what, refusal);
  }
  // A request that cannot be is told at once, rather than when all others are done.
  if (standing !== undefined && (standing.sure || refusal.code !== "InvalidArgument")) {
    return { reason: standing.reason, milliseconds: standing.wait };
  }
  // Snapshots in other groups count, too. A throttled call has been waited for already.
  const unexplained = refusal.code === "ResourceExhausted" && !refusal.retryable;
  if (!unexplained || elapsed > UNEXPLAINED.milliseconds) {
    throw refusal;
  }
  return { reason: describeFailure(refusal), milliseconds: UNEXPLAINED.pause };
}

/** Some refusals come when the snapshot is there, without data and for ever in the way. */
async function discardFailed(parts: SnapshotterParts, id: DiskId, signal: AbortSignal): Promise<void> {
  const found = await lookUp(parts, id, signal);
  if (found !== undefined && hasFailed(found)) {
    await deleteSnapshot(await parts.manager(signal), id, signal);
  }
}

function full(what: string, cause: Failure): Failure {
  return new Failure(
    "ResourceExhausted",
    `cannot ${what}: it has as many incremental snapshots as Azure keeps of a disk, 500: ${cause.message}`,
    {
      cause,
      serviceCode: cause.serviceCode,
      hint: "delete old backups or give them a shorter TTL; velero-azure snapshots gc finds snapshots that no backup has any more",
    },
  );
}

function stillLimited(what: string, why: string, waited: number, cause: unknown): Failure {
  return new Failure(
    "ResourceExhausted",
    `cannot ${what}: ${why}, and it took no other within ${inWords(waited)}, the location's copyTimeout`,
    { cause, retryable: true, hint: "back up less often, or raise copyTimeout in the location's config" },
  );
}
