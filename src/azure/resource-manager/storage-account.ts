import { Failure } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import { field, incomplete, textField } from "./json.ts";
import type { ResourceCall } from "./call.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** What resource IDs of storage accounts are made of. */
export interface StorageAccountId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly account: string;
}

/** Has what is used here since 2019-04-01; this version is in every cloud but Azure Stack Hub (2019-06-01). */
const API_VERSION = "2023-01-01";

function resource({ subscriptionId, resourceGroup, account }: StorageAccountId): readonly string[] {
  const group = ["subscriptions", subscriptionId, "resourceGroups", resourceGroup];
  return [...group, "providers", "Microsoft.Storage", "storageAccounts", account];
}

/**
 * The account's first key that allows everything. `$expand=kerb` and the choice are the official plugin's.
 * Source: learn.microsoft.com/rest/api/storagerp/storage-accounts/list-keys
 */
export async function listAccountKey(
  manager: ResourceManager,
  id: StorageAccountId,
  signal: AbortSignal,
): Promise<Secret> {
  const call: ResourceCall = {
    method: "POST",
    what: `list the keys of storage account "${id.account}"`,
    resource: resource(id),
    action: "listKeys",
    query: "$expand=kerb",
    apiVersion: API_VERSION,
    permission: {
      action: "Microsoft.Storage/storageAccounts/listKeys/action",
      role: "Storage Account Key Operator Service Role",
    },
    absent: "FailedPrecondition",
  };
  const keys = field(await manager.call(call, signal), "keys");
  if (!Array.isArray(keys)) {
    throw incomplete(call.what, "keys");
  }
  const full = keys.find((key) => textField(key, "permissions")?.toLowerCase() === "full");
  const value = textField(full, "value");
  if (value === undefined) {
    throw new Failure(
      "FailedPrecondition",
      `cannot ${call.what}: none of its ${keys.length} keys allows everything`,
      {
        hint: 'renew the account\'s keys, or set useAAD to "true"',
      },
    );
  }
  return new Secret(value);
}

/**
 * The address of the account's blob service, as Azure tells it. Source:
 * learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties
 */
export async function findPrimaryBlobEndpoint(
  manager: ResourceManager,
  id: StorageAccountId,
  signal: AbortSignal,
): Promise<string> {
  const call: ResourceCall = {
    method: "GET",
    what: `look up storage account "${id.account}"`,
    resource: resource(id),
    apiVersion: API_VERSION,
    permission: { action: "Microsoft.Storage/storageAccounts/read", role: "Reader" },
    absent: "FailedPrecondition",
  };
  const account = await manager.call(call, signal);
  const endpoint = textField(field(field(account, "properties"), "primaryEndpoints"), "blob");
  if (endpoint === undefined) {
    throw incomplete(call.what, "primaryEndpoints.blob");
  }
  return endpoint;
}
