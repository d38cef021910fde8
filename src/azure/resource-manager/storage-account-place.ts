import { Failure } from "../../errors/error.ts";
import type { StorageAccountId } from "./storage-account.ts";

/** What the location says of where its account is. */
export interface StorageAccountPlace {
  readonly subscriptionId?: string | undefined;
  readonly resourceGroup?: string | undefined;
}

/**
 * The account's ID; undefined when something is missing that is not needed. Throws `Failure` InvalidArgument that names
 * both places where each missing value may stand.
 */
export function requireAccountId(
  account: string,
  { subscriptionId, resourceGroup }: StorageAccountPlace,
  needed: boolean,
): StorageAccountId | undefined {
  if (subscriptionId !== undefined && resourceGroup !== undefined) {
    return { subscriptionId, resourceGroup, account };
  }
  if (!needed) {
    return undefined;
  }
  const missing = [
    ...(subscriptionId === undefined ? [named("subscriptionId", "AZURE_SUBSCRIPTION_ID")] : []),
    ...(resourceGroup === undefined ? [named("resourceGroup", "AZURE_RESOURCE_GROUP")] : []),
  ];
  throw new Failure(
    "InvalidArgument",
    `cannot list the keys of storage account "${account}": there is ${missing.join(", and ")}`,
    {
      hint: 'add what is missing, or set useAAD to "true", which needs neither and lists no keys',
    },
  );
}

function named(key: string, credential: string): string {
  return `neither ${key} in the location's config nor ${credential} in the credentials file`;
}
