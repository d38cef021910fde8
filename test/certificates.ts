import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";

export interface Certificates {
  /** PEM of the authority: what a location's `caCert` takes. */
  readonly ca: string;
  /** PEM of the server's certificate, for 127.0.0.1 and localhost. */
  readonly cert: string;
  readonly key: string;
}

const run = promisify(execFile);

/**
 * Makes a certificate authority and a server certificate for loopback in the folder, good for a day; resolves to the
 * paths of the files. `names` are further ones of the server, such as `DNS:example.test`.
 */
export async function makeCertificates(folder: string, names: readonly string[] = []): Promise<Certificates> {
  await mkdir(folder, { recursive: true });
  const path = (name: string): string => join(folder, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  await openssl(
    ["req", "-x509", ...newKey, "-days", "1", "-subj", "/CN=velero-azure tests"],
    ["-keyout", path("ca.key"), "-out", path("ca.pem")],
  );
  await openssl(
    ["req", ...newKey, "-subj", "/CN=localhost"],
    ["-keyout", path("server.key"), "-out", path("server.csr")],
  );
  await writeFile(
    path("server.ext"),
    `subjectAltName=${["DNS:localhost", "IP:127.0.0.1", ...names].join(",")}\nextendedKeyUsage=serverAuth\n`,
  );
  await openssl(
    ["x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key")],
    ["-CAcreateserial", "-days", "1", "-extfile", path("server.ext"), "-out", path("server.pem")],
  );
  await chmod(path("server.key"), 0o600);
  return { ca: path("ca.pem"), cert: path("server.pem"), key: path("server.key") };
}

/** Makes this process's own https clients (fetch, Azure's SDK) trust the authority too. */
export function trustAuthority(ca: string): void {
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(ca, "utf8")]);
}

async function openssl(...args: readonly string[][]): Promise<void> {
  try {
    await run("openssl", args.flat());
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Error("cannot make certificates: openssl is not installed", { cause: error });
    }
    throw error;
  }
}
