/**
 * Finds the shared libraries that Node needs beyond glibc (the C++ and compiler runtimes), which Velero's image has not.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { readLinkage } from "./elf.ts";

/** glibc's own: they belong to the dynamic loader and must come from the same system as it. */
const GLIBC = /^(lib(c|m|dl|pthread|rt)|ld-linux[a-z0-9_-]*)\.so\./;

/** The glibc of the image that Velero 1.18 is published in (Debian 12). */
export const VELERO_GLIBC = "2.36";

/** The libraries by file name, with everything that they need in turn; `find` says where one is. */
export function collectLibraries(node: Uint8Array, find: (name: string) => string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const pending = [...readLinkage(node).needed];
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (GLIBC.test(name) || found.has(name)) continue;
    const bytes = readFileSync(find(name));
    found.set(name, bytes);
    pending.push(...readLinkage(bytes).needed);
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where this machine's dynamic loader found a library for the Node that runs this. */
export function ownLibrary(name: string): string {
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
