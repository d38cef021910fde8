import type { AccessTokenClaims, AccessTokens, TokenRefusal } from "../core/access-tokens.ts";
import { ManagementError } from "./errors.ts";
import type { CloudEndpoints } from "./routes.ts";

/** What a request is to be let in by. */
export interface SignIn {
  readonly tokens: AccessTokens;
  readonly authorization: string | undefined;
  readonly endpoints: CloudEndpoints;
  /** Of the subscription in the path, if there is one. */
  readonly tenantId: string | undefined;
  /** Milliseconds since 1970, by this service's idea of time. */
  readonly now: number;
  /** A fault: the token is taken for expired. */
  readonly takenForExpired: boolean;
}

/** The caller of a request, or a 401 that tells where to sign in. */
export async function signIn(request: SignIn): Promise<AccessTokenClaims> {
  const { authorization } = request;
  if (authorization === undefined || authorization === "") {
    throw refusal(request, "missing");
  }
  if (!/^bearer \S/i.test(authorization)) {
    throw unauthorized(
      request,
      "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is provided in an invalid format.",
    );
  }
  const verified = await request.tokens.verify(authorization, request.endpoints.audiences);
  if ("refused" in verified) {
    throw refusal(request, verified.refused);
  }
  const { claims } = verified;
  if (request.takenForExpired || claims.exp * 1000 <= request.now) {
    throw refusal(request, "expired");
  }
  if (request.tenantId !== undefined && claims.tid.toLowerCase() !== request.tenantId) {
    throw refusal(request, "issuer");
  }
  return claims;
}

function refusal(request: SignIn, why: TokenRefusal): ManagementError {
  const claims = unverifiedClaims(request.authorization);
  switch (why) {
    case "missing":
      return unauthorized(
        request,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
        "The authentication failed because of missing 'Authorization' header.",
      );
    case "audience":
      return unauthorized(request, "InvalidAuthenticationTokenAudience", wrongAudience(request, claims));
    case "issuer":
      return unauthorized(request, "InvalidAuthenticationTokenTenant", wrongTenant(request, claims));
    case "expired":
      return unauthorized(request, "ExpiredAuthenticationToken", expired(request, claims));
    default:
      // Malformed, badly signed, or not valid yet.
      return unauthorized(request, "InvalidAuthenticationToken", "The access token is invalid.");
  }
}

function unauthorized(
  request: SignIn,
  code: string,
  message: string,
  description = message,
): ManagementError {
  const authority = `${request.endpoints.login}/${request.tenantId ?? "common"}`;
  return new ManagementError(401, code, message, {
    "www-authenticate":
      `Bearer authorization_uri="${authority}", error="invalid_token", ` +
      `error_description="${description.replaceAll('"', "'")}"`,
  });
}

function wrongAudience(request: SignIn, claims: UnverifiedClaims): string {
  const allowed = request.endpoints.audiences.flatMap((audience) => {
    const plain = audience.replace(/\/$/, "");
    return [`'${plain}/'`, `'${plain}'`];
  });
  return (
    `The access token has been obtained for wrong audience or resource '${claims.aud ?? ""}'. ` +
    `It should exactly match with one of the allowed audiences ${allowed.join(",")}.`
  );
}

function wrongTenant(request: SignIn, claims: UnverifiedClaims): string {
  const tenant = request.tenantId ?? "common";
  return (
    `The access token is from the wrong issuer '${claims.iss ?? ""}'. It must match the tenant ` +
    `'https://sts.windows.net/${tenant}/' associated with this subscription. Please use the authority (URL) ` +
    `'${request.endpoints.login}/${tenant}' to get the token. Note, if the subscription is transferred to another ` +
    "tenant there is no impact to the services, but information about new tenant could take time to propagate " +
    "(up to an hour). If you just transferred your subscription and see this error message, please try back later."
  );
}

function expired(request: SignIn, claims: UnverifiedClaims): string {
  const until = americanTime((claims.exp ?? 0) * 1000);
  return `The access token expiry UTC time '${until}' is earlier than current UTC time '${americanTime(request.now)}'.`;
}

/** `8/21/2018 3:22:00 PM`, as Resource Manager words times. */
function americanTime(milliseconds: number): string {
  const [date = "", time = ""] = new Date(milliseconds)
    .toLocaleString("en-US", { timeZone: "UTC" })
    .split(", ");
  return `${date} ${time.replaceAll(/\s/g, " ")}`;
}

interface UnverifiedClaims {
  readonly aud?: string;
  readonly iss?: string;
  readonly exp?: number;
}

/** What a refused token says of itself: Azure's messages quote it. */
function unverifiedClaims(authorization: string | undefined): UnverifiedClaims {
  try {
    const payload = Buffer.from(authorization?.split(".")[1] ?? "", "base64url").toString("utf8");
    const claims: unknown = JSON.parse(payload);
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
