import { invalidApiVersion } from "./api-versions.ts";
import type { Answer, CloudEndpoints } from "./routes.ts";

const OLD = ["1.0", "2015-01-01"];
const MIDDLE = ["2018-01-01", "2018-05-01"];
const ARRAY = ["2019-05-01", "2020-06-01"];
const CURRENT = ["2022-09-01", "2023-12-01"];

/**
 * What a cloud tells clients of itself before they sign in. The shape has changed with the versions: Azure Stack Hub is
 * asked for 2015-01-01, the Azure CLI and Go's clients ask for one cloud of 2022-09-01 or for the array of 2019-05-01.
 * Addresses of services that are not simulated are names that lead nowhere.
 */
export function metadataEndpoints(version: string, origin: string, cloud: CloudEndpoints): Answer {
  if (OLD.includes(version) || MIDDLE.includes(version)) {
    return { status: 200, body: oldForm(cloud, MIDDLE.includes(version)) };
  }
  if (ARRAY.includes(version)) {
    return { status: 200, body: [currentForm(origin, cloud)] };
  }
  if (CURRENT.includes(version)) {
    return { status: 200, body: currentForm(origin, cloud) };
  }
  throw invalidApiVersion(version, [...CURRENT, ...ARRAY, ...MIDDLE, ...OLD].sort().reverse());
}

/** AD FS is told by its address alone. */
function identityProvider(cloud: CloudEndpoints): "ADFS" | "AAD" {
  return cloud.login.toLowerCase().endsWith("/adfs") ? "ADFS" : "AAD";
}

function oldForm(cloud: CloudEndpoints, withTenant: boolean) {
  const login = identityProvider(cloud) === "ADFS" ? cloud.login : `${cloud.login}/`;
  return {
    galleryEndpoint: "https://gallery.invalid/",
    graphEndpoint: "https://graph.invalid/",
    portalEndpoint: "https://portal.invalid/",
    ...(withTenant ? { graphAudience: "https://graph.invalid/" } : {}),
    authentication: {
      loginEndpoint: login,
      audiences: cloud.audiences,
      ...(withTenant ? { tenant: "common", identityProvider: identityProvider(cloud) } : {}),
    },
  };
}

function currentForm(origin: string, cloud: CloudEndpoints) {
  return {
    portal: "https://portal.invalid",
    authentication: {
      loginEndpoint: cloud.login,
      audiences: cloud.audiences,
      tenant: identityProvider(cloud) === "ADFS" ? "adfs" : "common",
      identityProvider: identityProvider(cloud),
    },
    graphAudience: "https://graph.invalid/",
    graph: "https://graph.invalid/",
    name: cloud.name,
    suffixes: { storage: cloud.storageSuffix, keyVaultDns: `vault.${cloud.storageSuffix}` },
    resourceManager: `${origin}/`,
  };
}
