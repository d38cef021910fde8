/**
 * Puts one architecture's executable and its libraries together in a folder.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { type Architecture, makeExecutable } from "./elf.ts";
import { withoutExports } from "./exports.ts";
import { CODE_CACHE_SUFFIX } from "./part-names.ts";

export const EXECUTABLE_NAME = "velero-azure";
/** Beside the executable; a folder, because Velero starts every executable file it finds in its plugin folder. */
export const LIBRARY_FOLDER = `${EXECUTABLE_NAME}.lib`;

/**
 * Options that Node takes at each start of the executable; measured, see docs/design.md, "The executable". V8's options
 * that change code (--max-lazy, --no-opt, --no-short-builtin-calls…) are out: with them Node compiles its own modules
 * anew at each start, for 20 ms.
 */
const EXEC_ARGV: readonly string[] = [
  // Loading http2 or tls would else have a thread parse Node's built-in roots, which nothing before the first
  // connection to Azure needs (and which then come from src/azure/http/roots.ts): 4 ms and 1.4 MB of each start. It
  // also keeps Node from reading NODE_EXTRA_CA_CERTS, and from complaining when that file is not there.
  "--use-openssl-ca",
  // NODE_USE_SYSTEM_CA=1 in the environment would else be an error beside the option above.
  "--no-use-system-ca",
  // A signal must not open a debugger's port in a process that holds credentials.
  "--disable-sigusr1",
  // MiB. Starting allocates a little more than V8's first young generation holds: no collection in it, 2 ms.
  "--min-semi-space-size=4",
];

/**
 * V8 writes its hashes of names into compiled code; drawn from the system's randomness they would differ from build to
 * build. (--hash-seed would do too, but V8 refuses code that was compiled under another value of that option.)
 */
const REPRODUCIBLE = ["--random-seed=1"];

const COMPILER = join(import.meta.dirname, "compile.ts");

/** Bytes. */
const PIECE = 64 * 1024;

export interface Parts {
  readonly architecture: Architecture;
  readonly bundle: Bundle;
  /** The executable's main script (`bundleLoader`), for parts with or without compiled code, as `codeCache` says. */
  readonly loader: Uint8Array;
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
    for (const [name, source] of [...parts.bundle.scripts, ...parts.bundle.workers]) {
      assets[name] = name;
      writeFileSync(join(folder, name), source);
    }
    if (parts.codeCache) {
      const names = [...parts.bundle.scripts.keys()];
      execFileSync(parts.hostNode, [...REPRODUCIBLE, COMPILER, ...names], {
        cwd: folder,
        env: {},
        stdio: "pipe",
      });
      for (const name of names) assets[`${name}${CODE_CACHE_SUFFIX}`] = `${name}${CODE_CACHE_SUFFIX}`;
    }
    writeFileSync(join(folder, `${EXECUTABLE_NAME}.cjs`), parts.loader);
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

/**
 * In pieces, as a copy into a plugin folder writes it: after one large write Linux keeps the file in pages of up to
 * 2 MiB, and each that is touched counts as resident (57 MB become 92), which no deployed plugin shows.
 */
function writeMode(path: string, content: Uint8Array, mode: number): void {
  const file = openSync(path, "w", mode);
  try {
    for (let at = 0; at < content.length;)
      at += writeSync(file, content, at, Math.min(PIECE, content.length - at));
    // The umask took bits of the mode away.
    fchmodSync(file, mode);
  } finally {
    closeSync(file);
  }
}

/** Writes FOLDER/velero-azure and FOLDER/velero-azure.lib/; what was there stays until the new files are whole. */
export function writeExecutable(parts: Parts, folder: string): void {
  const runPath = `$ORIGIN/${LIBRARY_FOLDER}`;
  const executable = makeExecutable(withoutExports(parts.node, parts.libraries.values()), {
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
