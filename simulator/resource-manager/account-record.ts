import { randomBytes } from "node:crypto";

import type { BlobAccount, NetworkRules } from "../core/blob-account.ts";
import type { AccountKey, StorageAccountRecord } from "./state.ts";

/** An account with Azure's defaults and two fresh keys. */
export function newStorageAccount(
  id: string,
  name: string,
  location: string,
  now: string,
): StorageAccountRecord {
  return {
    id,
    name,
    location,
    kind: "StorageV2",
    sku: "Standard_LRS",
    tags: {},
    creationTime: now,
    keys: [freshKey("key1", now), freshKey("key2", now)],
    allowSharedKeyAccess: null,
    allowBlobPublicAccess: false,
    publicNetworkAccess: null,
    networkAcls: { bypass: "AzureServices", defaultAction: "Allow", ipRules: [], virtualNetworkRules: [] },
    minimumTlsVersion: "TLS1_2",
    supportsHttpsTrafficOnly: true,
    accessTier: "Hot",
    provisioningState: "Succeeded",
  };
}

export function freshKey(keyName: AccountKey["keyName"], now: string): AccountKey {
  return { keyName, value: randomBytes(64).toString("base64"), creationTime: now };
}

/** With public access off, nothing but private endpoints is let in: no rule helps. */
function networkOf(account: StorageAccountRecord): NetworkRules {
  if (account.publicNetworkAccess === "Disabled") {
    return { defaultAction: "Deny", ipRules: [] };
  }
  const { defaultAction, ipRules } = account.networkAcls;
  return { defaultAction, ipRules: ipRules.map((rule) => rule.value) };
}

/** The account as the data plane sees it. */
export function accessTo(account: StorageAccountRecord, tenantId: string): BlobAccount {
  return {
    name: account.name,
    resourceId: account.id,
    tenantId,
    keys: account.keys.map((key) => key.value),
    allowSharedKeyAccess: account.allowSharedKeyAccess ?? true,
    allowBlobPublicAccess: account.allowBlobPublicAccess,
    httpsOnly: account.supportsHttpsTrafficOnly,
    network: networkOf(account),
  };
}
