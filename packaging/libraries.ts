/**
 * Finds the shared libraries that Node needs beyond glibc (the C++ and compiler runtimes), which Velero's image has not.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type Architecture, readLinkage } from "./elf.ts";

/** glibc's own, by name without version: they belong to the dynamic loader and must come from the same system. */
const GLIBC = /^(lib(c|m|dl|pthread|rt)|ld-linux(-[a-z0-9_-]+)?)\.so\./;

/** The glibc of the image that Velero 1.18 is published in (Debian 12). */
export const VELERO_GLIBC = "2.36";

const DEBIAN_PACKAGES = ["libstdc++6", "libgcc-s1", "libatomic1"];

/** Where build parts are kept between builds and clones. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "velero-azure");
}

/** The libraries by file name, with everything that they need in turn; `find` says where one is. */
export function collectLibraries(node: Uint8Array, find: (name: string) => string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const pending = [...readLinkage(node).needed];
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (GLIBC.test(name) || found.has(name)) continue;
    const bytes = readFileSync(find(name));
    found.set(name, bytes);
    pending.push(...readLinkage(bytes).needed);
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The libraries that the running Node itself was given by this machine's dynamic loader. */
export function findOwnLibrary(name: string): string {
  const mapped = new Set(readFileSync("/proc/self/maps", "utf8").match(/\/.+\.so.*$/gm));
  const found = [...mapped]
    .map((path) => join(dirname(path), name))
    .find((path) => existsSync(path) && mapped.has(realpathSync(path)));
  if (found === undefined) throw new Error(`cannot find "${name}": the running Node has not loaded it`);
  return found;
}

/** The newest glibc that the libraries ask for, for instance "2.36". */
export function newestGlibc(libraries: Iterable<Uint8Array>): string {
  let newest = 0;
  for (const bytes of libraries) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    for (const [, minor] of text.matchAll(/GLIBC_2\.(\d+)\0/g)) newest = Math.max(newest, Number(minor));
  }
  return `2.${newest}`;
}
