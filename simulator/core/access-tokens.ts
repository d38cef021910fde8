import type { Principal } from "./principals.ts";

/** What a verified access token says. */
export interface AccessTokenClaims {
  readonly tid: string;
  readonly oid: string;
  readonly appid: string;
  readonly aud: string;
  readonly iss: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly nbf: number;
}

/** Why a bearer token is refused; the services word it each in their own way. */
export type TokenRefusal =
  | "missing"
  | "malformed"
  | "signature"
  | "issuer"
  | "audience"
  | "expired"
  | "not yet valid";

/** Signs and verifies the JWTs that stand for sign-ins. The only place that knows the tenants' signing keys. */
export interface AccessTokens {
  /** A token for the audience (a resource such as `https://management.azure.com`), good for about an hour. */
  issue(principal: Principal, audience: string): Promise<{ token: string; expiresInSeconds: number }>;
  /** Checks an Authorization header: signature, issuer, times by the simulated clock, audience (slash at the end or not). */
  verify(
    authorization: string | undefined,
    audiences: readonly string[],
  ): Promise<{ claims: AccessTokenClaims } | { refused: TokenRefusal }>;
}
