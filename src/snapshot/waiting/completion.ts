import { pause } from "../../azure/http/deadline.ts";
import type { DiskId } from "../../azure/resource-manager/disk.ts";
import { findSnapshot, type Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit, copyLimit, within } from "./time-limit.ts";

/** The parts that looking at a snapshot takes. */
export type LookingParts = Pick<SnapshotterParts, "clock" | "config" | "manager">;

/** The snapshot as it is now, undefined when it is not there; within apiTimeout. */
export async function lookUp(
  { clock, config, manager }: LookingParts,
  id: DiskId,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const limit = { clock, limit: apiLimit(config), what: `look up snapshot "${id.name}"` };
  return await within(limit, signal, async (limited) => findSnapshot(await manager(limited), id, limited));
}

export interface Awaited {
  readonly id: DiskId;
  /** What cannot be done without it: `restore snapshot "s1"`. */
  readonly what: string;
  /** What was read of it last, to spare the first question. */
  readonly known?: Snapshot | undefined;
  /** `data`: until all of it is copied; `taken`: until Azure has taken the snapshot, its point in time is safe then. */
  readonly until: "data" | "taken";
  readonly log: Logger;
}

/**
 * Waits for a snapshot; by copyTimeout for its data, by apiTimeout for its being taken. `provisioningState` says
 * Succeeded long before the data of a Premium SSD v2 or Ultra disk, or of a copy in another region, is there:
 * `completionPercent` tells that. Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots
 *
 * Rejects with `Failure`: NotFound when it is gone, FailedPrecondition when Azure gave it up, DeadlineExceeded, Canceled.
 */
export async function waitForSnapshot(
  parts: LookingParts,
  { id, what, known, until, log }: Awaited,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { clock, config } = parts;
  const limit = until === "data" ? copyLimit(config) : apiLimit(config);
  const begun = clock.now();
  const progress = new Progress(log, begun);
  return await within({ clock, limit, what }, signal, async (limited) => {
    let snapshot = known ?? (await lookUp(parts, id, limited));
    for (;;) {
      if (snapshot === undefined) {
        throw new Failure("NotFound", `cannot ${what}: it is gone while it was waited for`);
      }
      refuseFailed(snapshot, what);
      if (isTaken(snapshot) && (until === "taken" || isWhole(snapshot))) {
        progress.end(clock.now());
        return snapshot;
      }
      if (until === "data") {
        progress.tell(snapshot, clock.now());
      }
      await pause(interval(clock.now() - begun), limited, clock);
      snapshot = await lookUp(parts, id, limited);
    }
  });
}

/** Whether it does not hold its data and never will. */
export function hasFailed({ provisioningState, copyError }: Snapshot): boolean {
  return copyError !== undefined || provisioningState === "Failed" || provisioningState === "Canceled";
}

/** Whether nothing is left to be copied in the background. Kinds of which nothing is do not tell a percentage. */
export function isWhole({ completionPercent, copyError }: Snapshot): boolean {
  return copyError === undefined && (completionPercent === undefined || completionPercent >= 100);
}

function isTaken({ provisioningState }: Snapshot): boolean {
  return provisioningState === undefined || provisioningState === "Succeeded";
}

function refuseFailed(snapshot: Snapshot, what: string): void {
  const { copyError, name } = snapshot;
  if (copyError !== undefined) {
    const reason = copyError.message?.replace(/\.$/, "") ?? copyError.code ?? "Azure does not say why";
    throw new Failure(
      "FailedPrecondition",
      `cannot ${what}: copying the data of snapshot "${name}" has failed: ${reason}`,
      {
        serviceCode: copyError.code,
        hint: "the snapshot will never hold its data: delete it and take another",
      },
    );
  }
  if (hasFailed(snapshot)) {
    throw new Failure(
      "FailedPrecondition",
      `cannot ${what}: Azure did not finish snapshot "${name}", its provisioning state is ${snapshot.provisioningState}`,
      {
        hint: `look at its activity log: where only a later change of it failed, changing it once more sets that right (az snapshot update --ids ${snapshot.id} --set tags.checked=yes); else it has no data, and another one must be taken`,
      },
    );
  }
}

/** Quick at first, then a tenth of the time that it has taken so far: so much is lost at the most. */
function interval(elapsed: number): number {
  return Math.min(15_000, Math.max(250, elapsed / 10));
}

/** Tells at info how far it is: with each ten percent, or each minute. */
class Progress {
  readonly #log: Logger;
  readonly #begun: number;
  #toldAt: number;
  #told: number | undefined;

  constructor(log: Logger, begun: number) {
    this.#log = log;
    this.#begun = begun;
    this.#toldAt = begun;
  }

  tell({ name, completionPercent }: Snapshot, now: number): void {
    const percent = completionPercent ?? 0;
    const due = this.#told === undefined || percent - this.#told >= 10 || now - this.#toldAt >= 60_000;
    if (due) {
      this.#told = percent;
      this.#toldAt = now;
      const fields = { snapshot: name, completionPercent: percent, milliseconds: now - this.#begun };
      this.#log.log("info", "waiting for a snapshot's data", { phase: "copying", ...fields });
    }
  }

  end(now: number): void {
    if (this.#told !== undefined) {
      const milliseconds = now - this.#begun;
      this.#log.log("info", "a snapshot's data is there", { phase: "copied", milliseconds });
    }
  }
}
