import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSmallFile } from "./small-file.ts";

test("what is no file is told as that: nobody is waited for, and a device not read without end", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "small-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, "socket");
  const server = createServer().listen(socket);
  t.after(() => server.close());
  await once(server, "listening");
  assert.deepEqual(readSmallFile(socket), { problem: "is not a regular file" });
  assert.deepEqual(readSmallFile("/dev/zero"), { problem: "is not a regular file" });
  assert.deepEqual(readSmallFile(folder), { problem: "is a directory" });
});
