/**
 * Turns the TypeScript sources into the scripts that go into the executable: its parts, and one script for each worker
 * thread. Each `import()` in the sources begins a part of its own, which costs nothing until it is asked for; what
 * several of them share becomes a part, too. Parts that most runs load together share a script. CommonJS, because Node keeps compiled code (its code cache) for that only.
 */
import { globSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { build, type BuildOptions, type Metafile, type OutputFile, transform } from "esbuild";
import { MAIN_PART } from "./part-names.ts";

/** What `--version` prints. */
export interface BuildInfo {
  readonly version: string;
  /** The commit, with `-dirty` when the tree had changes, or `unknown` outside a checkout. */
  readonly commit: string;
}

export interface Bundle {
  /** Scripts by asset name, each an object of parts; `packaging/loader.ts` runs them. */
  readonly scripts: ReadonlyMap<string, Uint8Array>;
  /** The script that a part is in, by the part's name, where that is not the part's own name. */
  readonly homes: Readonly<Record<string, string>>;
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

type Outputs = Metafile["outputs"];

interface Bundled {
  readonly outputFiles: readonly OutputFile[];
  readonly metafile: Metafile;
}

async function bundled(root: string, info: BuildInfo, options: BuildOptions): Promise<Bundled> {
  const { outputFiles = [], metafile } = await build({
    ...COMMON,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    define: {
      // A CommonJS script has no import.meta; only a run from the sources needs one, to find a worker's file.
      "import.meta.url": JSON.stringify("file:///velero-azure"),
      VELERO_AZURE_VERSION: JSON.stringify(info.version),
      VELERO_AZURE_COMMIT: JSON.stringify(info.commit),
    },
    ...options,
  });
  if (metafile === undefined) throw new Error("cannot bundle: esbuild does not say what it made of what");
  return { outputFiles, metafile };
}

/**
 * What most runs load at the same moment: entries of parts that go into one script together with all that they import.
 * Each script costs a tenth of a millisecond.
 */
const TOGETHER: readonly (readonly string[])[] = [
  ["src/main.ts", "src/plugin/run.ts"],
  ["src/plugin/server.ts"],
  ["src/plugin/services/object-store.ts", "src/store/open-object-store.ts"],
];

/** Which script each part goes into, by the names of the files that esbuild made. */
function homesOf(outputs: Outputs): Map<string, string> {
  const homes = new Map<string, string>();
  const settle = (part: string, home: string): void => {
    if (homes.has(part)) return;
    homes.set(part, home);
    for (const { kind, path } of outputs[part]?.imports ?? [])
      if (kind === "import-statement" && outputs[path] !== undefined) settle(path, home);
  };
  for (const entries of TOGETHER) {
    const parts = entries.map((entry) => {
      const found = Object.keys(outputs).find((part) => outputs[part]?.entryPoint === entry);
      if (found === undefined) throw new Error(`cannot bundle "${entry}": no import() of it`);
      return found;
    });
    for (const part of parts) settle(part, parts[0] ?? part);
  }
  for (const part of Object.keys(outputs)) if (!homes.has(part)) homes.set(part, part);
  return homes;
}

/** esbuild splits ES modules only: each of them is made CommonJS afterwards, its imports calls of the loader. */
async function bundleParts(root: string, info: BuildInfo): Promise<Pick<Bundle, "scripts" | "homes">> {
  const { outputFiles, metafile } = await bundled(root, info, {
    entryPoints: { [basename(MAIN_PART, ".js")]: join("src", "main.ts") },
    outdir: join(root, "parts"),
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
  });
  const contents = new Map(outputFiles.map((file) => [relative(root, file.path), file.contents]));
  const members = new Map<string, string[]>();
  const homes: Record<string, string> = {};
  for (const [part, home] of [...homesOf(metafile.outputs)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { code } = await transform(contents.get(part) ?? "", {
      ...COMMON,
      format: "cjs",
      supported: { "dynamic-import": false },
    });
    const name = basename(part);
    const script = basename(home);
    if (script !== name) homes[name] = script;
    const list = members.get(script) ?? [];
    members.set(script, list);
    list.push(`${JSON.stringify(name)}(exports,require,module){${code}\n}`);
  }
  const scripts = [...members].map(
    ([name, list]) => [name, Buffer.from(`({${list.join(",\n")}})`, "latin1")] as const,
  );
  return { scripts: new Map(scripts), homes };
}

async function bundleScript(
  root: string,
  entry: string,
  info: BuildInfo,
  options: BuildOptions = {},
): Promise<Uint8Array> {
  const { outputFiles } = await bundled(root, info, { entryPoints: [entry], format: "cjs", ...options });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`cannot bundle "${entry}": esbuild wrote nothing`);
  return output.contents;
}

/** The executable's main script, for the bundle's scripts with or without compiled code beside them. */
export async function bundleLoader({ homes }: Bundle, codeCache: boolean): Promise<Uint8Array> {
  return bundleScript(
    import.meta.dirname,
    join(import.meta.dirname, "loader.ts"),
    { version: "", commit: "" },
    {
      define: { VELERO_AZURE_CODE_CACHE: String(codeCache), VELERO_AZURE_HOMES: JSON.stringify(homes) },
    },
  );
}

export async function bundleSources(root: string, info: BuildInfo): Promise<Bundle> {
  const workers = new Map<string, Uint8Array>();
  for (const entry of globSync("src/**/*.worker.ts", { cwd: root }).toSorted()) {
    const name = basename(entry, ".ts");
    if (workers.has(name)) throw new Error(`cannot bundle "${entry}": another worker has the name ${name}`);
    workers.set(name, await bundleScript(root, entry, info));
  }
  return { ...(await bundleParts(root, info)), workers };
}
