import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { quote } from "../../config/quote.ts";
import { readSmallFile } from "../../config/small-file.ts";
import type { ClientCertificateProof } from "../../credentials/identity.ts";
import { Failure } from "../../errors/error.ts";
import type { ClientCertificate, KeyAndCertificates } from "./application.ts";

const PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const CLOCK_SKEW = 5 * 60_000;
const pemKey = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/;
const pemCertificates = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The application's certificate and key, from PEM or PKCS#12. Throws `Failure`: InvalidArgument for what cannot be read
 * or used, Unauthenticated for a certificate that is not valid now; neither ever quotes the content.
 */
export async function loadCertificate(
  proof: ClientCertificateProof,
  what: string,
  now: number,
): Promise<ClientCertificate> {
  const { certificate } = proof;
  const named = "path" in certificate ? `${proof.key} ${quote(certificate.path)}` : proof.key;
  const refuse = (reason: string, hint?: string, cause?: unknown): Failure =>
    new Failure("InvalidArgument", `${what}: ${named} ${reason}`, { hint, cause });
  const { key, certificates } = await read(proof, refuse);
  if (key === undefined) {
    throw refuse("holds no private key", "put certificate and private key into one file");
  }
  if (key.asymmetricKeyType !== "rsa") {
    const type = String(key.asymmetricKeyType).toUpperCase();
    throw refuse(
      `holds a key of type ${type}, and Microsoft Entra takes RSA alone`,
      "make an RSA certificate",
    );
  }
  const leaf = certificates.find((candidate) => candidate.checkPrivateKey(key));
  if (leaf === undefined) {
    const reason =
      certificates.length === 0 ? "holds no certificate" : "holds no certificate of its private key";
    throw refuse(reason, "put certificate and private key into one file");
  }
  requireValid(
    leaf,
    now,
    (reason, hint) => new Failure("Unauthenticated", `${what}: ${named} ${reason}`, { hint }),
  );
  const others = certificates.filter((candidate) => candidate !== leaf);
  return { key, leaf, chain: proof.sendChain ? [leaf, ...others] : undefined };
}

type Refusal = (reason: string, hint?: string, cause?: unknown) => Failure;

async function read(proof: ClientCertificateProof, refuse: Refusal): Promise<KeyAndCertificates> {
  const { certificate, password } = proof;
  if ("pem" in certificate) {
    const text = certificate.pem.reveal();
    // In single quotes or none, the credentials file keeps \n as two characters.
    return readPem(text.includes("\n") ? text : text.replaceAll("\\n", "\n"), password?.reveal(), refuse);
  }
  const bytes = readBytes(certificate.path, refuse);
  if (bytes.includes("-----BEGIN ")) {
    return readPem(bytes.toString("latin1"), password?.reveal(), refuse);
  }
  const { readPkcs12 } = await import("./pkcs12.ts");
  return readPkcs12(bytes, password, refuse);
}

function readBytes(path: string, refuse: Refusal): Buffer {
  const reading = readSmallFile(path);
  if ("problem" in reading) {
    const hint = "mount the Secret with the certificate into Velero's pod at that path";
    throw refuse(reading.problem, hint, reading.cause);
  }
  return reading.value;
}

function readPem(text: string, password: string | undefined, refuse: Refusal): KeyAndCertificates {
  const block = pemKey.exec(text)?.[0];
  return {
    key: block === undefined ? undefined : readKey(block, password, refuse),
    certificates: (text.match(pemCertificates) ?? []).map((pem) => {
      try {
        return new X509Certificate(pem);
      } catch (cause) {
        throw refuse("holds a certificate that cannot be read", undefined, cause);
      }
    }),
  };
}

function readKey(pem: string, passphrase: string | undefined, refuse: Refusal): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && passphrase === undefined) {
    throw refuse(
      "holds an encrypted private key",
      `put its password into the credentials file as ${PASSWORD}`,
    );
  }
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(encrypted ? { passphrase } : {}) });
  } catch (cause) {
    throw refuse(
      encrypted ? "holds a private key that cannot be decrypted" : "holds a private key that cannot be read",
      encrypted ? `check ${PASSWORD}` : undefined,
      cause,
    );
  }
}

function requireValid(
  { validFromDate, validToDate }: X509Certificate,
  now: number,
  refuse: (reason: string, hint: string) => Failure,
): void {
  const clock = `it is now ${new Date(now).toISOString()} by this machine's clock`;
  if (validToDate.getTime() <= now) {
    throw refuse(
      `expired at ${validToDate.toISOString()} (${clock})`,
      "make a new certificate, add it to the application, and put it into the Secret",
    );
  }
  if (validFromDate.getTime() > now + CLOCK_SKEW) {
    throw refuse(`is not valid before ${validFromDate.toISOString()} (${clock})`, "check the clock");
  }
}
