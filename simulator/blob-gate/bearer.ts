import type { TokenRefusal } from "../core/access-tokens.ts";
import { hostnameOf } from "./address.ts";
import { rightOf, type Admission, type Authorities, type Call } from "./caller.ts";
import { authenticationFailed, Refusal } from "./refusal.ts";

/** The first version of the service that takes tokens, and the first that tells where to get one. */
const FIRST_WITH_TOKENS = "2017-11-09";
export const FIRST_WITH_CHALLENGE = "2019-12-12";
/** By how much clocks may differ. The token's own check knows the true time alone, and this service's may be off. */
const CLOCK_TOLERANCE_MILLISECONDS = 5 * 60_000;

const details: Readonly<Record<TokenRefusal, string | undefined>> = {
  missing: undefined,
  malformed: "Token is malformed.",
  signature: "Signature validation failed. Signature key not found.",
  issuer: "Issuer validation failed. Issuer did not match.",
  audience: "Audience validation failed. Audience did not match.",
  expired: "Lifetime validation failed. The token is expired.",
  "not yet valid": "Lifetime validation failed. The token is not yet valid.",
};

/**
 * A token of Entra, and a role for the operation.
 * Source: learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory.
 */
export async function admitBearer(call: Call, authorities: Authorities): Promise<Admission> {
  const principal = await bearerOf(call, authorities);
  const right = rightOf(call, authorities.accessControl, principal.objectId);
  if (right === undefined) {
    throw new Refusal("AuthorizationPermissionMismatch");
  }
  return { principal, onlyNew: right.onlyNew, anonymous: false };
}

/** Who the token speaks of, when it is good. */
export async function bearerOf(
  call: Call,
  authorities: Authorities,
): Promise<{ readonly objectId: string; readonly tenantId: string }> {
  const { request, account } = call;
  if ((request.headers["x-ms-version"] ?? "") < FIRST_WITH_TOKENS) {
    throw authenticationFailed("Authentication scheme Bearer is not supported in this version.");
  }
  if (!request.origin.startsWith("https:")) {
    throw authenticationFailed("Authentication scheme Bearer is not allowed with HTTP.");
  }
  const verified = await authorities.accessTokens.verify(request.headers["authorization"], [
    "https://storage.azure.com",
    `https://${account.name}.${authorities.blobSuffix}`,
    `https://${hostnameOf(request.origin)}`,
  ]);
  if ("refused" in verified) {
    throw challenged(call, authorities, details[verified.refused]);
  }
  const { tid, oid, exp, nbf } = verified.claims;
  if (call.expireToken || exp * 1000 <= call.now) {
    throw challenged(call, authorities, details.expired);
  }
  if (nbf * 1000 > call.now + CLOCK_TOLERANCE_MILLISECONDS) {
    throw challenged(call, authorities, details["not yet valid"]);
  }
  if (tid.toLowerCase() !== account.tenantId.toLowerCase()) {
    throw challenged(call, authorities, details.issuer);
  }
  return { objectId: oid, tenantId: tid };
}

/** 401, and where to get a token; 403 without that for versions that did not know it. */
function challenged(call: Call, authorities: Authorities, detail: string | undefined): Refusal {
  if ((call.request.headers["x-ms-version"] ?? "") < FIRST_WITH_CHALLENGE) {
    return new Refusal("AuthenticationFailed", { detail });
  }
  return new Refusal("InvalidAuthenticationInfo", { detail, headers: challenge(call, authorities) });
}

/** The header of a 401, as Azure words it. */
export function challenge({ account }: Call, { loginEndpoint }: Authorities): Record<string, string> {
  const authority = `${loginEndpoint.replace(/\/$/, "")}/${account.tenantId}/oauth2/authorize`;
  return {
    "www-authenticate": `Bearer authorization_uri=${authority} resource_id=https://storage.azure.com`,
  };
}
