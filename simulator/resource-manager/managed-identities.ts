import type { Principal } from "../core/principals.ts";
import type { SystemAssignedIdentityRecord, UserAssignedIdentityRecord } from "./state.ts";

export function userAssigned(identity: UserAssignedIdentityRecord): Principal {
  const { tenantId, clientId } = identity;
  return {
    tenantId,
    clientId,
    objectId: identity.principalId,
    displayName: identity.name,
    kind: "user-assigned identity",
    resourceId: identity.id,
  };
}

export function systemAssigned(identity: SystemAssignedIdentityRecord): Principal {
  const { tenantId, clientId, resourceId } = identity;
  return {
    tenantId,
    clientId,
    objectId: identity.principalId,
    displayName: resourceId.split("/").at(-1) ?? resourceId,
    kind: "system-assigned identity",
    resourceId,
  };
}
