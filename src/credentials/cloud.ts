import { readEndpoint } from "../config/endpoint.ts";
import type { CredentialValues, Environment } from "../config/credentials-file.ts";
import type { PublicCredentialKey } from "../config/credential-keys.ts";
import { quote } from "../config/quote.ts";
import { Failure } from "../errors/error.ts";
import { describeFile } from "./describe-file.ts";

/** Where one Azure cloud's services live. */
export interface Cloud {
  /** The name that Azure's tools use for it. */
  readonly name: string;
  /**
   * What follows `ACCOUNT.blob.`, `ACCOUNT.file.` and so on in a storage account's host names; undefined when a
   * custom cloud does not tell it, so that each location must name its endpoint.
   */
  readonly storageSuffix: string | undefined;
  /** Where Microsoft Entra (or AD FS) identities sign in: an address without a slash at its end. */
  readonly authority: string;
  /** Azure Resource Manager: an address without a slash at its end. */
  readonly resourceManager: string;
  /** What tokens are asked for, by the service that takes them. */
  readonly audiences: { readonly storage: string; readonly resourceManager: string };
}

/** The blob service of every public cloud takes tokens for it (source: "Authorize access to blobs using Microsoft Entra ID"). */
export const STORAGE_AUDIENCE = "https://storage.azure.com";

const publicCloud: Cloud = {
  name: "AzureCloud",
  storageSuffix: "core.windows.net",
  authority: "https://login.microsoftonline.com",
  resourceManager: "https://management.azure.com",
  audiences: { storage: STORAGE_AUDIENCE, resourceManager: "https://management.azure.com" },
};

const usGovernment: Cloud = {
  name: "AzureUSGovernment",
  storageSuffix: "core.usgovcloudapi.net",
  authority: "https://login.microsoftonline.us",
  resourceManager: "https://management.usgovcloudapi.net",
  audiences: { storage: STORAGE_AUDIENCE, resourceManager: "https://management.core.usgovcloudapi.net" },
};

const china: Cloud = {
  name: "AzureChinaCloud",
  storageSuffix: "core.chinacloudapi.cn",
  authority: "https://login.chinacloudapi.cn",
  resourceManager: "https://management.chinacloudapi.cn",
  audiences: { storage: STORAGE_AUDIENCE, resourceManager: "https://management.core.chinacloudapi.cn" },
};

/** Older names of the clouds' authorities, which still answer. */
const OTHER_AUTHORITIES = [
  "login.windows.net",
  "login.microsoft.com",
  "sts.windows.net",
  "login.partner.microsoftonline.cn",
];

/** Whether it is Microsoft Entra's, or this very machine. */
export function isWellKnownAuthority(url: string): boolean {
  const { origin, hostname } = new URL(url);
  const known = [publicCloud, usGovernment, china].some(({ authority }) => authority === origin);
  const here = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return known || here || OTHER_AUTHORITIES.some((host) => origin === `https://${host}`);
}

/** Source: `pkg/util/azure` of Velero, which reads AZURE_CLOUD_NAME for the official plugin. */
const byName: ReadonlyMap<string, Cloud> = new Map([
  ["AzureCloud", publicCloud],
  ["AzurePublicCloud", publicCloud],
  ["AzureUSGovernment", usGovernment],
  ["AzureUSGovernmentCloud", usGovernment],
  ["AzureChinaCloud", china],
]);

/** The name that the Kubernetes Azure cloud provider has for every cloud that is not in its table. */
const CUSTOM = "AzureStackCloud";

/** Which cloud a location means, before any file or service was asked about it; safe to print. */
export interface CloudChoice {
  readonly name: string;
  /** What named it. */
  readonly from: string;
  readonly where:
    | { readonly kind: "known"; readonly cloud: Cloud }
    /** A JSON file as the Kubernetes Azure cloud provider reads it. */
    | { readonly kind: "file"; readonly path: string }
    /** Resource Manager, which tells the rest by its `/metadata/endpoints`. */
    | { readonly kind: "asked"; readonly resourceManager: string };
  /** Goes before the cloud's own authority: an address without a slash at its end. */
  readonly authority: { readonly url: string; readonly from: string } | undefined;
}

export interface CloudInput {
  readonly config: { readonly activeDirectoryAuthorityURI: string | undefined };
  readonly values: CredentialValues;
  readonly env: Environment;
}

/**
 * The cloud of a location. Its name and, for a custom one, its file or endpoint are each taken from the credentials
 * file first, then from the environment. Pure. Throws `Failure` InvalidArgument for an unknown name, for a custom
 * cloud without either, and for an address that is none.
 */
export function chooseCloud(input: CloudInput): CloudChoice {
  const named = lookUp(input, "AZURE_CLOUD_NAME");
  const authority = authorityOf(input, named !== undefined);
  if (named?.value.trim().toLowerCase() === CUSTOM.toLowerCase()) {
    return { name: CUSTOM, from: named.from, where: customCloud(input), authority };
  }
  for (const name of ["AZURE_ENVIRONMENT_FILEPATH", "AZURE_RESOURCE_MANAGER_ENDPOINT"] as const) {
    // In the environment they may be meant for others; in the location's own file they would be silently lost.
    if (input.values.get(name) !== undefined) {
      throw cloudFailure(`${name} of ${describeFile(input.values)}`, {
        reason: `without AZURE_CLOUD_NAME=${CUSTOM} it has no effect`,
        hint: `set AZURE_CLOUD_NAME to ${CUSTOM}, or remove ${name}`,
      });
    }
  }
  const cloud = findCloud(named?.value);
  return { name: cloud.name, from: named?.from ?? "default", where: { kind: "known", cloud }, authority };
}

/**
 * The cloud that AZURE_CLOUD_NAME names, in any case; absent or empty is the public one. Throws `Failure`
 * InvalidArgument for a name that is none.
 */
export function findCloud(name: string | undefined): Cloud {
  const wanted = (name ?? "").trim().toLowerCase();
  if (wanted === "") {
    return publicCloud;
  }
  for (const [known, cloud] of byName) {
    if (known.toLowerCase() === wanted) {
      return cloud;
    }
  }
  throw cloudFailure(`AZURE_CLOUD_NAME ${quote(name ?? "")}`, {
    reason: "unknown cloud",
    hint: `use one of ${[...byName.keys()].join(", ")}, or ${CUSTOM} for one of your own`,
  });
}

function customCloud(input: CloudInput): CloudChoice["where"] {
  const file = lookUp(input, "AZURE_ENVIRONMENT_FILEPATH");
  const endpoint = lookUp(input, "AZURE_RESOURCE_MANAGER_ENDPOINT");
  // Both in one place: the file goes first, since it needs no request. Else the location's own goes first.
  if (file !== undefined && (file.own || endpoint?.own !== true)) {
    return { kind: "file", path: file.value };
  }
  if (endpoint !== undefined) {
    const resourceManager = address("AZURE_RESOURCE_MANAGER_ENDPOINT", endpoint.value);
    return { kind: "asked", resourceManager };
  }
  throw cloudFailure(`AZURE_CLOUD_NAME "${CUSTOM}"`, {
    reason: "nothing says where that cloud is",
    hint: "set AZURE_ENVIRONMENT_FILEPATH to the JSON file of the Kubernetes Azure cloud provider, or AZURE_RESOURCE_MANAGER_ENDPOINT, in the credentials file or the environment",
  });
}

/**
 * The config's authority, else, where the location leaves its cloud open, the one that the workload identity webhook
 * puts into the pod's environment.
 */
function authorityOf({ config, env }: CloudInput, cloudIsNamed: boolean): CloudChoice["authority"] {
  if (config.activeDirectoryAuthorityURI !== undefined) {
    const url = address("activeDirectoryAuthorityURI", config.activeDirectoryAuthorityURI);
    return { url, from: "activeDirectoryAuthorityURI of the config" };
  }
  const host = env["AZURE_AUTHORITY_HOST"] ?? "";
  return host === "" || cloudIsNamed
    ? undefined
    : { url: address("AZURE_AUTHORITY_HOST", host), from: "AZURE_AUTHORITY_HOST of the environment" };
}

interface Found {
  readonly value: string;
  readonly from: string;
  /** In the location's credentials file. */
  readonly own: boolean;
}

function lookUp({ values, env }: CloudInput, name: PublicCredentialKey): Found | undefined {
  const own = values.get(name);
  if (own !== undefined) {
    return { value: own, from: `${name} of ${describeFile(values)}`, own: true };
  }
  const value = env[name] ?? "";
  return value === "" ? undefined : { value, from: `${name} of the environment`, own: false };
}

function address(name: string, text: string): string {
  const reading = readEndpoint(text);
  if ("problem" in reading || reading.value === undefined) {
    throw cloudFailure(name, {
      reason: "problem" in reading ? reading.problem : "it is empty",
      hint: `set ${name} to an address that begins with https://`,
    });
  }
  return reading.value;
}

function cloudFailure(what: string, why: { readonly reason: string; readonly hint: string }): Failure {
  return new Failure("InvalidArgument", `cannot use ${what}: ${why.reason}`, { hint: why.hint });
}
