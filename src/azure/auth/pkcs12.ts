import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { asn1 as Asn1, pkcs12 as Pkcs12 } from "node-forge";
import asn1 from "node-forge/lib/asn1.js";
import pkcs12 from "node-forge/lib/pkcs12.js";
import pki from "node-forge/lib/pki.js";
import "node-forge/lib/sha512.js";
import type { Failure } from "../../errors/error.ts";
import type { Secret } from "../../secret/secret.ts";
import type { KeyAndCertificates } from "./application.ts";

/**
 * Reads a PKCS#12 file (RFC 7292): Node's own reader does not hand keys out, and knows none of the ciphers that
 * Windows and older tools encrypt certificates with.
 */
export function readPkcs12(
  bytes: Buffer,
  password: Secret | undefined,
  refuse: (reason: string, hint?: string, cause?: unknown) => Failure,
): KeyAndCertificates {
  let document: Asn1.Asn1;
  try {
    document = asn1.fromDer(bytes.toString("latin1"));
  } catch (cause) {
    throw refuse(
      "is neither PEM nor PKCS#12",
      "export certificate and private key as a .pem or .pfx file",
      cause,
    );
  }
  let contents: Pkcs12.Pkcs12Pfx;
  try {
    contents = open(document, password?.reveal());
  } catch (cause) {
    const locked = cause instanceof Error && /password|MAC|decrypt/i.test(cause.message);
    throw locked
      ? refuse(
          "cannot be decrypted",
          "check AZURE_CLIENT_CERTIFICATE_PASSWORD of the credentials file",
          cause,
        )
      : refuse("is not a PKCS#12 file that can be read", "convert it to PEM: openssl pkcs12 -nodes", cause);
  }
  const bags = contents.safeContents.flatMap(({ safeBags }) => safeBags);
  const key = bags.map((bag) => keyOf(bag)).find((found) => found !== undefined);
  const certificates = bags.flatMap((bag) => certificateOf(bag) ?? []);
  return { key, certificates };
}

/** No password and an empty one are different things in PKCS#12, and tools disagree which of them "none" is. */
function open(document: Asn1.Asn1, password: string | undefined): Pkcs12.Pkcs12Pfx {
  if (password !== undefined) {
    return pkcs12.pkcs12FromAsn1(document, false, password);
  }
  try {
    return pkcs12.pkcs12FromAsn1(document, false, "");
  } catch {
    return pkcs12.pkcs12FromAsn1(document, false);
  }
}

function keyOf({ type, key, asn1: info }: Pkcs12.Bag): KeyObject | undefined {
  if (type !== pki.oids["keyBag"] && type !== pki.oids["pkcs8ShroudedKeyBag"]) {
    return undefined;
  }
  // What is no RSA key stays undecoded there: Node tells what it is.
  return key
    ? createPrivateKey({ key: der(pki.privateKeyToAsn1(key)), format: "der", type: "pkcs1" })
    : createPrivateKey({ key: der(info), format: "der", type: "pkcs8" });
}

function certificateOf({ type, cert, asn1: raw }: Pkcs12.Bag): X509Certificate | undefined {
  if (type !== pki.oids["certBag"]) {
    return undefined;
  }
  return new X509Certificate(der(cert ? pki.certificateToAsn1(cert) : raw));
}

function der(value: Asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), "latin1");
}
