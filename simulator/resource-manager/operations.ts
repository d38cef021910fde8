import { randomUUID } from "node:crypto";

import { timestamp } from "./json.ts";
import { isWithin, keyOf } from "./resource-id.ts";
import type { OperationRecord, ResourceManagerState } from "./state.ts";

/** How long what Azure does not do at once takes here. */
export interface OperationPace {
  /** By the simulated clock. */
  readonly milliseconds: number;
  /** What Retry-After tells a client that polls. Azure says 15 to 17; that many real seconds would pass in a test. */
  readonly retryAfterSeconds: number;
}

/** Begins an operation that ends by the clock. */
export function beginOperation(
  state: ResourceManagerState,
  begun: Pick<OperationRecord, "effect" | "resourceId" | "subscriptionId" | "failure" | "output">,
  now: number,
  pace: Pick<OperationPace, "milliseconds">,
): OperationRecord {
  const operation: OperationRecord = {
    ...begun,
    operationId: randomUUID(),
    subscriptionId: begun.subscriptionId.toLowerCase(),
    resourceId: keyOf(begun.resourceId),
    startedAt: now,
    doneAt: now + pace.milliseconds,
    status: "InProgress",
  };
  state.operations[operation.operationId] = operation;
  return operation;
}

/** How long an operation can be asked for after its end. */
const KEPT = 24 * 60 * 60 * 1000;

/** Lets happen what is due. Called before anything looks at the state, so that nothing needs a timer. */
export function settleOperations(state: ResourceManagerState, now: number): void {
  for (const operation of Object.values(state.operations)) {
    if (operation.doneAt + KEPT <= now) {
      delete state.operations[operation.operationId];
    }
    if (operation.status === "InProgress" && operation.doneAt <= now) {
      operation.status = operation.failure === undefined ? "Succeeded" : "Failed";
      if (operation.effect === "delete" && operation.status === "Succeeded") {
        removeWithin(state, operation.resourceId);
      } else if (operation.effect !== "access") {
        settleResource(state, operation.resourceId, operation.status);
      }
    }
  }
}

/** A deletion that failed leaves a resource behind that says Failed, as a creation does. */
function settleResource(state: ResourceManagerState, id: string, outcome: "Succeeded" | "Failed"): void {
  const account = state.storageAccounts[id];
  if (account !== undefined) {
    account.provisioningState = "Succeeded";
  }
  const made =
    state.disks[id] ?? state.snapshots[id] ?? state.diskEncryptionSets[id] ?? state.diskAccesses[id];
  if (made !== undefined) {
    made.provisioningState = outcome;
  }
}

/** Removes a resource with all that is in it and with the role assignments at it. */
export function removeWithin(state: ResourceManagerState, id: string): void {
  const tables: readonly Record<string, unknown>[] = [
    state.resourceGroups,
    state.storageAccounts,
    state.userAssignedIdentities,
    state.systemAssignedIdentities,
    state.federatedIdentityCredentials,
    state.roleAssignments,
    state.disks,
    state.snapshots,
    state.diskEncryptionSets,
    state.diskAccesses,
  ];
  for (const table of tables) {
    for (const key of Object.keys(table)) {
      if (isWithin(key, id)) {
        delete table[key];
      }
    }
  }
}

/** The body at an operation's status address (`Azure-AsyncOperation`). */
export function operationStatus(operation: OperationRecord, id: string) {
  const done = operation.status === "Succeeded";
  return {
    id,
    name: operation.operationId,
    status: operation.status,
    startTime: timestamp(operation.startedAt),
    ...(done ? { endTime: timestamp(operation.doneAt), percentComplete: 100 } : {}),
  };
}
