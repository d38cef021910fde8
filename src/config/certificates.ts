import { X509Certificate } from "node:crypto";
import { decodeBase64 } from "./base64.ts";
import type { Reading } from "./reading.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads PEM, or base64 of PEM, into the PEM of its certificates alone: whatever else is in there, a private key
 * above all, is left behind. A certificate that cannot be read is left out with a warning, as Go's
 * AppendCertsFromPEM leaves it out without; none at all is a problem.
 */
export function readCertificates(text: string, encoded: boolean): Reading<string | undefined> {
  const decoded = decodeBase64(text)?.toString("utf8");
  if (encoded && decoded === undefined) {
    return { problem: "is not base64, though caCertEncoded says so" };
  }
  const pem = encoded ? (decoded ?? "") : text;
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) {
    const twice = !encoded && decoded?.includes("-----BEGIN") === true;
    const remedy = twice
      ? "it is base64 of PEM: set caCertEncoded, or encode the location's caCert only once"
      : "it must have -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- lines";
    return { problem: `holds no certificate in PEM form (${remedy})` };
  }
  const readable = blocks.filter(isCertificate);
  if (readable.length === 0) {
    return { problem: `holds no certificate that can be read (${blocks.length} tried)` };
  }
  const value = readable.map((block) => `${block}\n`).join("");
  const bad = blocks.length - readable.length;
  return bad === 0
    ? { value }
    : { value, warning: `${bad} of its ${blocks.length} certificates cannot be read and are left out` };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
