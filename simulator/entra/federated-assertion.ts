import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import type { FederatedCredential, Principal } from "../core/principals.ts";
import { isOutOfTime, outOfTime } from "./certificate-assertion.ts";
import { EntraError } from "./errors.ts";
import { type FetchJson, publishedKeys } from "./issuer-keys.ts";
import type { IssuerTrust } from "./state.ts";

export interface FederatedAssertion {
  readonly jwt: string;
  readonly claims: JWTPayload;
}

export interface FederationOptions {
  readonly principal: Principal;
  readonly credentials: readonly FederatedCredential[];
  readonly trust: IssuerTrust;
  readonly fetchJson: FetchJson;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Checks another issuer's token against the federated credentials and the issuer's published keys. It throws what
 * Entra answers. Source: learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export async function checkFederatedAssertion(
  { jwt, claims }: FederatedAssertion,
  { principal, credentials, trust, fetchJson, now }: FederationOptions,
): Promise<void> {
  assertTrusted(claims, principal, credentials);
  const keys = await publishedKeys(trust, fetchJson).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EntraError(90061, `Request to External OIDC endpoint failed. [Reason - ${reason}]`);
  });
  try {
    await jwtVerify(jwt, createLocalJWKSet(keys), {
      algorithms: ["RS256", "PS256", "ES256"],
      currentDate: new Date(now),
      requiredClaims: ["exp"],
    });
  } catch (error) {
    if (isOutOfTime(error)) throw outOfTime(now);
    const reason =
      error instanceof errors.JWKSNoMatchingKey
        ? "The key was not found."
        : "The key was found, but use of the key to verify the signature failed.";
    throw new EntraError(50013, `Assertion failed signature validation. [Reason - ${reason}]`);
  }
}

function assertTrusted(
  claims: JWTPayload,
  principal: Principal,
  credentials: readonly FederatedCredential[],
): void {
  if (credentials.length === 0) {
    throw new EntraError(
      70025,
      `The client '${principal.clientId}'(${principal.displayName}) has no configured federated identity credentials.`,
    );
  }
  const ofIssuer = credentials.filter(({ issuer }) => issuer === claims.iss);
  if (ofIssuer.length === 0) throw noMatch(700211, "issuer", claims.iss);
  const presented = [claims.aud ?? []].flat();
  const ofAudience = ofIssuer.filter(({ audiences }) => audiences.some((name) => presented.includes(name)));
  if (ofAudience.length === 0) throw noMatch(700212, "audience", presented.join(", "));
  const { sub = "" } = claims;
  if (ofAudience.some(({ subject }) => subject === sub)) return;
  const inOtherCase = ofAudience.some(({ subject }) => subject.toLowerCase() === sub.toLowerCase());
  throw inOtherCase
    ? noMatch(
        7002138,
        "subject",
        sub,
        " The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
      )
    : noMatch(700213, "subject", sub);
}

function noMatch(
  code: 700211 | 700212 | 700213 | 7002138,
  claim: string,
  value: string | undefined,
  more = "",
): EntraError {
  return new EntraError(
    code,
    `No matching federated identity record found for presented assertion ${claim} '${value ?? ""}'.${more} Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
  );
}
