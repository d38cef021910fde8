import { ManagementError } from "./errors.ts";

/**
 * The versions that are taken, a provider each, newest first: those that current and older clients send, the Azure CLI's previews among them.
 * Whatever the version, answers have the newest one's shape.
 */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  "microsoft.resources": [
    ...["2025-04-01", "2025-03-01", "2024-11-01", "2024-08-01", "2024-07-01", "2024-03-01", "2023-07-01"],
    ...["2022-12-01", "2022-09-01", "2022-01-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-08-01"],
    ...["2020-06-01", "2020-01-01", "2019-11-01", "2019-10-01", "2019-08-01", "2019-07-01", "2019-06-01"],
    ...["2019-05-10", "2019-05-01", "2019-03-01", "2018-05-01", "2018-02-01", "2018-01-01", "2017-05-10"],
    ...["2016-09-01", "2016-06-01", "2016-02-01", "2015-11-01", "2015-01-01", "2014-04-01"],
  ],
  "microsoft.storage": [
    ...["2026-09-01", "2026-04-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01"],
    ...["2023-04-01", "2023-01-01", "2022-09-01", "2022-05-01", "2021-09-01", "2021-08-01", "2021-06-01"],
    ...["2021-04-01", "2021-02-01", "2021-01-01", "2019-06-01", "2019-04-01", "2018-11-01", "2018-07-01"],
    ...["2018-02-01", "2017-10-01", "2017-06-01", "2016-12-01", "2016-05-01", "2016-01-01", "2015-06-15"],
  ],
  "microsoft.authorization": [
    "2022-05-01-preview",
    ...["2022-04-01", "2022-01-01-preview", "2021-04-01-preview", "2020-10-01-preview", "2020-08-01-preview"],
    ...["2020-04-01-preview", "2020-03-01-preview", "2018-09-01-preview", "2018-07-01", "2018-01-01-preview"],
    ...["2017-10-01-preview", "2015-07-01"],
  ],
  "microsoft.managedidentity": [
    ...["2025-05-31-preview", "2025-01-31-preview"],
    ...["2024-11-30", "2023-07-31-preview", "2023-01-31", "2022-01-31-preview", "2021-09-30-preview"],
    ...["2018-11-30", "2015-08-31-preview"],
  ],
  "microsoft.compute": [
    ...["2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2023-01-02", "2022-07-02"],
    ...["2022-03-02", "2021-12-01", "2021-08-01", "2021-04-01", "2020-12-01", "2020-09-30", "2020-06-30"],
    ...["2020-05-01", "2019-11-01", "2019-07-01", "2019-03-01", "2018-09-30", "2018-06-01", "2018-04-01"],
    // The list of SKUs has versions of its own: the last three.
    ...["2017-03-30", "2021-07-01", "2019-04-01", "2017-09-01"],
  ],
};

const WELL_FORMED = /^\d{4}-\d{2}-\d{2}(-[a-z]+)?$/i;

/** The `api-version` of a query. Its absence is told before anything else, sign-in included. */
export function requiredApiVersion(query: URLSearchParams): string {
  for (const [name, value] of query) {
    if (name.toLowerCase() === "api-version" && value !== "") {
      return value;
    }
  }
  throw new ManagementError(
    400,
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );
}

/**
 * Refuses a version that the provider does not have: Resource Manager's own types and malformed versions with one
 * error, other providers' types with another. `location` is where the resource's group lies, if that is known.
 */
export function checkApiVersion(namespace: string, type: string, version: string, location: string): void {
  const versions = VERSIONS[namespace.toLowerCase()] ?? [];
  if (versions.includes(version.toLowerCase())) {
    return;
  }
  if (namespace.toLowerCase() === "microsoft.resources" || !WELL_FORMED.test(version)) {
    throw invalidApiVersion(version, versions);
  }
  throw new ManagementError(
    400,
    "NoRegisteredProviderFound",
    `No registered resource provider found for location '${location}' and API version '${version}' for type ` +
      `'${type}'. The supported api-versions are '${[...versions].reverse().join(", ")}'. ` +
      `The supported locations are '${location}'.`,
  );
}

export function invalidApiVersion(version: string, supported: readonly string[]): ManagementError {
  return new ManagementError(
    400,
    "InvalidApiVersionParameter",
    `The api-version '${version}' is invalid. The supported versions are '${supported.join(",")}'.`,
  );
}

/** Namespaces that this simulator has any type of. */
export function isKnownNamespace(namespace: string): boolean {
  return Object.hasOwn(VERSIONS, namespace.toLowerCase());
}

export function versionsOf(namespace: string): readonly string[] {
  return VERSIONS[namespace.toLowerCase()] ?? [];
}
