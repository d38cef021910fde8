import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readLinkage } from "../../packaging/elf.ts";
import { withoutExports } from "../../packaging/exports.ts";
import { collectLibraries, ownLibrary } from "../../packaging/libraries.ts";

const node = readFileSync(process.execPath);
const libraries = collectLibraries(node, ownLibrary);

/** What glibc's loader found each name in, in any order: `binding file A to B: symbol`. */
function bindings(executable: string): string[] {
  const { LD_DEBUG: _old, ...environment } = process.env;
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-bindings-"));
  try {
    execFileSync(executable, ["--version"], {
      env: { ...environment, LD_DEBUG: "bindings", LD_DEBUG_OUTPUT: join(folder, "log"), LD_BIND_NOW: "1" },
    });
    // The loader adds the process's number to the name.
    const [name = ""] = readdirSync(folder);
    return readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((line) => line.includes("binding file"))
      .map((line) => line.replace(/^\s*\d+:\s*/, "").replaceAll(executable, "EXECUTABLE"))
      .toSorted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("without its exports, the loader binds every name of the executable and its libraries as before", () => {
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-exports-"));
  try {
    const made = join(folder, "node");
    const before = Buffer.from(node);
    const trimmed = withoutExports(node, libraries.values());
    assert.ok(before.equals(node), "the input stays as it was");
    assert.deepEqual(readLinkage(trimmed), readLinkage(node));
    writeFileSync(made, trimmed, { mode: 0o755 });
    const bound = bindings(made);
    assert.ok(bound.length > 1000, `${bound.length} bindings`);
    assert.deepEqual(bound, bindings(process.execPath));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("nothing is left for native addons to find", () => {
  const addon = Buffer.from("\0napi_create_object\0");
  // The beginning of the file, with the tables that the loader reads; symbols for debuggers are at its end.
  const tables = (bytes: Buffer): Buffer => bytes.subarray(0, 4 * 1024 * 1024);
  assert.ok(tables(node).includes(addon));
  assert.ok(!tables(withoutExports(node, libraries.values())).includes(addon));
});
