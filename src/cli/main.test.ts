import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [["snapshot", "list"], /^velero-azure: there is no command "snapshot" \(did you mean "snapshots"\?\)\n/],
  [["simulate"], /^velero-azure: there is no command "simulate" \(did you mean "simulator"\?\)\n/],
  [["restore"], /^velero-azure: there is no command "restore"\n/],
  [["--nonsense"], /^velero-azure: unknown option '--nonsense'\n/],
  [["--version", "now"], /^velero-azure: unexpected argument 'now'\n/],
];
for (const [args, says] of wrong) {
  test(`${args.join(" ")} is a wrong call, and says what is`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, says);
    assert.match(stderr, /\nTry: velero-azure --help\n$/);
  });
}
