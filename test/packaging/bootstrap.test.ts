import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, temporaryFolder } from "./build.ts";

const pinned = `node-linux-${process.arch}`;
const other = `node-linux-${process.arch === "arm64" ? "x64" : "arm64"}`;
const tool = { version: "1.0.0", integrity: "sha512-tool" };

interface Clone {
  readonly folder: string;
  readonly bootstrap: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A clone with a lockfile of three packages, and an npm that installs what its second argument… says, or fails. */
function clone(installed: Readonly<Record<string, unknown>> | undefined, npm = "exit 1"): Clone {
  const folder = temporaryFolder();
  for (const name of ["scripts", "tools", join("node_modules", pinned, "bin")]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const bootstrap = join(folder, "scripts", "bootstrap.mjs");
  copyFileSync(join(root, "scripts", "bootstrap.mjs"), bootstrap);
  symlinkSync(process.execPath, join(folder, "node_modules", pinned, "bin", "node"));
  const packages = {
    "": {},
    "node_modules/tool": tool,
    [`node_modules/${pinned}`]: { version: "2.0.0", optional: true },
    [`node_modules/${other}`]: { version: "2.0.0", optional: true },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
  if (installed !== undefined) {
    writeFileSync(
      join(folder, "node_modules", ".package-lock.json"),
      JSON.stringify({ packages: installed }),
    );
  }
  writeFileSync(join(folder, "tools", "npm"), `#!/bin/sh\necho "$@" >> "${folder}/npm-was-called"\n${npm}\n`);
  chmodSync(join(folder, "tools", "npm"), 0o755);
  return {
    folder,
    bootstrap,
    env: { ...process.env, PATH: `${join(folder, "tools")}:${process.env["PATH"]}` },
  };
}

const upToDate = { "node_modules/tool": tool, [`node_modules/${pinned}`]: { version: "2.0.0" } };

function run(
  { bootstrap, env }: Clone,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [bootstrap, ...args], { env, encoding: "utf8" });
}

test("with everything installed it is the pinned Node with the arguments, without npm", () => {
  const place = clone(upToDate);
  const result = run(
    place,
    "--eval",
    "console.log(process.argv.slice(1).join()); process.exit(7)",
    "--",
    "--a",
    "b c",
  );
  assert.deepEqual([result.status, result.stdout, result.stderr], [7, "--a,b c\n", ""]);
  assert.equal(existsSync(join(place.folder, "npm-was-called")), false);
});

const stale: readonly (readonly [string, Readonly<Record<string, unknown>> | undefined, RegExp])[] = [
  ["nothing is installed", undefined, /nothing is installed yet/],
  [
    "a package is missing",
    { [`node_modules/${pinned}`]: { version: "2.0.0" } },
    /node_modules\/tool is missing/,
  ],
  [
    "a package has another version",
    { ...upToDate, "node_modules/tool": { ...tool, version: "0.9.0" } },
    /node_modules\/tool is out of date/,
  ],
  [
    "a package has other content",
    { ...upToDate, "node_modules/tool": { ...tool, integrity: "sha512-other" } },
    /node_modules\/tool is out of date/,
  ],
];

for (const [when, installed, reason] of stale) {
  test(`when ${when}, npm ci runs first and its reason is told`, () => {
    const place = clone(installed, "exit 0");
    const result = run(place, "--eval", "console.log('ran')");
    assert.deepEqual([result.status, result.stdout], [0, "ran\n"]);
    assert.match(result.stderr, reason);
    assert.equal(
      readFileSync(join(place.folder, "npm-was-called"), "utf8"),
      "ci --include=dev --include=optional\n",
    );
  });
}

test("when npm ci fails, its last lines are shown and nothing runs", () => {
  const result = run(
    clone(undefined, "echo no route to the registry >&2; exit 3"),
    "--eval",
    "console.log('ran')",
  );
  assert.deepEqual([result.status, result.stdout], [1, ""]);
  assert.match(result.stderr, /npm ci ended with code 3\nno route to the registry/);
});

test("a signal reaches the script, whose ending decides", async () => {
  const { bootstrap, env } = clone(upToDate);
  const script =
    "process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1000); console.log('ready')";
  const child = spawn(process.execPath, [bootstrap, "--eval", script], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [5, null]);
});
