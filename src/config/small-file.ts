import { closeSync, openSync, readSync, statSync } from "node:fs";

/** More than a Kubernetes Secret can hold. */
const MAX_BYTES = 1024 * 1024;

/** A file's bytes, or why there are none, in words that complete the sentence that its path begins. */
export type SmallFile =
  | { readonly value: Buffer }
  | {
      readonly problem: string;
      /** The system's word, `ENOENT`; undefined for a file that is there and is none to read. */
      readonly code?: string;
      readonly cause?: unknown;
    };

/**
 * Reads a regular file that holds settings or a secret. Paths come from location configs and credentials files: a pipe
 * would be waited for without end, and a device read without end.
 *
 * Synchronous: a small file on a local disk is there sooner than a thread is started to read it, and every start of the
 * plugin reads one.
 */
export function readSmallFile(path: string): SmallFile {
  try {
    return readBounded(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    return { problem: problems.get(code) ?? `cannot be read (${code})`, code, cause };
  }
}

const problems: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "is not there"],
  ["ENOTDIR", "is not there"],
  ["EACCES", "may not be read by this user"],
  ["EPERM", "may not be read by this user"],
]);

function readBounded(path: string): SmallFile {
  const status = statSync(path);
  if (!status.isFile()) {
    return { problem: status.isDirectory() ? "is a directory" : "is not a regular file" };
  }
  const file = openSync(path, "r");
  try {
    // One byte more than allowed, and not the size that stat tells: it may change, and some file systems tell 0.
    const buffer = Buffer.allocUnsafeSlow(MAX_BYTES + 1);
    let length = 0;
    while (length <= MAX_BYTES) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) {
        return { value: Buffer.from(buffer.subarray(0, length)) };
      }
      length += bytesRead;
    }
    return { problem: "is larger than 1 MiB" };
  } finally {
    closeSync(file);
  }
}
