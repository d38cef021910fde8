/**
 * Turns the TypeScript sources into the scripts that go into the executable: the main script, and one for each worker
 * thread. CommonJS, because Node keeps compiled code (its code cache) for that only.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** What `--version` prints. */
export interface BuildInfo {
  readonly version: string;
  /** The commit, with `-dirty` when the tree had changes, or `unknown` outside a checkout. */
  readonly commit: string;
}

export interface Bundle {
  readonly main: Uint8Array;
  /** By asset name: `upload.worker.ts` becomes `upload.worker`. */
  readonly workers: ReadonlyMap<string, Uint8Array>;
}

async function bundleEntry(root: string, entry: string, info: BuildInfo): Promise<Uint8Array> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    // One character outside of Latin 1 would make V8 keep the whole script in two bytes a character.
    charset: "ascii",
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
    define: {
      // A CommonJS script has no import.meta; only a run from the sources needs one, to find a worker's file.
      "import.meta.url": JSON.stringify("file:///velero-azure"),
      VELERO_AZURE_VERSION: JSON.stringify(info.version),
      VELERO_AZURE_COMMIT: JSON.stringify(info.commit),
    },
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`cannot bundle "${entry}": esbuild wrote nothing`);
  return output.contents;
}

export async function bundleSources(root: string, info: BuildInfo): Promise<Bundle> {
  const workers = new Map<string, Uint8Array>();
  for (const entry of globSync("src/**/*.worker.ts", { cwd: root }).toSorted()) {
    const name = basename(entry, ".ts");
    if (workers.has(name)) throw new Error(`cannot bundle "${entry}": another worker has the name ${name}`);
    workers.set(name, await bundleEntry(root, entry, info));
  }
  return { main: await bundleEntry(root, join("src", "main.ts"), info), workers };
}
