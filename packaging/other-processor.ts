/**
 * What a build for another processor than this machine's takes: that processor's Node and its libraries. Both are
 * fetched once, with what this machine has set up for itself (npm's registry, apt's sources), and kept in the cache.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Architecture } from "./elf.ts";

const NPM_CPU: Record<Architecture, string> = { amd64: "x64", arm64: "arm64" };
const LOCKFILE = fileURLToPath(new URL("../package-lock.json", import.meta.url));

/** Debian's and Ubuntu's packages of the libraries that Node needs beyond glibc. */
const DEBIAN_PACKAGES = ["libstdc++6", "libgcc-s1"];

/** Where build parts are kept between builds and clones. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "velero-azure");
}

/** Says on stderr what takes long. */
export type Progress = (message: string) => void;

function run(
  what: string,
  remedy: string,
  command: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): void {
  const result: SpawnSyncReturns<string> = spawnSync(command, args, { ...options, encoding: "utf8" });
  if (result.status === 0) return;
  const reason =
    result.error === undefined
      ? `${command} ended with ${result.signal ?? `code ${result.status}`}\n${`${result.stdout}${result.stderr}`.trim()}`
      : `${command} is not there (${result.error.message})`;
  throw new Error(`cannot ${what}: ${reason}\n${remedy}`);
}

/** Fills a folder of the cache under a name of its own and only then gives it the right one: never half a folder. */
function cached(folder: string, fill: (work: string) => void): string {
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  try {
    fill(work);
    if (!existsSync(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The path of the pinned Node for a processor. npm leaves packages for other processors out, so that one entry of
 * our lockfile becomes a lockfile of its own: npm checks the same integrity.
 */
export function nodeFor(architecture: Architecture, progress: Progress): string {
  const name = `node-linux-${NPM_CPU[architecture]}`;
  const path = `node_modules/${name}`;
  const pinned = JSON.parse(readFileSync(LOCKFILE, "utf8")).packages[path];
  if (pinned === undefined)
    throw new Error(`cannot find Node for ${architecture}: package-lock.json has no ${path}`);
  const key = createHash("sha256").update(pinned.integrity).digest("hex").slice(0, 16);
  const folder = cached(join(cacheFolder(), "node", `${pinned.version}-${architecture}-${key}`), (work) => {
    progress(`fetching Node ${pinned.version} for ${architecture}, once`);
    const project = { name: "node", version: "0.0.0", optionalDependencies: { [name]: pinned.version } };
    // As an optional package, because npm heeds --cpu only for those.
    const lock = {
      name: "node",
      version: "0.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: { "": project, [path]: pinned },
    };
    writeFileSync(join(work, "package.json"), JSON.stringify(project));
    writeFileSync(join(work, "package-lock.json"), JSON.stringify(lock));
    const args = [
      "ci",
      "--include=optional",
      "--ignore-scripts",
      "--os=linux",
      `--cpu=${NPM_CPU[architecture]}`,
    ];
    run(`fetch Node for ${architecture}`, "needs npm 10 or newer and its registry", "npm", args, {
      cwd: work,
    });
  });
  return join(folder, path, "bin", "node");
}

/** apt with folders of its own: no root, and nothing of this machine's package state is read or changed. */
function aptSettings(folder: string, architecture: Architecture): NodeJS.ProcessEnv {
  mkdirSync(join(folder, "state", "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  writeFileSync(join(folder, "state", "status"), "");
  const settings = join(folder, "apt.conf");
  writeFileSync(
    settings,
    `Dir::State "${folder}/state";
Dir::State::status "${folder}/state/status";
Dir::Cache "${folder}/cache";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "";
Acquire::Languages "none";
`,
  );
  return { ...process.env, APT_CONFIG: settings, LC_ALL: "C" };
}

/** A folder tree with the processor's libraries, from the Debian or Ubuntu that this machine runs. */
export function librariesFor(architecture: Architecture, progress: Progress): string {
  const remedy =
    `--libraries FOLDER takes libstdc++.so.6 and libgcc_s.so.1 for ${architecture} from elsewhere; ` +
    "--host builds for this machine's processor alone";
  const what = `fetch the libraries for ${architecture}`;
  return cached(join(cacheFolder(), "libraries", architecture), (work) => {
    progress(`fetching the libraries for ${architecture} with apt-get, once`);
    const env = aptSettings(work, architecture);
    run(what, remedy, "apt-get", ["update", "-q"], { cwd: work, env });
    run(what, remedy, "apt-get", ["download", "-q", ...DEBIAN_PACKAGES], { cwd: work, env });
    for (const archive of globSync("*.deb", { cwd: work })) {
      run(what, remedy, "dpkg-deb", ["-x", archive, "root"], { cwd: work });
    }
    for (const scrap of ["state", "cache", "apt.conf", ...globSync("*.deb", { cwd: work })]) {
      rmSync(join(work, scrap), { recursive: true });
    }
  });
}

/** Looks libraries up in a folder tree. */
export function libraryIn(folder: string): (name: string) => string {
  return (name) => {
    const [found] = globSync(`**/${name}`, { cwd: folder }).toSorted();
    if (found === undefined) throw new Error(`cannot find "${name}" in "${folder}"`);
    return join(folder, found);
  };
}
