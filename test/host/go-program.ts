import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Which folder of test/go, each a module that pins what it stands for, has the program. */
const MODULES = { host: "velero", descriptors: "velero", client: "azure" } as const;

/**
 * Builds one program of test/go (`host` and `descriptors` with Velero, `client` with Azure's SDK) and resolves to the
 * executable's path. Results are kept in the user's cache by a hash of the sources and Go's version: the first build
 * takes minutes.
 */
export async function buildGoProgram(name: keyof typeof MODULES): Promise<string> {
  const moduleFolder = fileURLToPath(new URL(`../go/${MODULES[name]}`, import.meta.url));
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "velero-azure");
  const executable = join(cache, `go-${name}-${await hashOf(moduleFolder, name)}`);
  if (await exists(executable)) {
    return executable;
  }
  await mkdir(cache, { recursive: true });
  const unfinished = `${executable}.${process.pid}`;
  const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", unfinished, `./${name}`];
  await go(moduleFolder, args);
  await rename(unfinished, executable);
  return executable;
}

async function hashOf(moduleFolder: string, name: string): Promise<string> {
  const hash = createHash("sha256").update(await go(moduleFolder, ["version"]));
  const sources = (await readdir(join(moduleFolder, name))).toSorted().map((file) => join(name, file));
  for (const file of ["go.mod", "go.sum", ...sources]) {
    hash.update(`\0${file}\0`).update(await readFile(join(moduleFolder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

async function go(moduleFolder: string, args: readonly string[]): Promise<string> {
  try {
    const env = { ...process.env, CGO_ENABLED: "0" };
    return (await run("go", args, { cwd: moduleFolder, env, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Error(`cannot build the programs of "${moduleFolder}": go is not installed`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
