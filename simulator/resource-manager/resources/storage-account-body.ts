import type { Json } from "../json.ts";
import type { CloudEndpoints } from "../routes.ts";
import type { StorageAccountRecord } from "../state.ts";

/** Source: learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties#storageaccount */
export function storageAccountBody(account: StorageAccountRecord, cloud: CloudEndpoints): Json {
  return {
    sku: { name: account.sku, tier: account.sku.split("_")[0] ?? "Standard" },
    kind: account.kind,
    id: account.id,
    name: account.name,
    type: "Microsoft.Storage/storageAccounts",
    location: account.location,
    tags: account.tags,
    properties: propertiesOf(account, cloud),
  };
}

function propertiesOf(account: StorageAccountRecord, cloud: CloudEndpoints): Json {
  const created = account.creationTime;
  const keyTimes = account.keys.map((key) => [key.keyName, key.creationTime]);
  return {
    keyCreationTime: Object.fromEntries(keyTimes),
    ...(account.allowSharedKeyAccess === null ? {} : { allowSharedKeyAccess: account.allowSharedKeyAccess }),
    ...(account.publicNetworkAccess === null ? {} : { publicNetworkAccess: account.publicNetworkAccess }),
    privateEndpointConnections: [],
    minimumTlsVersion: account.minimumTlsVersion,
    allowBlobPublicAccess: account.allowBlobPublicAccess,
    networkAcls: {
      bypass: account.networkAcls.bypass,
      virtualNetworkRules: account.networkAcls.virtualNetworkRules.map((rule) => ({ ...rule })),
      ipRules: account.networkAcls.ipRules.map((rule) => ({ ...rule })),
      defaultAction: account.networkAcls.defaultAction,
    },
    supportsHttpsTrafficOnly: account.supportsHttpsTrafficOnly,
    encryption: {
      services: {
        file: { keyType: "Account", enabled: true, lastEnabledTime: created },
        blob: { keyType: "Account", enabled: true, lastEnabledTime: created },
      },
      keySource: "Microsoft.Storage",
    },
    accessTier: account.accessTier,
    provisioningState: account.provisioningState,
    creationTime: created,
    primaryEndpoints: endpointsOf(account.name, cloud),
    primaryLocation: account.location,
    statusOfPrimary: "available",
  };
}

/** Only the blob service is really there. */
function endpointsOf(name: string, cloud: CloudEndpoints): Json {
  const at = (service: string) => `https://${name}.${service}.${cloud.storageSuffix}/`;
  return {
    dfs: at("dfs"),
    web: at("z6.web"),
    blob: cloud.blob(name),
    queue: at("queue"),
    table: at("table"),
    file: at("file"),
  };
}
