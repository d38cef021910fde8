import type { FederatedCredential } from "../core/principals.ts";
import { defaultComputeSettings } from "./compute/records.ts";
import type {
  ComputeSettings,
  DiskAccessRecord,
  DiskEncryptionSetRecord,
  DiskRecord,
  SnapshotRecord,
} from "./compute/records.ts";
import type { JsonObject, Tags } from "./json.ts";

/**
 * All that a simulated Resource Manager knows: plain JSON, to be written with `JSON.stringify` and handed in again.
 *
 * Every table is keyed by the resource's ID in lower case, since Azure compares IDs without regard to case; the ID
 * inside a record is spelt as it was created.
 */
export interface ResourceManagerState {
  /** Keyed by the subscription's GUID. */
  readonly subscriptions: Record<string, SubscriptionRecord>;
  readonly resourceGroups: Record<string, ResourceGroupRecord>;
  readonly storageAccounts: Record<string, StorageAccountRecord>;
  readonly userAssignedIdentities: Record<string, UserAssignedIdentityRecord>;
  /** Keyed by the ID of the resource that has the identity. */
  readonly systemAssignedIdentities: Record<string, SystemAssignedIdentityRecord>;
  readonly federatedIdentityCredentials: Record<string, FederatedIdentityCredentialRecord>;
  /** Custom ones only, keyed by `TENANT/GUID`: they belong to the tenant, whatever scope they are asked for at. */
  readonly roleDefinitions: Record<string, RoleDefinitionRecord>;
  readonly roleAssignments: Record<string, RoleAssignmentRecord>;
  readonly disks: Record<string, DiskRecord>;
  readonly snapshots: Record<string, SnapshotRecord>;
  readonly diskEncryptionSets: Record<string, DiskEncryptionSetRecord>;
  readonly diskAccesses: Record<string, DiskAccessRecord>;
  readonly compute: ComputeSettings;
  readonly locks: Record<string, LockRecord>;
  /** Keyed by the operation's GUID. */
  readonly operations: Record<string, OperationRecord>;
}

export interface SubscriptionRecord {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly displayName: string;
}

export interface ResourceGroupRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  tags?: Tags;
  provisioningState: "Succeeded" | "Deleting";
}

export interface AccountKey {
  readonly keyName: "key1" | "key2";
  /** Base64 of 64 bytes. */
  value: string;
  creationTime: string;
}

/** Source: learn.microsoft.com/rest/api/storagerp/storage-accounts/create#networkruleset */
export interface NetworkRuleSet {
  readonly bypass: string;
  readonly defaultAction: "Allow" | "Deny";
  /** Addresses and CIDR ranges that pass although the default is Deny. */
  readonly ipRules: readonly { readonly value: string; readonly action: "Allow" }[];
  readonly virtualNetworkRules: readonly { readonly id: string; readonly action: "Allow" }[];
}

export interface StorageAccountRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly kind: string;
  readonly creationTime: string;
  readonly keys: AccountKey[];
  sku: string;
  tags: Tags;
  /** Null when it was never set, which Azure takes for true. */
  allowSharedKeyAccess: boolean | null;
  allowBlobPublicAccess: boolean;
  publicNetworkAccess: "Enabled" | "Disabled" | null;
  networkAcls: NetworkRuleSet;
  minimumTlsVersion: string;
  supportsHttpsTrafficOnly: boolean;
  accessTier: string;
  provisioningState: "Succeeded" | "Creating";
}

export interface UserAssignedIdentityRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tenantId: string;
  readonly principalId: string;
  readonly clientId: string;
  tags: Tags;
}

export interface SystemAssignedIdentityRecord {
  readonly resourceId: string;
  readonly tenantId: string;
  readonly principalId: string;
  readonly clientId: string;
}

export interface FederatedIdentityCredentialRecord extends FederatedCredential {
  readonly id: string;
  /** Lower-case ID of the identity that trusts. */
  readonly identity: string;
}

/** Source: learn.microsoft.com/azure/role-based-access-control/role-definitions#role-definition-properties */
export interface RolePermissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface RoleDefinitionRecord {
  /** GUID. */
  readonly name: string;
  readonly tenantId: string;
  readonly roleName: string;
  readonly description: string;
  readonly permissions: readonly RolePermissions[];
  readonly assignableScopes: readonly string[];
  readonly createdOn: string;
  readonly updatedOn: string;
  readonly updatedBy: string;
}

export interface RoleAssignmentRecord {
  readonly id: string;
  /** GUID. */
  readonly name: string;
  /** As Azure returns it: a resource ID, `/` for the tenant's root. */
  readonly scope: string;
  /** GUID of the role's definition, in lower case. */
  readonly role: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly description: string | null;
  readonly createdOn: string;
  readonly createdBy: string;
}

export interface LockRecord {
  /** ID of what is locked, with all that is in it. */
  readonly scope: string;
  readonly name: string;
  readonly level: "CanNotDelete" | "ReadOnly";
}

export interface OperationRecord {
  readonly operationId: string;
  readonly subscriptionId: string;
  /** What happens to the resource when the time has come. */
  readonly effect: "provision" | "delete" | "access";
  /** Lower-case ID. */
  readonly resourceId: string;
  /** Milliseconds since 1970 of the simulated clock. */
  readonly startedAt: number;
  readonly doneAt: number;
  /** Why it ends as Failed. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** What it comes to, where that is not the resource. */
  readonly output?: JsonObject;
  status: "InProgress" | "Succeeded" | "Failed";
}

/** A world without a single subscription. */
export function emptyState(): ResourceManagerState {
  return {
    subscriptions: {},
    resourceGroups: {},
    storageAccounts: {},
    userAssignedIdentities: {},
    systemAssignedIdentities: {},
    federatedIdentityCredentials: {},
    roleDefinitions: {},
    roleAssignments: {},
    disks: {},
    snapshots: {},
    diskEncryptionSets: {},
    diskAccesses: {},
    compute: defaultComputeSettings(),
    locks: {},
    operations: {},
  };
}
