import { randomUUID } from "node:crypto";

import type { BlobAccount } from "../core/blob-account.ts";
import type { AccessControl, AccessRequest } from "../core/access.ts";
import type { FederatedCredential, Principal } from "../core/principals.ts";
import { accessTo, newStorageAccount } from "./account-record.ts";
import { builtInRole } from "./built-in-roles.ts";
import { ComputeInventory } from "./compute/compute-inventory.ts";
import type { InGroup } from "./compute/compute-inventory.ts";
import { lockKey } from "./locks.ts";
import { systemAssigned, userAssigned } from "./managed-identities.ts";
import { isAllowed } from "./permissions.ts";
import { groupId, keyOf } from "./resource-id.ts";
import type {
  FederatedIdentityCredentialRecord,
  LockRecord,
  ResourceGroupRecord,
  RoleAssignmentRecord,
  StorageAccountRecord,
  SubscriptionRecord,
  SystemAssignedIdentityRecord,
  UserAssignedIdentityRecord,
} from "./state.ts";

/**
 * The subscriptions of a simulated Azure and what is in them: what Resource Manager's handler serves, and what a test
 * fills beforehand. It is also the world's access control, and tells Entra and IMDS of the managed identities.
 *
 * Adding what is there already replaces it. Adding to a subscription or group that is not there throws.
 */
export class Inventory extends ComputeInventory implements AccessControl {
  isAllowed(request: AccessRequest): boolean {
    return isAllowed(this.state, request);
  }

  addSubscription(
    subscription: Omit<SubscriptionRecord, "displayName"> & { displayName?: string },
  ): SubscriptionRecord {
    const record = {
      subscriptionId: subscription.subscriptionId.toLowerCase(),
      tenantId: subscription.tenantId.toLowerCase(),
      displayName: subscription.displayName ?? "Simulated",
    };
    this.state.subscriptions[record.subscriptionId] = record;
    return record;
  }

  addResourceGroup(group: Omit<InGroup, "resourceGroup"> & { location?: string }): ResourceGroupRecord {
    this.tenantOf(group.subscriptionId);
    const record: ResourceGroupRecord = {
      id: groupId(group.subscriptionId, group.name),
      name: group.name,
      location: group.location ?? "westeurope",
      provisioningState: "Succeeded",
    };
    this.state.resourceGroups[keyOf(record.id)] = record;
    return record;
  }

  addStorageAccount(
    account: InGroup & Partial<Omit<StorageAccountRecord, "id" | "name">>,
  ): StorageAccountRecord {
    const { subscriptionId, resourceGroup, name, ...settings } = account;
    const group = this.group(subscriptionId, resourceGroup);
    const record: StorageAccountRecord = {
      ...newStorageAccount(
        `${group.id}/providers/Microsoft.Storage/storageAccounts/${name}`,
        name,
        group.location,
        this.timestamp(),
      ),
      ...settings,
    };
    this.state.storageAccounts[keyOf(record.id)] = record;
    return record;
  }

  addUserAssignedIdentity(
    identity: InGroup & { clientId?: string; principalId?: string; location?: string },
  ): UserAssignedIdentityRecord {
    const group = this.group(identity.subscriptionId, identity.resourceGroup);
    const record: UserAssignedIdentityRecord = {
      id: `${group.id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity.name}`,
      name: identity.name,
      location: identity.location ?? group.location,
      tenantId: this.tenantOf(identity.subscriptionId),
      principalId: (identity.principalId ?? randomUUID()).toLowerCase(),
      clientId: (identity.clientId ?? randomUUID()).toLowerCase(),
      tags: {},
    };
    this.state.userAssignedIdentities[keyOf(record.id)] = record;
    return record;
  }

  /** The identity that a virtual machine, a scale set and so on has of its own. */
  addSystemAssignedIdentity(
    identity: Pick<SystemAssignedIdentityRecord, "resourceId" | "tenantId"> &
      Partial<SystemAssignedIdentityRecord>,
  ): Principal {
    const record: SystemAssignedIdentityRecord = {
      resourceId: identity.resourceId,
      tenantId: identity.tenantId.toLowerCase(),
      principalId: (identity.principalId ?? randomUUID()).toLowerCase(),
      clientId: (identity.clientId ?? randomUUID()).toLowerCase(),
    };
    this.state.systemAssignedIdentities[keyOf(record.resourceId)] = record;
    return systemAssigned(record);
  }

  /** `identity` is the ID of the identity that shall trust. */
  addFederatedCredential(
    identity: string,
    credential: FederatedCredential,
  ): FederatedIdentityCredentialRecord {
    const parent = this.state.userAssignedIdentities[keyOf(identity)];
    if (parent === undefined) {
      throw new Error(`there is no user-assigned identity "${identity}"`);
    }
    const record = {
      ...credential,
      id: `${parent.id}/federatedIdentityCredentials/${credential.name}`,
      identity: keyOf(parent.id),
    };
    this.state.federatedIdentityCredentials[keyOf(record.id)] = record;
    return record;
  }

  /** `role` is a built-in role's name, or any role's GUID. */
  assignRole(assignment: { principalId: string; role: string; scope: string }): RoleAssignmentRecord {
    const name = randomUUID();
    const scope = assignment.scope === "/" ? "" : assignment.scope;
    const record: RoleAssignmentRecord = {
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      scope: assignment.scope,
      role: this.#roleNamed(assignment.role),
      principalId: assignment.principalId.toLowerCase(),
      principalType: "ServicePrincipal",
      description: null,
      createdOn: this.timestamp(),
      createdBy: "",
    };
    this.state.roleAssignments[keyOf(record.id)] = record;
    return record;
  }

  /** Ends what `assignRole` began. */
  removeRoleAssignment(id: string): void {
    delete this.state.roleAssignments[keyOf(id)];
  }

  /** Keeps what is at a scope or in it from being deleted or, ReadOnly, from being changed at all. */
  addLock(lock: { scope: string; name?: string; level?: LockRecord["level"] }): LockRecord {
    const record: LockRecord = {
      scope: lock.scope,
      name: lock.name ?? "lock",
      level: lock.level ?? "CanNotDelete",
    };
    this.state.locks[lockKey(record)] = record;
    return record;
  }

  removeLock(scope: string, name = "lock"): void {
    delete this.state.locks[lockKey({ scope, name })];
  }

  /** A managed identity by its client ID: this half of `PrincipalSource`. */
  find(tenantId: string, clientId: string): Principal | undefined {
    return this.principals().find(
      (principal) =>
        principal.clientId === clientId.toLowerCase() && principal.tenantId === tenantId.toLowerCase(),
    );
  }

  federatedCredentials(principal: Principal): readonly FederatedCredential[] {
    const identity = keyOf(principal.resourceId ?? "");
    return Object.values(this.state.federatedIdentityCredentials).filter(
      (credential) => credential.identity === identity,
    );
  }

  /** All managed identities. */
  principals(): readonly Principal[] {
    const { userAssignedIdentities, systemAssignedIdentities } = this.state;
    return [
      ...Object.values(userAssignedIdentities).map(userAssigned),
      ...Object.values(systemAssignedIdentities).map(systemAssigned),
    ];
  }

  /** A storage account by its name, which is unique in the world; for the data plane. */
  storageAccount(name: string): BlobAccount | undefined {
    const account = Object.values(this.state.storageAccounts).find((account) => account.name === name);
    const subscription = this.state.subscriptions[account?.id.split("/")[2]?.toLowerCase() ?? ""];
    if (account === undefined || subscription === undefined) {
      return undefined;
    }
    return accessTo(account, subscription.tenantId);
  }

  #roleNamed(nameOrGuid: string): string {
    const wanted = nameOrGuid.toLowerCase();
    const custom = Object.values(this.state.roleDefinitions).find((role) => role.name === wanted);
    const role = builtInRole(nameOrGuid) ?? custom;
    if (role === undefined) {
      throw new Error(`there is no role "${nameOrGuid}"`);
    }
    return role.name;
  }
}
