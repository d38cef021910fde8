/**
 * Makes dist/linux-ARCH/velero-azure and the folder of libraries beside it, for both processors or those asked for.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BuildInfo, type Bundle, bundleLoader, bundleSources } from "../packaging/bundle.ts";
import type { Architecture } from "../packaging/elf.ts";
import { EXECUTABLE_NAME, writeExecutable } from "../packaging/executable.ts";
import { collectLibraries, newestGlibc, ownLibrary, VELERO_GLIBC } from "../packaging/libraries.ts";
import { librariesFor, libraryIn, nodeFor } from "../packaging/other-processor.ts";

const USAGE = `usage: npm run build -- [--host | --arch amd64|arm64 ...] [--out FOLDER] [--libraries FOLDER]

  --host              only for this machine's processor
  --arch ARCH         only for that processor; may be repeated
  --out FOLDER        instead of dist
  --libraries FOLDER  where the other processor's libraries are, instead of asking apt for them`;

const ARCHITECTURES: readonly Architecture[] = ["amd64", "arm64"];
const HOST: Architecture = process.arch === "arm64" ? "arm64" : "amd64";
const root = fileURLToPath(new URL("..", import.meta.url));

interface Options {
  readonly architectures: readonly Architecture[];
  readonly out: string;
  readonly libraries: string | undefined;
}

function options(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: "string", multiple: true },
      host: { type: "boolean" },
      out: { type: "string" },
      libraries: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return undefined;
  const asked = values.host ? [HOST] : (values.arch ?? ARCHITECTURES);
  const architectures = ARCHITECTURES.filter((architecture) => asked.includes(architecture));
  if (architectures.length !== new Set(asked).size)
    throw new Error(`cannot build for "${asked.join(", ")}"\n${USAGE}`);
  return { architectures, out: resolve(values.out ?? join(root, "dist")), libraries: values.libraries };
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

function buildInfo(): BuildInfo {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const commit = git("rev-parse", "--short=12", "HEAD");
  const dirty = commit !== undefined && git("status", "--porcelain") !== "";
  return { version, commit: commit === undefined ? "unknown" : `${commit}${dirty ? "-dirty" : ""}` };
}

function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}

async function buildFor(
  architecture: Architecture,
  bundle: Bundle,
  { out, libraries }: Options,
): Promise<string> {
  const own = architecture === HOST;
  const node = readFileSync(own ? process.execPath : nodeFor(architecture, progress));
  const find = own ? ownLibrary : libraryIn(libraries ?? librariesFor(architecture, progress));
  const found = collectLibraries(node, find);
  const glibc = newestGlibc(found.values());
  if (Number(glibc.slice(2)) > Number(VELERO_GLIBC.slice(2))) {
    progress(
      `warning: the libraries for ${architecture} need glibc ${glibc}, Velero's image has ${VELERO_GLIBC}`,
    );
  }
  const folder = join(out, `linux-${architecture}`);
  writeExecutable(
    {
      architecture,
      bundle,
      loader: await bundleLoader(bundle, own),
      node,
      libraries: found,
      hostNode: process.execPath,
      codeCache: own,
    },
    folder,
  );
  return join(folder, EXECUTABLE_NAME);
}

async function main(): Promise<void> {
  const chosen = options(process.argv.slice(2));
  if (chosen === undefined) {
    console.log(USAGE);
    return;
  }
  const info = buildInfo();
  const bundle = await bundleSources(root, info);
  for (const architecture of chosen.architectures) {
    const began = performance.now();
    const path = relative(process.cwd(), await buildFor(architecture, bundle, chosen));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${path}  ${info.version} (commit ${info.commit})  ${seconds} s`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
