/**
 * Turns the TypeScript sources into the scripts that go into the executable: its parts, and one script for each worker
 * thread. Each `import()` in the sources begins a part of its own, which costs nothing until it is asked for; what
 * several of them share becomes a part, too. CommonJS, because Node keeps compiled code (its code cache) for that only.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { build, type BuildOptions, type OutputFile, transform } from "esbuild";
import { MAIN_PART } from "./part-names.ts";

/** What `--version` prints. */
export interface BuildInfo {
  readonly version: string;
  /** The commit, with `-dirty` when the tree had changes, or `unknown` outside a checkout. */
  readonly commit: string;
}

export interface Bundle {
  /** By asset name; `packaging/loader.ts` runs them. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** By asset name: `upload.worker.ts` becomes `upload.worker`. */
  readonly workers: ReadonlyMap<string, Uint8Array>;
}

const COMMON = {
  platform: "node",
  target: "node24",
  // One character outside of Latin 1 would make V8 keep the whole script in two bytes a character.
  charset: "ascii",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
} satisfies BuildOptions;

async function bundled(root: string, info: BuildInfo, options: BuildOptions): Promise<OutputFile[]> {
  const result = await build({
    ...COMMON,
    absWorkingDir: root,
    bundle: true,
    write: false,
    define: {
      // A CommonJS script has no import.meta; only a run from the sources needs one, to find a worker's file.
      "import.meta.url": JSON.stringify("file:///velero-azure"),
      VELERO_AZURE_VERSION: JSON.stringify(info.version),
      VELERO_AZURE_COMMIT: JSON.stringify(info.commit),
    },
    ...options,
  });
  return result.outputFiles ?? [];
}

/** esbuild splits ES modules only: each of them is made CommonJS afterwards, its imports calls of the loader. */
async function bundleParts(root: string, info: BuildInfo): Promise<Map<string, Uint8Array>> {
  const outputs = await bundled(root, info, {
    entryPoints: { [basename(MAIN_PART, ".js")]: join("src", "main.ts") },
    outdir: join(root, "parts"),
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
  });
  const parts = new Map<string, Uint8Array>();
  for (const output of outputs.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const { code } = await transform(output.contents, {
      ...COMMON,
      format: "cjs",
      supported: { "dynamic-import": false },
    });
    const script = `(function(exports,require,module){${code}\n})`;
    parts.set(basename(output.path), Buffer.from(script, "latin1"));
  }
  return parts;
}

async function bundleScript(
  root: string,
  entry: string,
  info: BuildInfo,
  options: BuildOptions = {},
): Promise<Uint8Array> {
  const [output] = await bundled(root, info, { entryPoints: [entry], format: "cjs", ...options });
  if (output === undefined) throw new Error(`cannot bundle "${entry}": esbuild wrote nothing`);
  return output.contents;
}

/** The executable's main script. */
export async function bundleLoader(codeCache: boolean): Promise<Uint8Array> {
  return bundleScript(
    import.meta.dirname,
    join(import.meta.dirname, "loader.ts"),
    { version: "", commit: "" },
    { define: { VELERO_AZURE_CODE_CACHE: String(codeCache) } },
  );
}

export async function bundleSources(root: string, info: BuildInfo): Promise<Bundle> {
  const workers = new Map<string, Uint8Array>();
  for (const entry of globSync("src/**/*.worker.ts", { cwd: root }).toSorted()) {
    const name = basename(entry, ".ts");
    if (workers.has(name)) throw new Error(`cannot bundle "${entry}": another worker has the name ${name}`);
    workers.set(name, await bundleScript(root, entry, info));
  }
  return { parts: await bundleParts(root, info), workers };
}
