import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Environment } from "./proxy.ts";

/** Where Linux distributions keep the roots they trust; the first file that is there counts, as in Go's crypto/x509. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const systemDirectories = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/**
 * The roots that Azure's endpoints and Entra have certificates of (source: "Azure Certificate Authority details"), by the
 * first line of their PEM, which holds the serial number. Parsing all of Node's, over a hundred, takes 7 ms, and each
 * process opens its first connection with it.
 */
export const AZURE_ROOTS: ReadonlyMap<string, string> = new Map([
  ["MIIDjjCCAnagAwIBAgIQAzrx5qcRqaC7KGSxHQn65TANBgkqhkiG9w0BAQsFADBhMQswCQYD", "DigiCert Global Root G2"],
  ["MIICPzCCAcWgAwIBAgIQBVVWvPJepDU1w6QP1atFcjAKBggqhkjOPQQDAzBhMQswCQYDVQQG", "DigiCert Global Root G3"],
  [
    "MIICGTCCAZ+gAwIBAgIQCeCTZaz32ci5PhwLBCou8zAKBggqhkjOPQQDAzBOMQswCQYDVQQG",
    "DigiCert TLS ECC P384 Root G5",
  ],
  [
    "MIIFZjCCA06gAwIBAgIQCPm0eKj6ftpqMzeJ3nzPijANBgkqhkiG9w0BAQwFADBNMQswCQYD",
    "DigiCert TLS RSA4096 Root G5",
  ],
  [
    "MIICWTCCAd+gAwIBAgIQZvI9r4fei7FK6gxXMQHC7DAKBggqhkjOPQQDAzBlMQswCQYDVQQG",
    "Microsoft ECC Root Certificate Authority 2017",
  ],
  [
    "MIIFqDCCA5CgAwIBAgIQHtOXCV/YtLNHcB6qvn9FszANBgkqhkiG9w0BAQwFADBlMQswCQYD",
    "Microsoft RSA Root Certificate Authority 2017",
  ],
]);

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Which certificates a transport trusts. Reading and parsing the system's roots costs several milliseconds at each
 * start of the plugin, so they come in two steps: `first` is enough for nearly every endpoint; `all` is asked for
 * only when a server's certificate did not verify with it.
 */
export interface TrustedRoots {
  /** PEM. */
  readonly first: readonly string[];
  /** Every trusted certificate as PEM, or undefined when `first` is all there is. */
  all(): readonly string[] | undefined;
}

/**
 * caCert alone is tried first where there is one (the endpoint of someone who sets it is signed by it), else those of
 * Node's own roots that Azure uses; then all: caCert, the system's and Node's. SSL_CERT_FILE and SSL_CERT_DIR mean what they mean
 * for Go programs, the official plugin among them: whoever sets one chooses the roots, and Node's own don't count.
 */
export function trustedRoots(
  caCert: string | undefined,
  environment: Environment,
  builtIn: () => readonly string[],
): TrustedRoots {
  const own = caCert?.match(pemBlock) ?? [];
  const file = environment["SSL_CERT_FILE"];
  const directories = environment["SSL_CERT_DIR"];
  const system = (): readonly string[] =>
    readRoots(file ? [file] : systemFiles, directories ? directories.split(":") : systemDirectories);
  if (file || directories) {
    const chosen = system();
    return { first: [...own, ...(chosen.length > 0 ? chosen : builtIn())], all: () => undefined };
  }
  return {
    // Node's by name: what it would take by itself may be OpenSSL's folder (`--use-openssl-ca`), which in a bare image
    // is empty, and every process would begin with a handshake in vain.
    first: own.length > 0 ? own : ofAzure(builtIn()),
    all: () => [...new Set([...own, ...system(), ...builtIn()])],
  };
}

function ofAzure(roots: readonly string[]): readonly string[] {
  const found = roots.filter((root) => AZURE_ROOTS.has(root.split("\n", 2)[1] ?? ""));
  return found.length > 0 ? found : roots;
}

function readRoots(files: readonly string[], directories: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const add = (file: string): boolean => {
    // What cannot be read is passed over, as Go does: there is nearly always another source.
    const text = orUndefined(() => readFileSync(file, "latin1"));
    text?.match(pemBlock)?.forEach((certificate) => found.add(certificate));
    return text !== undefined;
  };
  files.some(add);
  for (const directory of directories) {
    orUndefined(() => readdirSync(directory))?.forEach((name) => add(path.join(directory, name)));
  }
  return [...found];
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
