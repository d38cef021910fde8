import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Failure } from "../src/errors/error.ts";

const moduleFolder = fileURLToPath(new URL("go", import.meta.url));

/** `${XDG_CACHE_HOME:-~/.cache}/velero-azure`: where what takes long to make is kept, outside the tree. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "velero-azure");
}

/** Path of the blob server's executable, built from bench/go if its sources changed. */
export async function blobServerExecutable(): Promise<string> {
  // Always asked for: Go's own cache knows whether a source changed, and answers at once when none did.
  return build("blobserver", "./blobserver");
}

/** Path of toxiproxy's server, the version that bench/go/go.mod pins. The first build takes about ten seconds. */
export async function toxiproxyExecutable(): Promise<string> {
  const pins = await readFile(join(moduleFolder, "go.mod"));
  const name = `toxiproxy-${createHash("sha256").update(pins).digest("hex").slice(0, 12)}`;
  const file = join(cacheFolder(), "bench", name);
  return (await exists(file)) ? file : build(name, "github.com/Shopify/toxiproxy/v2/cmd/server");
}

async function build(name: string, what: string): Promise<string> {
  const folder = join(cacheFolder(), "bench");
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  // Built beside its name and renamed: another test process may be starting the old one right now.
  const unfinished = `${file}.${process.pid}.${buildNumber()}`;
  try {
    await promisify(execFile)("go", ["build", "-trimpath", "-o", unfinished, what], {
      cwd: moduleFolder,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
    });
  } catch (error) {
    throw new Failure("FailedPrecondition", `cannot build "${name}": ${reasonOf(error)}`, {
      hint: "Go 1.26 or newer has to be in PATH",
      cause: error,
    });
  }
  await rename(unfinished, file);
  return file;
}

function buildNumber(): string {
  return process.hrtime.bigint().toString(36);
}

function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return stderr === "" ? String(error) : stderr;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
