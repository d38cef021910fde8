import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSmallFile } from "./small-file.ts";

test("what is no file is told as that: a pipe is not waited for, a device not read without end", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "small-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  assert.deepEqual(readSmallFile(pipe), { problem: "is not a regular file" });
  assert.deepEqual(readSmallFile("/dev/zero"), { problem: "is not a regular file" });
  assert.deepEqual(readSmallFile(folder), { problem: "is a directory" });
});
