import { constants, createHash, randomUUID, sign } from "node:crypto";
import { Secret } from "../../secret/secret.ts";
import type { ApplicationProof, ClientCertificate, TokenEndpoint } from "./application.ts";

const LIFETIME_SECONDS = 600;

/**
 * The JWT by which a certificate's owner asks for a token. Source: "Microsoft identity platform application
 * authentication certificate credentials": PS256 with the certificate's SHA-256; AD FS knows but RS256 with SHA-1.
 */
export function signAssertion(
  certificate: ClientCertificate,
  { client }: ApplicationProof,
  { origin, path, adfs }: TokenEndpoint,
  now: number,
): Secret {
  const { leaf, chain, key } = certificate;
  const thumbprint = createHash(adfs ? "sha1" : "sha256")
    .update(leaf.raw)
    .digest("base64url");
  const header = {
    alg: adfs ? "RS256" : "PS256",
    typ: "JWT",
    ...(adfs ? { x5t: thumbprint } : { "x5t#S256": thumbprint }),
    ...(chain === undefined ? {} : { x5c: chain.map(({ raw }) => raw.toString("base64")) }),
  };
  const seconds = Math.floor(now / 1000);
  const claims = {
    aud: origin + path,
    iss: client,
    sub: client,
    jti: randomUUID(),
    nbf: seconds,
    exp: seconds + LIFETIME_SECONDS,
  };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const padding = adfs
    ? { padding: constants.RSA_PKCS1_PADDING }
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const signature = sign("sha256", Buffer.from(text), { key, ...padding });
  return new Secret(`${text}.${signature.toString("base64url")}`);
}
