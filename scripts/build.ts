/**
 * Makes dist/linux-ARCH/velero-azure and the folder of libraries beside it.
 *
 *   node scripts/bootstrap.mjs scripts/build.ts [--arch amd64|arm64]... [--host] [--out FOLDER]
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BuildInfo, bundleSources } from "../packaging/bundle.ts";
import type { Architecture } from "../packaging/elf.ts";
import { EXECUTABLE_NAME, writeExecutable } from "../packaging/executable.ts";
import { collectLibraries, findOwnLibrary, newestGlibc, VELERO_GLIBC } from "../packaging/libraries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const HOST: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

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

const { values } = parseArgs({
  options: {
    arch: { type: "string", multiple: true },
    host: { type: "boolean" },
    out: { type: "string" },
  },
});
const out = resolve(values.out ?? join(root, "dist"));
const architectures = values.host ? [HOST] : (values.arch ?? [HOST]);
const info = buildInfo();
const bundle = await bundleSources(root, info);
for (const architecture of architectures) {
  if (architecture !== HOST) throw new Error(`cannot build for ${architecture} yet`);
  const began = Date.now();
  const node = readFileSync(process.execPath);
  const libraries = collectLibraries(node, findOwnLibrary);
  const folder = join(out, `linux-${architecture}`);
  writeExecutable(
    { architecture, bundle, node, libraries, hostNode: process.execPath, codeCache: true },
    folder,
  );
  const glibc = newestGlibc(libraries.values());
  if (Number(glibc.slice(2)) > Number(VELERO_GLIBC.slice(2))) {
    console.warn(`warning: this machine's libraries need glibc ${glibc}; Velero's image has ${VELERO_GLIBC}`);
  }
  console.log(
    `${join(folder, EXECUTABLE_NAME)}  ${info.version} ${info.commit}  ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
}
