import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate that vouches for itself: who trusts it needs nothing else. Both in PEM. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

/** The tags of ASN.1's Distinguished Encoding Rules (X.690) that a certificate needs. */
const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  ipAddress: 0x87,
} as const;

/** Object identifiers, encoded. */
const Oid = {
  ecdsaWithSha256: "06082a8648ce3d040302",
  commonName: "0603550403",
  subjectAltName: "0603551d11",
  basicConstraints: "0603551d13",
  extendedKeyUsage: "0603551d25",
  serverAuth: "06082b06010505070301",
} as const;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Makes a certificate (RFC 5280) for a server of these names and IPv4 addresses, with a new key on P-256, good from
 * yesterday until tomorrow.
 *
 * Written out by hand, since Node can read certificates but not make them, and the demo must not need openssl.
 */
export function selfSigned(names: readonly string[], now: number): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(Tag.sequence, oid("ecdsaWithSha256"));
  const issuer = der(
    Tag.sequence,
    der(Tag.set, der(Tag.sequence, oid("commonName"), der(Tag.utf8String, Buffer.from(names[0] ?? "")))),
  );
  // The first bit of an integer is its sign, and a serial number is positive.
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(15)]);
  const toBeSigned = der(
    Tag.sequence,
    der(Tag.version, der(Tag.integer, Buffer.of(2))),
    der(Tag.integer, serial),
    algorithm,
    issuer,
    der(Tag.sequence, utcTime(now - DAY_MILLISECONDS), utcTime(now + DAY_MILLISECONDS)),
    issuer,
    publicKey.export({ type: "spki", format: "der" }),
    der(Tag.extensions, der(Tag.sequence, ...extensions(names))),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = der(
    Tag.sequence,
    toBeSigned,
    algorithm,
    der(Tag.bitString, Buffer.concat([Buffer.of(0), signature])),
  );
  return {
    certificate: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function extensions(names: readonly string[]): Buffer[] {
  const alternatives = names.map((name) =>
    isIPv4(name)
      ? der(Tag.ipAddress, Buffer.from(name.split(".").map(Number)))
      : der(Tag.dnsName, Buffer.from(name)),
  );
  // An authority, too, because it vouches for one certificate: itself.
  const authority = der(Tag.boolean, Buffer.of(0xff));
  return [
    extension("basicConstraints", der(Tag.sequence, authority)),
    extension("extendedKeyUsage", der(Tag.sequence, oid("serverAuth"))),
    extension("subjectAltName", der(Tag.sequence, ...alternatives)),
  ];
}

function extension(name: keyof typeof Oid, value: Buffer): Buffer {
  return der(Tag.sequence, oid(name), der(Tag.octetString, value));
}

/** One value: its tag, its length, its content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? Buffer.of(body.length)
      : body.length < 0x100
        ? Buffer.of(0x81, body.length)
        : Buffer.of(0x82, body.length >> 8, body.length & 0xff);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

function oid(name: keyof typeof Oid): Buffer {
  return Buffer.from(Oid[name], "hex");
}

/** YYMMDDHHMMSSZ; good until 2049. */
function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/\D/g, "");
  return der(Tag.utcTime, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").replaceAll(/(.{64})/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines.trimEnd()}\n-----END ${label}-----\n`;
}
