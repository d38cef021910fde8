import { blobContainerRoutes } from "./resources/blob-containers.ts";
import { computeOperationRoutes } from "./resources/compute-operations.ts";
import { computeSkuRoutes } from "./resources/compute-skus.ts";
import { diskAccessRoutes } from "./resources/disk-accesses.ts";
import { diskEncryptionSetRoutes } from "./resources/disk-encryption-sets.ts";
import { diskRoutes } from "./resources/disks.ts";
import { federatedIdentityCredentialRoutes } from "./resources/federated-identity-credentials.ts";
import { operationRoutes } from "./resources/operations.ts";
import { resourceGroupRoutes } from "./resources/resource-groups.ts";
import { roleAssignmentRoutes } from "./resources/role-assignments.ts";
import { roleDefinitionRoutes } from "./resources/role-definitions.ts";
import { snapshotRoutes } from "./resources/snapshots.ts";
import { storageAccountKeyRoutes } from "./resources/storage-account-keys.ts";
import { storageAccountRoutes } from "./resources/storage-accounts.ts";
import { subscriptionRoutes } from "./resources/subscriptions.ts";
import { userAssignedIdentityRoutes } from "./resources/user-assigned-identities.ts";
import type { Route, Surroundings } from "./routes.ts";

/** Every operation there is; a further resource kind is a file in `resources/` and a line here. */
export function allRoutes(surroundings: Surroundings): readonly Route[] {
  return [
    ...subscriptionRoutes(),
    ...resourceGroupRoutes(surroundings),
    ...storageAccountRoutes(surroundings),
    ...storageAccountKeyRoutes(),
    ...blobContainerRoutes(surroundings),
    ...roleDefinitionRoutes(),
    ...roleAssignmentRoutes(surroundings),
    ...userAssignedIdentityRoutes(),
    ...federatedIdentityCredentialRoutes(),
    ...operationRoutes(surroundings),
    ...computeOperationRoutes(),
    ...computeSkuRoutes(),
    ...diskAccessRoutes(),
    ...diskEncryptionSetRoutes(),
    ...diskRoutes(),
    ...snapshotRoutes(),
  ];
}
