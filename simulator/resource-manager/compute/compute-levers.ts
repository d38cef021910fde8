import type { SimulatedClock } from "../../core/clock.ts";
import { timestamp } from "../json.ts";
import { settleOperations } from "../operations.ts";
import { groupId, keyOf } from "../resource-id.ts";
import { emptyState } from "../state.ts";
import type { ResourceGroupRecord, ResourceManagerState } from "../state.ts";
import { SOURCE_GONE } from "./progress.ts";
import type { ComputePace, Outage } from "./records.ts";

export interface InventoryOptions {
  readonly clock: SimulatedClock;
  /** A state that was kept; it is used and changed in place. */
  readonly state?: ResourceManagerState;
}

/** What an inventory is kept in, and what a test makes the simulated Compute do. */
export class ComputeLevers {
  readonly #clock: SimulatedClock;
  readonly #state: ResourceManagerState;

  constructor(options: InventoryOptions) {
    this.#clock = options.clock;
    this.#state = options.state === undefined ? emptyState() : completed(options.state);
  }

  /** The live state, after what is due by the clock has happened; keep it with `JSON.stringify`. */
  get state(): ResourceManagerState {
    settleOperations(this.#state, this.#clock.now());
    return this.#state;
  }

  /** How long things take from now on; what is not named stays as it is. */
  setComputePace(pace: Partial<ComputePace>): ComputePace {
    const { compute } = this.#state;
    compute.pace = { ...compute.pace, ...pace };
    return compute.pace;
  }

  /** How many disks, snapshots and so on a page of a list has. */
  setComputePageSize(size: number): void {
    this.#state.compute.pageSize = size;
  }

  /** Puts a region out of service. What a lost one had is gone for good. */
  loseRegion(location: string, how: Outage = "lost"): void {
    const { compute, disks, snapshots, diskEncryptionSets, diskAccesses } = this.#state;
    compute.outages[location] = how;
    if (how === "unavailable") {
      return;
    }
    for (const table of [disks, snapshots, diskEncryptionSets, diskAccesses]) {
      for (const [key, resource] of Object.entries(table)) {
        if (resource.location === location) {
          delete table[key];
        }
      }
    }
  }

  /** Takes it into service again. */
  restoreRegion(location: string): void {
    delete this.#state.compute.outages[location];
  }

  /** The next copies that begin (in the background, or by CopyStart) fail on their way. */
  failCopies(failing: { count?: number; code?: string; message?: string; atPercent?: number } = {}): void {
    this.#state.compute.failingCopies.push({
      left: failing.count ?? 1,
      code: failing.code ?? SOURCE_GONE.code,
      message: failing.message ?? SOURCE_GONE.message,
      atPercent: failing.atPercent ?? 50,
    });
  }

  /** The next operations of a kind are accepted and fail later; what they should have made stays behind as Failed. */
  failOperations(failing: {
    type: "disks" | "snapshots" | "diskEncryptionSets" | "diskAccesses";
    effect?: "provision" | "delete";
    count?: number;
    code?: string;
    message?: string;
  }): void {
    this.#state.compute.failingOperations.push({
      type: failing.type,
      effect: failing.effect ?? "provision",
      left: failing.count ?? 1,
      code: failing.code ?? "InternalExecutionError",
      message: failing.message ?? "An internal execution error occurred. Please retry later.",
    });
  }

  /** Kinds of disk that subscriptions may not have in a region from now on. */
  restrictSkus(location: string, skus: readonly string[]): void {
    this.#state.compute.restrictedSkus[location] = skus;
  }

  protected now(): number {
    return this.#clock.now();
  }

  protected timestamp(): string {
    return timestamp(this.now());
  }

  protected tenantOf(subscriptionId: string): string {
    const subscription = this.#state.subscriptions[subscriptionId.toLowerCase()];
    if (subscription === undefined) {
      throw new Error(`there is no subscription "${subscriptionId}"`);
    }
    return subscription.tenantId;
  }

  protected group(subscriptionId: string, name: string): ResourceGroupRecord {
    const group = this.#state.resourceGroups[keyOf(groupId(subscriptionId, name))];
    if (group === undefined) {
      throw new Error(`there is no resource group "${name}" in subscription "${subscriptionId}"`);
    }
    return group;
  }
}

/** A state that an older version kept has fewer tables; it is completed in place. */
function completed(state: ResourceManagerState): ResourceManagerState {
  const empty = emptyState();
  return Object.assign(state, { ...empty, ...state, compute: { ...empty.compute, ...state.compute } });
}
