import assert from "node:assert/strict";
import { test } from "node:test";
import { age, count, plain, size, table } from "./output.ts";

test("columns are as wide as their widest cell, and no line ends with spaces", () => {
  assert.equal(
    table(
      ["A", "LONG"],
      [
        ["wide cell", "x"],
        ["", ""],
      ],
    ),
    "A          LONG\nwide cell  x\n",
  );
});

const ages: readonly (readonly [number, string])[] = [
  [0, "0s"],
  [-5_000, "0s"],
  [999, "0s"],
  [59_000, "59s"],
  [60_000, "1m"],
  [310_000, "5m10s"],
  [3_600_000, "1h"],
  [90_061_000, "1d1h"],
  [400 * 86_400_000, "400d"],
];
for (const [milliseconds, words] of ages) {
  test(`${milliseconds} ms are ${words}`, () => assert.equal(age(milliseconds), words));
}

test("sizes are in GiB", () => {
  assert.deepEqual([size(8 * 1024 ** 3), size(1.5 * 1024 ** 3)], ["8 GiB", "1.5 GiB"]);
});

test("one snapshot is no snapshots", () => {
  assert.deepEqual(
    [count(1, "snapshot"), count(2, "snapshot"), count(0, "snapshot")],
    ["1 snapshot", "2 snapshots", "0 snapshots"],
  );
});

test("a tag cannot repaint the terminal", () => {
  assert.equal(plain("a\u001b[2Jb\u202ec\n"), "a\ufffd[2Jb\ufffdc\ufffd");
});
