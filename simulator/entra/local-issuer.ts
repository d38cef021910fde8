import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";
import type { SimulatedClock } from "../core/clock.ts";
import { jsonAnswer } from "../http/json-answer.ts";
import type { Handler } from "../http/message.ts";

export interface LocalIssuerOptions {
  /** What its tokens name, to the letter. */
  readonly issuer: string;
  readonly clock: SimulatedClock;
}

export interface TokenWishes {
  readonly subject: string;
  /** Default: `api://AzureADTokenExchange`. */
  readonly audience?: string | readonly string[];
  /** Default: 3600, as Kubernetes grants at least. Negative for one that is expired. */
  readonly lifetimeSeconds?: number;
  /** Instead of the issuer's own. */
  readonly issuer?: string;
}

/** An issuer of tokens as a cluster is one for its service accounts: mints them, and publishes its keys. */
export interface LocalIssuer {
  readonly issuer: string;
  readonly jwks: JSONWebKeySet;
  /** Discovery and keys, under whatever address it is mounted at. */
  readonly handler: Handler;
  token(wishes: TokenWishes): Promise<string>;
}

export async function localIssuer({ issuer, clock }: LocalIssuerOptions): Promise<LocalIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = randomUUID();
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, use: "sig", alg: "RS256" }] };
  return {
    issuer,
    jwks,
    handler: async ({ origin, path }) => {
      if (path.endsWith("/.well-known/openid-configuration")) {
        return jsonAnswer(200, {
          issuer,
          jwks_uri: `${origin}/openid/v1/jwks`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        });
      }
      return path === "/openid/v1/jwks" ? jsonAnswer(200, jwks) : { status: 404, headers: {} };
    },
    token: (wishes) => {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({
        iss: wishes.issuer ?? issuer,
        sub: wishes.subject,
        aud: [wishes.audience ?? "api://AzureADTokenExchange"].flat(),
        iat: now,
        nbf: now,
        exp: now + (wishes.lifetimeSeconds ?? 3600),
      })
        .setProtectedHeader({ alg: "RS256", kid })
        .sign(privateKey);
    },
  };
}
