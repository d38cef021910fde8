import { randomBytes } from "node:crypto";
import { errors, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JWK } from "jose";
import type { AccessTokenClaims, AccessTokens, TokenRefusal } from "./access-tokens.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Principal } from "./principals.ts";

/** What Entra grants an application when no policy says otherwise is between 60 and 90 minutes. */
const LIFETIME_SECONDS = 3599;
/** Entra dates its tokens back, so that a clock that is a little slow takes them. */
const DATED_BACK_SECONDS = 300;

export interface SignedAccessTokensOptions {
  readonly clock: SimulatedClock;
  /** A private key that was exported before; absent, a new one is made. */
  readonly signingKey?: JWK | undefined;
}

export interface SignedAccessTokens extends AccessTokens {
  /** The public key as the `keys` endpoints show it. */
  readonly publicKey: JWK;
  /** The private key, for a world that is to be continued. A secret. */
  readonly signingKey: JWK;
  /** As `issue`, but issued so long ago; a fault. */
  issueBefore(
    principal: Principal,
    audience: string,
    milliseconds: number,
  ): Promise<{ token: string; expiresInSeconds: number }>;
}

/**
 * Access tokens as Entra signs them for applications: RS256, in version 1.0, which storage and Resource Manager ask for.
 * Source: learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export async function signedAccessTokens(options: SignedAccessTokensOptions): Promise<SignedAccessTokens> {
  const signingKey = options.signingKey ?? (await newSigningKey());
  const kid = signingKey.kid ?? "";
  const publicKey: JWK = publicPart(signingKey);
  const signer = await importJWK(signingKey, "RS256");
  const verifier = await importJWK(publicKey, "RS256");
  const { clock } = options;

  const issueBefore: SignedAccessTokens["issueBefore"] = async (principal, audience, milliseconds) => {
    const now = Math.floor((clock.now() - milliseconds) / 1000);
    const token = await new SignJWT(claimsOf(principal, audience, now))
      .setProtectedHeader({ typ: "JWT", alg: "RS256", x5t: kid, kid })
      .sign(signer);
    return { token, expiresInSeconds: LIFETIME_SECONDS };
  };
  return {
    publicKey,
    signingKey,
    issueBefore,
    issue: (principal, audience) => issueBefore(principal, audience, 0),
    verify: async (authorization, audiences) => {
      const token = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) return { refused: authorization === undefined ? "missing" : "malformed" };
      try {
        const { payload } = await jwtVerify<AccessTokenClaims>(token, verifier, {
          algorithms: ["RS256"],
          currentDate: new Date(clock.now()),
          audience: audiences.flatMap((audience) => {
            const bare = audience.replace(/\/$/, "");
            return [bare, `${bare}/`];
          }),
          requiredClaims: ["exp", "nbf", "aud", "iss", "tid", "oid", "appid"],
        });
        if (payload.iss !== issuerOf(payload.tid)) return { refused: "issuer" };
        return { claims: payload };
      } catch (error) {
        return { refused: refusal(error) };
      }
    },
  };
}

function issuerOf(tenantId: string): string {
  return `https://sts.windows.net/${tenantId}/`;
}

function claimsOf(principal: Principal, audience: string, now: number): Record<string, unknown> {
  return {
    aud: audience,
    iss: issuerOf(principal.tenantId),
    iat: now - DATED_BACK_SECONDS,
    nbf: now - DATED_BACK_SECONDS,
    exp: now + LIFETIME_SECONDS,
    appid: principal.clientId,
    appidacr: "2",
    idp: issuerOf(principal.tenantId),
    idtyp: "app",
    oid: principal.objectId,
    sub: principal.objectId,
    tid: principal.tenantId,
    uti: randomBytes(16).toString("base64url"),
    ver: "1.0",
    ...(principal.resourceId === undefined ? {} : { xms_mirid: principal.resourceId }),
  };
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomBytes(20).toString("base64url"), use: "sig" };
}

function publicPart({ kty, kid, use, n, e }: JWK): JWK {
  return { kty, kid, use, n, e } as JWK;
}

function refusal(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud") return "audience";
    return error.claim === "nbf" ? "not yet valid" : "malformed";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed)
    return "signature";
  return "malformed";
}
