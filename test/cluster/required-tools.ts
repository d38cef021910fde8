import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure } from "../../src/errors/error.ts";

/**
 * Throws FailedPrecondition that names every tool missing from PATH, so that a machine is prepared once and not
 * tool by tool. Nothing here is ever skipped instead: a skipped end-to-end test reads like a passed one.
 */
export function requireTools(purpose: string, tools: ReadonlyMap<string, string>): void {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const missing = [...tools].filter(([tool]) => !folders.some((folder) => isExecutable(join(folder, tool))));
  if (missing.length === 0) return;
  throw new Failure(
    "FailedPrecondition",
    `cannot ${purpose}: ${missing.map(([tool]) => `"${tool}"`).join(", ")} not found in PATH`,
    { hint: `install ${missing.map(([tool, origin]) => `${tool} (${origin})`).join(", ")}` },
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
