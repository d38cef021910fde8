import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Progress } from "./narrator.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

export interface BuildOptions {
  /** The build's own folder for what it throws away. */
  readonly temporary: string;
  readonly detail: (text: string) => void;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Builds the executable as `npm run build -- --host` does; resolves to its path. An interrupt waits for the build, which
 * takes a second or two: cut off, it would leave half an executable in dist.
 */
export async function buildExecutable({
  temporary,
  detail,
  progress,
  signal,
}: BuildOptions): Promise<string> {
  const build = spawn(process.execPath, [join(root, "scripts/build.ts"), "--host"], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, TMPDIR: temporary },
    // Not of the terminal's process group, which gets a Ctrl-C as a whole.
    detached: true,
  });
  const said: string[] = [];
  createInterface({ input: build.stderr }).on("line", (line) => {
    said.push(line);
    progress(line);
  });
  const [code] = await once(build, "close");
  signal.throwIfAborted();
  if (code !== 0)
    throw new Error(`cannot build the executable: the build ended with ${code}\n${said.join("\n")}`);
  const executable = join(root, "dist", `linux-${ARCHITECTURE}`, "velero-azure");
  const { size } = await stat(executable);
  const { stdout } = await promisify(execFile)(executable, ["--version"], { signal });
  detail(`${relative(process.cwd(), executable)}, ${Math.round(size / 1024 / 1024)} MiB: ${stdout.trim()}`);
  return executable;
}
