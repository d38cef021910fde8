import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the blob server's own tests pass", () => {
  const cwd = fileURLToPath(new URL("go", import.meta.url));
  const { error, status, stdout, stderr } = spawnSync("go", ["test", "./..."], { cwd, encoding: "utf8" });
  assert.equal(error, undefined, `cannot run go: ${error?.message}`);
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /^ok\s/m);
});
