import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const lockFile = (name: string): string => fileURLToPath(new URL(`../python/${name}`, import.meta.url));

/** What the lock files of test/python were resolved for. */
const OLDEST = [3, 11] as const;

/** How to run a script of test/python. */
export interface Python {
  /** The interpreter, and the options that keep whatever else the machine has installed away. */
  readonly command: readonly string[];
  /** The folder with what the lock file pins: PYTHONPATH. */
  readonly packages: string;
}

export interface PythonOptions {
  /** Default: `python3` from PATH. */
  readonly interpreter?: string;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/velero-azure`. */
  readonly cache?: string;
  /** The lock file in test/python. Default: `requirements.txt`. */
  readonly requirements?: string;
}

/** What the interpreter says about itself. */
interface Installation {
  readonly version: readonly [number, number, number];
  readonly platform: string;
  readonly pip: boolean;
  readonly venv: boolean;
}

const QUESTION = [
  "import json, sys, sysconfig",
  "from importlib.util import find_spec",
  "has = lambda *names: all(find_spec(name) is not None for name in names)",
  "print(json.dumps({'version': sys.version_info[:3], 'platform': sysconfig.get_platform(),",
  "                  'pip': has('pip'), 'venv': has('venv', 'ensurepip')}))",
].join("\n");

/**
 * Installs what the lock file pins, hashes checked, into a folder of the user's cache, one for each state of the lock
 * file and of Python. A plain folder, not a virtual environment: it can be renamed into place, so that an installation
 * that was interrupted never counts as one.
 */
export async function preparePython(options: PythonOptions = {}): Promise<Python> {
  const interpreter = options.interpreter ?? "python3";
  const installation = await examine(interpreter);
  const cache =
    options.cache ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "velero-azure");
  const requirements = lockFile(options.requirements ?? "requirements.txt");
  const state = JSON.stringify([installation.version, installation.platform]);
  const hash = createHash("sha256")
    .update(await readFile(requirements))
    .update(state)
    .digest("hex");
  const packages = join(cache, `python-${hash.slice(0, 16)}`);
  if (!existsSync(packages)) {
    await mkdir(cache, { recursive: true });
    await install(interpreter, installation, packages, requirements);
  }
  return { command: [interpreter, "-s", "-S", "-B"], packages };
}

async function examine(interpreter: string): Promise<Installation> {
  let said: string;
  try {
    said = (await run(interpreter, ["-c", QUESTION])).stdout;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason = missing ? "is not installed" : "does not run";
    throw new Error(`cannot prove anything by Azure's SDK for Python: ${interpreter} ${reason}`, {
      cause: error,
    });
  }
  const installation = JSON.parse(said) as Installation;
  const [major, minor] = installation.version;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    const found = installation.version.join(".");
    throw new Error(`cannot use ${interpreter} ${found}: ${OLDEST.join(".")} or later is wanted`);
  }
  return installation;
}

async function install(
  interpreter: string,
  installation: Installation,
  packages: string,
  requirements: string,
): Promise<void> {
  const unfinished = `${packages}.${process.pid}`;
  const environment = `${unfinished}-venv`;
  try {
    const pip = await pipOf(interpreter, installation, environment);
    const checked = ["--require-hashes", "--no-deps", "--only-binary", ":all:"];
    const quiet = ["--quiet", "--no-input", "--disable-pip-version-check"];
    await run(
      pip,
      ["-m", "pip", "install", ...quiet, ...checked, "--target", unfinished, "-r", requirements],
      {
        // Settings of the user's own that do not go together with a target folder.
        env: { ...process.env, PIP_USER: "0", PIP_REQUIRE_VIRTUALENV: "0" },
        maxBuffer: 1 << 26,
      },
    );
    await rename(unfinished, packages);
  } catch (error) {
    // Two test files may install at once, and the first to be ready wins.
    if (!existsSync(packages)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(environment, { recursive: true, force: true });
  }
}

/** An interpreter that has pip: this one, or that of a virtual environment, which brings pip with it. */
async function pipOf(interpreter: string, installation: Installation, environment: string): Promise<string> {
  if (installation.pip) return interpreter;
  if (!installation.venv) {
    throw new Error(
      `cannot install packages for ${interpreter}: it has neither pip nor venv (Debian: python3-pip or python3-venv)`,
    );
  }
  await run(interpreter, ["-m", "venv", environment]);
  return join(environment, "bin", "python3");
}
