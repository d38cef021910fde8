/**
 * The checks that run nothing: types, lint, format, import directions, dead code. Each is one line of the report;
 * what it has to say follows when it fails. Exits 1 when any did.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
/** A tool's script, to be run by the pinned Node whatever is on the PATH. */
function tool(name: string): string {
  return join(root, "node_modules", ".bin", name);
}

const SOURCE_FOLDERS = ["src", "simulator", "test", "bench", "demo", "scripts", "packaging"];

const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "types (tsc)", command: [tool("tsc"), "-p", "."] },
  {
    name: "lint (oxlint)",
    command: [tool("oxlint"), "--type-aware", "--deny-warnings", "--report-unused-disable-directives"],
  },
  { name: "format (oxfmt)", command: [tool("oxfmt"), "--check"] },
  {
    name: "import directions (dependency-cruiser)",
    command: [tool("depcruise"), "--config", ".dependency-cruiser.mjs", ...SOURCE_FOLDERS],
  },
  { name: "dead code (knip)", command: [tool("knip")] },
];

/** Runs all checks; returns how many passed and failed. */
export function runChecks(): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  for (const { name, command } of CHECKS) {
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
    if (status === 0) {
      passed += 1;
      process.stdout.write(`${styleText("green", "✔")} ${name}\n`);
    } else {
      failed += 1;
      process.stdout.write(`${styleText("red", "✖")} ${name}\n${stdout}${stderr}\n`);
    }
  }
  return { passed, failed };
}

if (import.meta.main && runChecks().failed > 0) process.exitCode = 1;
