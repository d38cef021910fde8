import { X509Certificate } from "node:crypto";
import { errors, jwtVerify } from "jose";
import { EntraError } from "./errors.ts";
import type { ApplicationRecord } from "./state.ts";

/** Entra forgives clocks that are off by five minutes. */
const TOLERATED_SECONDS = 300;

export interface PresentedAssertion {
  readonly jwt: string;
  readonly header: SignerNames;
}

/** Which certificate signed: RFC 7515, sections 4.1.6 to 4.1.8. */
interface SignerNames {
  readonly x5t?: string;
  readonly "x5t#S256"?: string;
  readonly x5c?: readonly string[];
}

/**
 * Checks an assertion that an application signed with the key of a certificate. It throws what Entra answers.
 * Source: learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export async function checkCertificateAssertion(
  { jwt, header }: PresentedAssertion,
  application: ApplicationRecord,
  { audiences, now }: { readonly audiences: readonly string[]; readonly now: number },
): Promise<void> {
  const certificate = signer(header, application);
  const thumbprint = certificate.fingerprint.replaceAll(":", "");
  if (certificate.validToDate.getTime() < now || now < certificate.validFromDate.getTime()) {
    throw new EntraError(
      700027,
      `The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired., Thumbprint of key used by client: '${thumbprint}'].`,
    );
  }
  try {
    const { payload } = await jwtVerify(jwt, certificate.publicKey, {
      algorithms: ["RS256", "PS256"],
      currentDate: new Date(now),
      clockTolerance: TOLERATED_SECONDS,
      requiredClaims: ["exp", "aud", "iss", "sub"],
    });
    if (payload.sub?.toLowerCase() !== application.clientId) {
      throw new EntraError(
        700021,
        "Client assertion application identifier doesn't match 'client_id' parameter.",
      );
    }
    const named = [payload.aud ?? []].flat().map((audience) => audience.replace(/\/$/, ""));
    if (!named.some((audience) => audiences.includes(audience)))
      throw new EntraError(700023, "Client assertion audience claim does not match Realm issuer.");
  } catch (error) {
    throw inEntrasWords(error, now, thumbprint);
  }
}

/** The certificate that the assertion names: one registered by itself, or one whose subject and issuer are trusted. */
function signer(header: SignerNames, application: ApplicationRecord): X509Certificate {
  const sha1 = bytesInHex(header.x5t);
  const sha256 = bytesInHex(header["x5t#S256"]);
  const registered = application.certificates.map((pem) => new X509Certificate(pem));
  const found = registered.find(
    ({ fingerprint, fingerprint256 }) =>
      fingerprint.replaceAll(":", "") === sha1 || fingerprint256.replaceAll(":", "") === sha256,
  );
  const trusted = found ?? signerOfChain(header.x5c, application);
  if (trusted === undefined) {
    throw new EntraError(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${sha1 ?? sha256 ?? ""}'].`,
    );
  }
  return trusted;
}

function signerOfChain(
  x5c: readonly string[] | undefined,
  application: ApplicationRecord,
): X509Certificate | undefined {
  const [leaf, ...others] = (x5c ?? []).map((der) => new X509Certificate(Buffer.from(der, "base64")));
  if (leaf === undefined) return undefined;
  const trusted = application.subjectNames.some(
    ({ subject, authority }) =>
      leaf.subject.split("\n").includes(`CN=${subject}`) &&
      leadsTo(leaf, others, new X509Certificate(authority)),
  );
  return trusted ? leaf : undefined;
}

function leadsTo(leaf: X509Certificate, others: readonly X509Certificate[], root: X509Certificate): boolean {
  let current = leaf;
  for (let steps = 0; steps <= others.length; steps += 1) {
    if (isIssuedBy(current, root)) return true;
    const next = others.find((other) => other !== current && isIssuedBy(current, other));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function inEntrasWords(error: unknown, now: number, thumbprint: string): unknown {
  if (error instanceof EntraError) return error;
  if (isOutOfTime(error)) return outOfTime(now);
  if (error instanceof errors.JWTClaimValidationFailed)
    return new EntraError(50027, `JWT token is invalid or malformed: ${error.claim}.`);
  return new EntraError(
    700027,
    `Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed., Thumbprint of key used by client: '${thumbprint}'].`,
  );
}

export function isOutOfTime(error: unknown): boolean {
  return (
    error instanceof errors.JWTExpired ||
    (error instanceof errors.JWTClaimValidationFailed &&
      error.claim === "nbf" &&
      error.reason === "check_failed")
  );
}

export function outOfTime(now: number): EntraError {
  return new EntraError(
    700024,
    `Client assertion is not within its valid time range. Current time: ${new Date(now).toISOString()}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
  );
}

/** Of base64 in either alphabet: clients send both. */
function bytesInHex(encoded: string | undefined): string | undefined {
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("hex").toUpperCase();
}
