/**
 * Puts one architecture's executable and its libraries together in a folder.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { type Architecture, makeExecutable } from "./elf.ts";

export const EXECUTABLE_NAME = "velero-azure";
/** Beside the executable; a folder, because Velero starts every executable file it finds in its plugin folder. */
export const LIBRARY_FOLDER = `${EXECUTABLE_NAME}.lib`;

/** Options that Node takes at each start of the executable. */
const EXEC_ARGV: readonly string[] = [];

/**
 * V8 writes its hashes of names into compiled code; drawn from the system's randomness they would differ from build to
 * build. (--hash-seed would do too, but V8 refuses code that was compiled under another value of that option.)
 */
const REPRODUCIBLE = ["--random-seed=1"];

export interface Parts {
  readonly architecture: Architecture;
  readonly bundle: Bundle;
  /** The Node executable of that architecture. */
  readonly node: Uint8Array;
  readonly libraries: ReadonlyMap<string, Uint8Array>;
  /** The pinned Node of this machine, the same version: it writes the blob. */
  readonly hostNode: string;
  /** Compiled code depends on the processor: only for this machine's own architecture. */
  readonly codeCache: boolean;
}

function makeBlob(parts: Parts): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-build-"));
  try {
    const assets: Record<string, string> = {};
    for (const [name, source] of parts.bundle.workers) {
      assets[name] = `${name}.cjs`;
      writeFileSync(join(folder, `${name}.cjs`), source);
    }
    writeFileSync(join(folder, `${EXECUTABLE_NAME}.cjs`), parts.bundle.main);
    const config = {
      main: `${EXECUTABLE_NAME}.cjs`,
      output: "blob",
      disableExperimentalSEAWarning: true,
      useCodeCache: parts.codeCache,
      execArgv: EXEC_ARGV,
      execArgvExtension: "none",
      assets,
    };
    writeFileSync(join(folder, "sea.json"), JSON.stringify(config));
    // Relative names and this working directory: the blob keeps the names it was made with.
    execFileSync(parts.hostNode, [...REPRODUCIBLE, "--experimental-sea-config", "sea.json"], {
      cwd: folder,
      env: {},
      // Node reports success on stderr; of a failure, execFileSync throws it.
      stdio: "pipe",
    });
    return readFileSync(join(folder, "blob"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeMode(path: string, content: Uint8Array, mode: number): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** Writes FOLDER/velero-azure and FOLDER/velero-azure.lib/; what was there stays until the new files are whole. */
export function writeExecutable(parts: Parts, folder: string): void {
  const runPath = `$ORIGIN/${LIBRARY_FOLDER}`;
  const executable = makeExecutable(parts.node, {
    architecture: parts.architecture,
    blob: makeBlob(parts),
    runPath,
  });
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, ".new-"));
  try {
    writeMode(join(work, EXECUTABLE_NAME), executable, 0o755);
    mkdirSync(join(work, LIBRARY_FOLDER));
    chmodSync(join(work, LIBRARY_FOLDER), 0o755);
    for (const [name, content] of parts.libraries)
      writeMode(join(work, LIBRARY_FOLDER, name), content, 0o644);
    rmSync(join(folder, LIBRARY_FOLDER), { recursive: true, force: true });
    renameSync(join(work, LIBRARY_FOLDER), join(folder, LIBRARY_FOLDER));
    renameSync(join(work, EXECUTABLE_NAME), join(folder, EXECUTABLE_NAME));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
