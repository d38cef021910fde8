import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const hostArchitecture = process.arch === "arm64" ? "arm64" : "amd64";

/** A new folder that is gone with this process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-packaging-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Copies what a build reads: nobody's edits change it between two builds. */
export function copySources(from: string): string {
  const folder = temporaryFolder();
  for (const name of ["src", "simulator", "scripts", "packaging", "package.json", "package-lock.json"]) {
    cpSync(join(from, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Builds into a folder of its own, which is returned; what the build says when it fails fails the test. */
export function build(sources: string, ...args: string[]): string {
  const out = temporaryFolder();
  const script = join(sources, "scripts", "build.ts");
  const { status, stderr } = spawnSync(process.execPath, [script, "--out", out, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
  return out;
}

/** The path of this machine's executable, built anew. */
export function buildForHost(): string {
  return join(build(root, "--host"), `linux-${hostArchitecture}`, "velero-azure");
}
