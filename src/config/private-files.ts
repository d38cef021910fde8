import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readSync } from "node:fs";

/** More than any file that this plugin writes has. */
const MAX_BYTES = 4096;

/** Makes a folder for this user alone, unless there is something of the name. */
export function makeFolder(folder: string): void {
  try {
    // Not `recursive`: Node 24 then tries for ever where a file system answers ENOENT, as /proc does.
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw error;
    }
  }
}

/** Whether it is a folder, no link to one, that nobody but this user can enter. */
export function ownFolder(folder: string): boolean {
  const status = lstatSync(folder, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === userId() && (status.mode & 0o077) === 0;
}

/** Undefined when it is not there, or not a file that this user alone can read. */
export function readOwnFile(path: string): Buffer | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    return undefined;
  }
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    const own = status.isFile() && status.uid === userId() && (status.mode & 0o077) === 0;
    if (!own || status.size > MAX_BYTES) {
      throw new Error(`"${path}" is not a file that this plugin wrote`);
    }
    const buffer = Buffer.alloc(status.size);
    return buffer.subarray(0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

/** -1 where there are no user IDs. */
export function userId(): number {
  return process.getuid?.() ?? -1;
}
