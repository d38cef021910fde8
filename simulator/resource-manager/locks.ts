import { ManagementError } from "./errors.ts";
import { isWithin, keyOf } from "./resource-id.ts";
import type { LockRecord, ResourceManagerState } from "./state.ts";

/**
 * Refuses what a lock at the scope, above it or in it hinders.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
 */
export function checkLocks(state: ResourceManagerState, scope: string, method: string): void {
  if (method === "GET" || method === "HEAD") {
    return;
  }
  const deletion = method === "DELETE";
  const hindering = Object.values(state.locks).filter(
    (lock) =>
      (lock.level === "ReadOnly" || deletion) &&
      // Deleting a group deletes what is in it.
      (isWithin(scope, lock.scope) || (deletion && isWithin(lock.scope, scope))),
  );
  if (hindering.length === 0) {
    return;
  }
  const what = deletion ? "delete" : "write";
  throw new ManagementError(
    409,
    "ScopeLocked",
    `The scope '${scope}' cannot perform ${what} operation because following scope(s) are locked: ` +
      `'${hindering.map((lock) => lock.scope).join(",")}'. Please remove the lock and try again.`,
  );
}

export function lockKey({ scope, name }: Pick<LockRecord, "scope" | "name">): string {
  return `${keyOf(scope)}/${name.toLowerCase()}`;
}
