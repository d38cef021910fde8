import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { requireTools } from "./required-tools.ts";

/** Paths of PEM files: an authority, and the certificate that it gave all servers on loopback. */
export interface Certificates {
  readonly authority: string;
  readonly certificate: string;
  /** Mode 0600, as the authority's own key beside it. */
  readonly key: string;
}

const days = "30";
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/**
 * Makes a certificate authority and a server certificate for loopback in a folder.
 * WHY an authority and not one self-signed file: a location's caCert is the authority's certificate for users as well.
 */
export function createCertificates(folder: string): Certificates {
  requireTools("make the cluster's certificates", new Map([["openssl", "OpenSSL 3"]]));
  mkdirSync(folder, { mode: 0o700 });
  const authority = join(folder, "ca.crt");
  const authorityKey = join(folder, "ca.key");
  const certificate = join(folder, "server.crt");
  const key = join(folder, "server.key");
  const request = ["req", "-x509", ...newKey, "-days", days];
  openssl(...request, "-subj", "/CN=velero-azure test authority", "-keyout", authorityKey, "-out", authority);
  openssl(
    ...request,
    "-subj",
    "/CN=localhost",
    "-keyout",
    key,
    "-out",
    certificate,
    "-CA",
    authority,
    "-CAkey",
    authorityKey,
    "-addext",
    "basicConstraints=critical,CA:false",
    "-addext",
    "subjectAltName=IP:127.0.0.1,DNS:localhost",
  );
  return { authority, certificate, key };
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
