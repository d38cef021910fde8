import type { RolePermissions } from "./state.ts";

/** A role that every tenant has. */
export interface BuiltInRole {
  /** GUID, the same in every tenant and cloud. */
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
  readonly permissions: RolePermissions;
}

const CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers";
const DELEGATION_KEY = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action";

/** What most roles of a service bring along so that the portal works with them. */
const PORTAL = [
  "Microsoft.Authorization/*/read",
  "Microsoft.Insights/alertRules/*",
  "Microsoft.Resources/deployments/*",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];

/**
 * The built-in roles that backups in Azure meet.
 * Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "Full access, assigning roles included", {
    actions: ["*"],
  }),
  role("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "Full access, but for assigning roles", {
    actions: ["*"],
    notActions: [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
      "Microsoft.Blueprint/blueprintAssignments/write",
      "Microsoft.Blueprint/blueprintAssignments/delete",
      "Microsoft.Compute/galleries/share/action",
      "Microsoft.Purview/consents/write",
      "Microsoft.Purview/consents/delete",
      "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
      "Microsoft.Subscription/cancel/action",
      "Microsoft.Subscription/enable/action",
    ],
  }),
  role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "Views everything, changes nothing", {
    actions: ["*/read"],
  }),
  role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Manages who has access", {
    actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
  }),
  role(
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Role Based Access Control Administrator",
    "Manages access by assigning roles",
    {
      actions: [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
      ],
    },
  ),
  role(
    "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Account Contributor",
    "Manages storage accounts, their keys included",
    {
      actions: [
        ...PORTAL,
        "Microsoft.Insights/diagnosticSettings/*",
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Storage/storageAccounts/*",
      ],
    },
  ),
  role(
    "81a9662b-bebf-436f-a333-f67b29880f12",
    "Storage Account Key Operator Service Role",
    "Lists and regenerates the keys of storage accounts",
    {
      actions: [
        "Microsoft.Storage/storageAccounts/listkeys/action",
        "Microsoft.Storage/storageAccounts/regeneratekey/action",
      ],
    },
  ),
  role(
    "c12c1c16-33a1-487b-954d-41c89c60f349",
    "Reader and Data Access",
    "Views everything, and the data of storage accounts by their keys",
    {
      actions: [
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Storage/storageAccounts/ListAccountSas/action",
        "Microsoft.Storage/storageAccounts/read",
      ],
    },
  ),
  role("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner", "Full access to blobs", {
    actions: [`${CONTAINERS}/*`, DELEGATION_KEY],
    dataActions: [`${CONTAINERS}/blobs/*`],
  }),
  role(
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Contributor",
    "Reads, writes and deletes containers and blobs",
    {
      actions: [`${CONTAINERS}/delete`, `${CONTAINERS}/read`, `${CONTAINERS}/write`, DELEGATION_KEY],
      dataActions: [
        `${CONTAINERS}/blobs/delete`,
        `${CONTAINERS}/blobs/read`,
        `${CONTAINERS}/blobs/write`,
        `${CONTAINERS}/blobs/move/action`,
        `${CONTAINERS}/blobs/add/action`,
      ],
    },
  ),
  role(
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Blob Data Reader",
    "Reads and lists containers and blobs",
    { actions: [`${CONTAINERS}/read`, DELEGATION_KEY], dataActions: [`${CONTAINERS}/blobs/read`] },
  ),
  role("db58b8e5-c6ad-4a2a-8342-4190687cbf4a", "Storage Blob Delegator", "Gets user delegation keys", {
    actions: [DELEGATION_KEY],
  }),
  role(
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    "Managed Identity Contributor",
    "Creates, reads, updates and deletes user-assigned identities",
    {
      actions: [
        ...PORTAL,
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action",
      ],
    },
  ),
  role(
    "f1a07417-d97a-45cb-824c-7a7467783830",
    "Managed Identity Operator",
    "Reads and assigns user-assigned identities",
    {
      actions: [
        ...PORTAL,
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
      ],
    },
  ),
  role(
    "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24",
    "Disk Backup Reader",
    "Lets a backup vault read disks, which the role for snapshots does not",
    {
      actions: [
        "Microsoft.Authorization/*/read",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/beginGetAccess/action",
      ],
    },
  ),
  role(
    "7efff54f-a5b4-42b5-a1c5-5411624893ce",
    "Disk Snapshot Contributor",
    "Lets a backup vault manage disk snapshots",
    {
      actions: [
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/snapshots/delete",
        "Microsoft.Compute/snapshots/write",
        "Microsoft.Compute/snapshots/read",
        "Microsoft.Compute/snapshots/beginGetAccess/action",
        "Microsoft.Compute/snapshots/endGetAccess/action",
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Storage/storageAccounts/listkeys/action",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/read",
        "Microsoft.Storage/storageAccounts/delete",
      ],
    },
  ),
  role(
    "b50d9833-a0cb-478e-945f-707fcc997c13",
    "Disk Restore Operator",
    "Lets a backup vault make disks of snapshots",
    {
      actions: [
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/read",
      ],
    },
  ),
  // Without the dozen load balancer and backup actions that the real one has, too.
  role(
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    "Virtual Machine Contributor",
    "Manages virtual machines and disks, but not networks and storage accounts",
    {
      actions: [
        ...PORTAL,
        "Microsoft.Compute/availabilitySets/*",
        "Microsoft.Compute/locations/*",
        "Microsoft.Compute/virtualMachines/*",
        "Microsoft.Compute/virtualMachineScaleSets/*",
        "Microsoft.Compute/cloudServices/*",
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/delete",
        "Microsoft.Network/locations/*",
        "Microsoft.Network/networkInterfaces/*",
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.SqlVirtualMachine/*",
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Storage/storageAccounts/read",
      ],
    },
  ),
];

/** By GUID or by name, without regard to case. */
export function builtInRole(nameOrGuid: string): BuiltInRole | undefined {
  const wanted = nameOrGuid.toLowerCase();
  return BUILT_IN_ROLES.find((role) => role.name === wanted || role.roleName.toLowerCase() === wanted);
}

function role(
  name: string,
  roleName: string,
  description: string,
  permissions: Partial<RolePermissions>,
): BuiltInRole {
  const none = { actions: [], notActions: [], dataActions: [], notDataActions: [] };
  return { name, roleName, description, permissions: { ...none, ...permissions } };
}
