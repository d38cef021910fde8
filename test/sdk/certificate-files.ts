import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import type { CertificateAuthority } from "../../simulator/http/certificates.ts";
import type { World } from "./world.ts";

const run = promisify(execFile);

/** What a certificate is handed to a client as. */
export interface CertificateFile {
  readonly path: string;
  readonly password?: string;
  /** PEM of the certificate alone. */
  readonly certificate: string;
}

export const FORMS = ["PEM", "PKCS#12 with a password", "PKCS#12 without a password"] as const;

/** Makes a certificate with its key and its chain, in a file of the world's. */
export async function certificateFile(
  world: Pick<World, "authority" | "file">,
  form: (typeof FORMS)[number],
  commonName = "velero",
  authority: CertificateAuthority = world.authority,
): Promise<CertificateFile> {
  const { certificate, key } = await authority.client(commonName);
  const name = `${commonName}-${randomUUID()}-${form.replaceAll(/\W/g, "")}`;
  const path = await world.file(`${name}.pem`, key + certificate + authority.certificate);
  if (form === "PEM") return { path, certificate };
  const password = form === "PKCS#12 with a password" ? "pass word'\"ü" : "";
  const passwordFile = await world.file(`${name}.password`, `${password}\n`);
  const out = `${path}.pfx`;
  // Go's reader knows nothing newer than these.
  const old = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
  try {
    await run("openssl", [
      ...["pkcs12", "-export", ...old],
      ...["-in", path, "-out", out, "-passout", `file:${passwordFile}`],
    ]);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw missing
      ? new Error("cannot make a PKCS#12 file: openssl is not installed", { cause: error })
      : error;
  }
  return { path: out, certificate, ...(password === "" ? {} : { password }) };
}
