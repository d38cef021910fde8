import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../src/errors/error.ts";
import { cacheFolder } from "./go-tools.ts";
import { type Stage, type Way, container } from "./stage.ts";

const run = promisify(execFile);

// Not a development dependency: 58 MB that only this figure needs. npm checks what it gets by the registry's hash.
const version = "10.32.2";

/** Microsoft's own tool for bulk transfers, as a measure of what the way to the store can carry. */
export class Azcopy implements AsyncDisposable {
  readonly #executable: string;
  readonly #libraries: string;
  readonly #folder: string;
  readonly #size: number;

  private constructor(program: { executable: string; libraries: string }, folder: string, size: number) {
    this.#executable = program.executable;
    this.#libraries = program.libraries;
    this.#folder = folder;
    this.#size = size;
  }

  /** Fetches azcopy from npm once, and makes a file of `size` bytes for it to send. */
  static async prepare(size: number): Promise<Azcopy> {
    const program = await azcopyExecutable();
    const folder = await mkdtemp(join(tmpdir(), "velero-azure-bench-"));
    const source = await open(join(folder, "source"), "w");
    // A hole: read from memory, as the host's bytes are.
    await source.truncate(size);
    await source.close();
    return new Azcopy(program, folder, size);
  }

  /**
   * MiB/s of sending the file. `process`: from the program's start to its end, which is what its user sees, a second
   * or two of its own included. `transfer`: from its first request to its last answer, with blocks read ahead by then.
   */
  async put(stage: Stage, way: Way): Promise<{ process: number; transfer: number }> {
    await stage.store.resetStats();
    const begun = performance.now();
    // The blob server checks no signature; azcopy wants to see one.
    const target = `${stage.endpoint(way)}/${container}/azcopy?sv=2026-02-06&sp=rwdlc&sr=c&sig=bm9uZQ%3D%3D`;
    const options = [
      "--from-to=LocalBlob",
      "--overwrite=true",
      "--log-level=NONE",
      "--output-level=quiet",
      "--skip-version-check",
    ];
    try {
      await run(this.#executable, ["copy", join(this.#folder, "source"), target, ...options], {
        env: {
          PATH: process.env["PATH"],
          HOME: this.#folder,
          LD_LIBRARY_PATH: this.#libraries,
          AZCOPY_LOG_LOCATION: this.#folder,
          AZCOPY_JOB_PLAN_LOCATION: this.#folder,
          AZCOPY_DISABLE_SYSLOG: "true",
        },
      });
    } catch (error) {
      const said =
        error instanceof Error && "stdout" in error
          ? `${String(error)} ${String(error.stdout)}`
          : String(error);
      throw new Failure("Unavailable", `cannot put with "azcopy": ${said.trim()}`, { cause: error });
    }
    const ended = performance.now();
    const uploads = (await stage.store.requests()).filter((one) => one.operation.startsWith("PutBlock"));
    const first = Math.min(...uploads.map((one) => one.atMilliseconds));
    const last = Math.max(...uploads.map((one) => one.atMilliseconds + one.milliseconds));
    const speed = (milliseconds: number) => this.#size / 2 ** 20 / (milliseconds / 1000);
    return { process: speed(ended - begun), transfer: speed(last - first) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function azcopyExecutable(): Promise<{ executable: string; libraries: string }> {
  const folder = join(cacheFolder(), "bench", `azcopy-${version}`);
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const executable = join(
    folder,
    "node_modules/@azure-tools/azcopy-linux/dist/bin",
    `azcopy_linux_${architecture}`,
  );
  const libraries = join(
    folder,
    "usr/lib",
    { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? "",
  );
  if (!(await exists(executable))) {
    await mkdir(folder, { recursive: true });
    const npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", folder];
    await run("npm", [...npm, `@azure-tools/azcopy-linux@${version}`]);
    // The package holds it without its exec bit.
    await chmod(executable, 0o755);
  }
  if (!(await starts(executable, libraries))) await fetchLibsecret(folder);
  return { executable, libraries };
}

/** azcopy is linked against libsecret, which a server seldom has; Debian's is put beside it, nothing is installed. */
async function fetchLibsecret(folder: string): Promise<void> {
  const packages = ["libsecret-1-0", "libgcrypt20", "libgpg-error0"];
  await run("apt-get", ["download", ...packages], { cwd: folder });
  for (const file of await readdir(folder)) {
    if (file.endsWith(".deb")) await run("dpkg-deb", ["-x", file, folder], { cwd: folder });
  }
}

async function starts(executable: string, libraries: string): Promise<boolean> {
  return run(executable, ["--version"], { env: { LD_LIBRARY_PATH: libraries, HOME: tmpdir() } }).then(
    () => true,
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
