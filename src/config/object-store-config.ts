import { type Findings, type ParsedConfig, type RawConfig, parseLocationConfig } from "./location-config.ts";
import type { ObjectStoreConfig } from "./location-keys.ts";

/**
 * Reads the config that Velero's Init brings for an object store.
 *
 * Throws one Failure (InvalidArgument) that tells all problems at once, on one line.
 */
export function parseObjectStoreConfig(raw: RawConfig): ParsedConfig<ObjectStoreConfig> {
  return parseLocationConfig("object store", raw, checkTogether);
}

/** The blob endpoint that the config itself names, and the key that names it; undefined: derive it from the cloud. */
export function configuredEndpoint(
  config: ObjectStoreConfig,
): { readonly url: string; readonly key: "storageAccountBlobEndpoint" | "storageAccountURI" } | undefined {
  if (config.storageAccountSASTokenEnvVar !== undefined && config.storageAccountBlobEndpoint !== undefined) {
    return { url: config.storageAccountBlobEndpoint, key: "storageAccountBlobEndpoint" };
  }
  return config.storageAccountURI === undefined
    ? undefined
    : { url: config.storageAccountURI, key: "storageAccountURI" };
}

function checkTogether(config: ObjectStoreConfig): Findings {
  const problems: string[] = [];
  const warnings: string[] = [];
  const sas = config.storageAccountSASTokenEnvVar !== undefined;
  if (sas && config.useAAD) {
    problems.push("storageAccountSASTokenEnvVar and useAAD exclude each other: keep one of them");
  }
  if (sas && config.storageAccountKeyEnvVar !== undefined) {
    warnings.push("storageAccountKeyEnvVar: not looked at, since storageAccountSASTokenEnvVar is there");
  }
  if (!sas && config.storageAccountBlobEndpoint !== undefined) {
    warnings.push(
      "storageAccountBlobEndpoint: not looked at, since it is for a SAS token: write storageAccountURI",
    );
  }
  const endpoint = configuredEndpoint(config);
  if (endpoint !== undefined && namesContainer(endpoint.url, config)) {
    problems.push(
      `${endpoint.key}: the address must end before the container's name, which the location's bucket tells`,
    );
  }
  return { problems, warnings };
}

/** Whether an address of Azure's own form, the account as its first label, has the container for its path. */
function namesContainer(endpoint: string, config: ObjectStoreConfig): boolean {
  const { hostname, pathname } = new URL(endpoint);
  return (
    hostname.startsWith(`${config.storageAccount.toLowerCase()}.`) &&
    pathname === `/${config.bucket ?? ""}` &&
    pathname !== "/"
  );
}
