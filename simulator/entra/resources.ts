import { EntraError } from "./errors.ts";

/**
 * What tokens can be had for: storage and Resource Manager, in all clouds, under each of their names.
 * Source: learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory#microsoft-entra-resource-id,
 * and the cloud's own `/metadata/endpoints`.
 */
export const KNOWN_RESOURCES: readonly string[] = [
  "https://storage.azure.com",
  "e406a681-f3d4-42a8-90b6-c2b029497af1",
  "https://management.azure.com",
  "https://management.core.windows.net",
  "797f4846-ba00-4fd7-ba43-dac1f8f63013",
  "https://management.usgovcloudapi.net",
  "https://management.core.usgovcloudapi.net",
  "https://management.chinacloudapi.cn",
  "https://management.core.chinacloudapi.cn",
];

/** `https://ACCOUNT.blob.SUFFIX`, which storage takes as well as its common name. */
const ONE_ACCOUNT = /^https:\/\/[a-z0-9]{3,24}\.blob\.[a-z0-9.-]+$/;
/** What MSAL asks for besides, and what means nothing to an application without a user. */
const OPENID_SCOPES: ReadonlySet<string> = new Set(["openid", "offline_access", "profile", "email"]);
const DEFAULT = "/.default";

/** The resource of a v2 request's scope, `RESOURCE/.default`. */
export function resourceOfScope(scope: string): string {
  const scopes = scope.split(" ").filter((part) => part !== "" && !OPENID_SCOPES.has(part.toLowerCase()));
  const [only, ...others] = scopes;
  if (only === undefined || others.length > 0) {
    throw new EntraError(
      70011,
      `The provided request must include a 'scope' input parameter of one resource. The scope '${scope}' is not valid.`,
    );
  }
  if (!only.endsWith(DEFAULT)) {
    throw new EntraError(
      1002012,
      `The provided value for scope ${only} is not valid. Client credential flows must have a scope value with ${DEFAULT} suffixed to the resource identifier (application ID URI).`,
    );
  }
  return only.slice(0, -DEFAULT.length);
}

/** Throws for a resource that nobody in the tenant offers. */
export function assertKnown(resource: string, known: readonly string[], tenantId: string): void {
  const wanted = comparable(resource);
  if (ONE_ACCOUNT.test(wanted) || known.some((name) => comparable(name) === wanted)) return;
  throw new EntraError(
    500011,
    `The resource principal named ${resource} was not found in the tenant named ${tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
  );
}

function comparable(resource: string): string {
  return resource.toLowerCase().replace(/\/$/, "");
}
