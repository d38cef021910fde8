import type { AccessRequest } from "../core/access.ts";
import { builtInRole } from "./built-in-roles.ts";
import { isWithin } from "./resource-id.ts";
import type { ResourceManagerState, RolePermissions } from "./state.ts";

/** Whether a role assignment at the scope or above it allows the operation. Assignments only ever add up. */
export function isAllowed(state: ResourceManagerState, request: AccessRequest): boolean {
  const principal = request.principalId.toLowerCase();
  return Object.values(state.roleAssignments).some(
    (assignment) =>
      assignment.principalId === principal &&
      isWithin(request.scope, assignment.scope) &&
      permissionsOf(state, assignment.role).some((granted) => grants(granted, request.action, request.data)),
  );
}

/** Of a role's GUID; none when the role is gone. */
function permissionsOf(state: ResourceManagerState, role: string): readonly RolePermissions[] {
  const builtIn = builtInRole(role);
  if (builtIn !== undefined) {
    return [builtIn.permissions];
  }
  return Object.values(state.roleDefinitions).find((custom) => custom.name === role)?.permissions ?? [];
}

function grants(permissions: RolePermissions, action: string, data: boolean): boolean {
  const granted = data ? permissions.dataActions : permissions.actions;
  const withheld = data ? permissions.notDataActions : permissions.notActions;
  return (
    granted.some((pattern) => matchesAction(pattern, action)) &&
    !withheld.some((pattern) => matchesAction(pattern, action))
  );
}

/**
 * Matches `Microsoft.Storage/storageAccounts/*` and the like, without regard to case. A `*` between two slashes may
 * also stand for no segment at all: by such a pattern the built-in Managed Identity Operator reads identities.
 */
export function matchesAction(pattern: string, action: string): boolean {
  const source = pattern
    .split("/*/")
    .map((part) => part.split("*").map(escaped).join(".*"))
    .join("/(?:.*/)?");
  return new RegExp(`^${source}$`, "i").test(action);
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\/]/g, "\\$&");
}
