import type { Secret } from "../../secret/secret.ts";

/** What a JWT says of itself, unverified; undefined when the text is no JWT. Source: RFC 7519. */
export function readClaims(token: Secret): Readonly<Record<string, unknown>> | undefined {
  const parts = token.reveal().split(".");
  if (parts.length !== 3) {
    return undefined;
  }
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? Object.fromEntries(Object.entries(claims))
      : undefined;
  } catch {
    return undefined;
  }
}

/** The tenant that issued an access token, in lower case; undefined when it cannot be seen. */
export function tokenTenant(token: Secret): string | undefined {
  const tid = readClaims(token)?.["tid"];
  return typeof tid === "string" ? tid.toLowerCase() : undefined;
}
