import { generateKeyPair, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import forge from "node-forge";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
/** Kinds of subject alternative names, RFC 5280, section 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A certificate and its private key, in PEM. The key is a secret. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority extends Certificate {
  /** For a server of these DNS names (`*.` in front for a wildcard) and IP addresses. */
  server(names: readonly string[]): Promise<Certificate>;
  /** For a client that signs in with it. */
  client(commonName: string): Promise<Certificate>;
}

interface Keys {
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly pem: string;
}

interface Holder {
  readonly commonName: string;
  readonly keys: Keys;
  readonly extensions: readonly object[];
}

interface Issuer {
  readonly attributes: forge.pki.CertificateField[];
  readonly keys: Keys;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Makes a certificate authority (RFC 5280) with a new RSA key, good for a year from yesterday on. Its certificates also
 * verify by the strict rules, which want key identifiers in both.
 */
export async function certificateAuthority(
  commonName: string,
  now: number = Date.now(),
): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const issuer: Issuer = { attributes: [{ name: "commonName", value: commonName }], keys, now };
  const issue = async (name: string, extensions: readonly object[]): Promise<Certificate> => {
    const held = await newKeys();
    return certify({ commonName: name, keys: held, extensions: [...LEAF_EXTENSIONS, ...extensions] }, issuer);
  };
  return {
    ...certify({ commonName, keys, extensions: AUTHORITY_EXTENSIONS }, issuer),
    server: (names) =>
      issue(names[0] ?? "", [
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: names.map(alternativeName) },
      ]),
    client: (name) => issue(name, [{ name: "extKeyUsage", clientAuth: true }]),
  };
}

const AUTHORITY_EXTENSIONS = [
  { name: "basicConstraints", cA: true, critical: true },
  { name: "keyUsage", keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
];

const LEAF_EXTENSIONS = [
  { name: "basicConstraints", cA: false, critical: true },
  { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
];

function certify(holder: Holder, issuer: Issuer): Certificate {
  const made = forge.pki.createCertificate();
  made.publicKey = holder.keys.publicKey;
  // The first bit of an integer is its sign, and a serial number is positive.
  made.serialNumber = `01${randomBytes(15).toString("hex")}`;
  made.validity.notBefore = new Date(issuer.now - DAY_MILLISECONDS);
  made.validity.notAfter = new Date(issuer.now + VALID_DAYS * DAY_MILLISECONDS);
  made.setSubject([{ name: "commonName", value: holder.commonName }]);
  made.setIssuer(issuer.attributes);
  const keyIdentifier = forge.pki.getPublicKeyFingerprint(issuer.keys.publicKey).getBytes();
  made.setExtensions([
    ...holder.extensions,
    { name: "subjectKeyIdentifier" },
    { name: "authorityKeyIdentifier", keyIdentifier },
  ]);
  made.sign(issuer.keys.privateKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(made).replaceAll("\r\n", "\n"), key: holder.keys.pem };
}

function alternativeName(name: string): object {
  return isIP(name) === 0 ? { type: DNS_NAME, value: name } : { type: IP_ADDRESS, ip: name };
}

/** By OpenSSL and off this thread: forge would take a second. It can sign with nothing but RSA. */
async function newKeys(): Promise<Keys> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return {
    privateKey: forge.pki.privateKeyFromPem(privateKey),
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    pem: privateKey,
  };
}
