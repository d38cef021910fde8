import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Injection, makeExecutable, readLinkage } from "../../packaging/elf.ts";
import { hostArchitecture } from "./build.ts";

const node = readFileSync(process.execPath);
const injection: Injection = {
  architecture: hostArchitecture,
  blob: Buffer.from("blob"),
  runPath: "$ORIGIN/lib",
};
const otherArchitecture = hostArchitecture === "amd64" ? "arm64" : "amd64";

test("the executable keeps what Node needs, has the run path, and the input stays as it was", () => {
  const before = Buffer.from(node);
  const made = makeExecutable(node, injection);
  assert.ok(before.equals(node));
  assert.deepEqual(readLinkage(made), { ...readLinkage(node), runPath: "$ORIGIN/lib" });
  assert.ok(made.length < node.length, "stripped");
});

const refused: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "what is no ELF file",
    () => makeExecutable(Buffer.from("#!/bin/sh\n"), injection),
    /not a little-endian 64-bit ELF/,
  ],
  [
    "a Node of another processor",
    () => makeExecutable(node, { ...injection, architecture: otherArchitecture }),
    /it is not for/,
  ],
  [
    "an executable made before",
    () => makeExecutable(makeExecutable(node, injection), injection),
    /it has a run path/,
  ],
  ["what is no executable", () => readLinkage(Buffer.alloc(64)), /not a little-endian 64-bit ELF/],
];

for (const [what, make, message] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(make, message);
  });
}
