/**
 * Every test there is, in three parts: the checks that run nothing, the tests of the sources side by side, and those
 * that start the built executable, real servers or a whole cluster, one after the other. Prints last
 * `N passed, N failed`. Arguments choose test files (paths or globs) instead of all of it.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { runChecks } from "./check.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** One at a time: each of them fills the machine by itself. */
const HEAVY = ["packaging", "conformance", "executable", "e2e"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
HEAVY.push("demo/demo.test.ts");
const ALL = [
  "src/**/*.test.ts",
  "simulator/**/*.test.ts",
  "packaging/**/*.test.ts",
  "bench/**/*.test.ts",
  "demo/**/*.test.ts",
  "test/**/*.test.ts",
];

interface Count {
  passed: number;
  failed: number;
}

async function runFiles(files: readonly string[], concurrency: number, count: Count): Promise<void> {
  if (files.length === 0) return;
  const events = run({ files: [...files], concurrency, cwd: root });
  events.on("test:pass", ({ details, skip, todo }) => {
    if (details.type === "suite") return;
    // A test that did not run proved nothing.
    if (skip !== undefined || todo !== undefined) count.failed += 1;
    else count.passed += 1;
  });
  events.on("test:fail", ({ details }) => {
    if (details.type !== "suite") count.failed += 1;
  });
  for await (const line of events.compose(spec)) process.stdout.write(line);
}

function build(count: Count): boolean {
  const { status } = spawnSync(process.execPath, ["scripts/build.ts"], { cwd: root, stdio: "inherit" });
  if (status === 0) count.passed += 1;
  else count.failed += 1;
  return status === 0;
}

async function main(chosen: readonly string[]): Promise<void> {
  const count: Count = { passed: 0, failed: 0 };
  if (chosen.length > 0) {
    await runFiles(globSync([...chosen], { cwd: root }), 1, count);
  } else {
    const checks = runChecks();
    count.passed += checks.passed;
    count.failed += checks.failed;
    const heavy = globSync(HEAVY, { cwd: root }).toSorted();
    const light = globSync(ALL, { cwd: root })
      .filter((file) => !heavy.includes(file))
      .toSorted();
    await runFiles(light, 2, count);
    if (build(count)) await runFiles(heavy, 1, count);
  }
  process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`);
  if (count.failed > 0 || count.passed === 0) process.exitCode = 1;
}

await main(process.argv.slice(2));
