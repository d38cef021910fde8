import { booleanIn, isObject, listIn, objectIn, tagsIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { NetworkRuleSet, StorageAccountRecord } from "../state.ts";

/** Takes over what a PUT or PATCH of an account says, and leaves the rest as it is. */
export function applySettings(account: StorageAccountRecord, body: JsonObject): void {
  const properties = objectIn(body, "properties");
  account.sku = textIn(objectIn(body, "sku"), "name") ?? account.sku;
  account.tags = tagsIn(body) ?? account.tags;
  account.allowSharedKeyAccess =
    booleanIn(properties, "allowSharedKeyAccess") ?? account.allowSharedKeyAccess;
  account.allowBlobPublicAccess =
    booleanIn(properties, "allowBlobPublicAccess") ?? account.allowBlobPublicAccess;
  account.supportsHttpsTrafficOnly =
    booleanIn(properties, "supportsHttpsTrafficOnly") ?? account.supportsHttpsTrafficOnly;
  account.minimumTlsVersion = textIn(properties, "minimumTlsVersion") ?? account.minimumTlsVersion;
  account.accessTier = textIn(properties, "accessTier") ?? account.accessTier;
  const access = textIn(properties, "publicNetworkAccess");
  if (access === "Enabled" || access === "Disabled") {
    account.publicNetworkAccess = access;
  }
  if (isObject(properties["networkAcls"])) {
    account.networkAcls = networkAcls(properties["networkAcls"], account.networkAcls);
  }
}

/** Lists that are not named stay; lists that are named replace. */
function networkAcls(body: JsonObject, former: NetworkRuleSet): NetworkRuleSet {
  const rules = (name: string, field: string) =>
    listIn(body, name).flatMap((rule) => {
      const value = isObject(rule) ? textIn(rule, field) : undefined;
      return value === undefined ? [] : [value];
    });
  const action = "Allow" as const;
  return {
    bypass: textIn(body, "bypass") ?? former.bypass,
    defaultAction: textIn(body, "defaultAction")?.toLowerCase() === "deny" ? "Deny" : "Allow",
    ipRules:
      body["ipRules"] === undefined
        ? former.ipRules
        : rules("ipRules", "value").map((value) => ({ value, action })),
    virtualNetworkRules:
      body["virtualNetworkRules"] === undefined
        ? former.virtualNetworkRules
        : rules("virtualNetworkRules", "id").map((id) => ({ id, action })),
  };
}
