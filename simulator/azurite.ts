import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { isSea } from "node:sea";
import { fileURLToPath } from "node:url";
import type { BlobUpstream } from "./blob-gate/upstream.ts";

/** Where Azurite's accounts and their key are kept: which account of the world lives in which of Azurite's. */
export interface AzuriteSlots {
  /** Base64; all of Azurite's accounts have the same, since only the gate speaks to it. A secret. */
  readonly key: string;
  /** Names of accounts of the world; the index is the slot. */
  readonly accounts: string[];
}

export interface AzuriteOptions {
  readonly slots: AzuriteSlots;
  /** Where its data stays. Default: a temporary folder that goes with it. */
  readonly folder?: string | undefined;
  /** The command that starts Azurite's blob service. Default: this checkout's package, else `azurite-blob` of the PATH. */
  readonly command?: string | undefined;
}

export interface RunningAzurite {
  readonly upstream: BlobUpstream;
  stop(): Promise<void>;
}

/** Azurite must be told its accounts before it starts, but the world's come and go: they are given one of these. */
const SLOTS = 64;

const INSTALLED = fileURLToPath(new URL("../node_modules/azurite/dist/src/blob/main.js", import.meta.url));

/** The executable brings no Azurite, and is itself no Node that could run one. */
function commandLine(command: string | undefined): readonly [string, ...string[]] {
  // It runs in a folder of its own: a path is meant from here, a name is looked up in PATH.
  if (command !== undefined) return [command.includes("/") ? resolve(command) : command];
  return !isSea() && existsSync(INSTALLED) ? [process.execPath, INSTALLED] : ["azurite-blob"];
}

/** Starts Azurite's blob service on a free loopback port and resolves once it listens. */
export async function startAzurite({ slots, folder, command }: AzuriteOptions): Promise<RunningAzurite> {
  const [program, ...script] = commandLine(command);
  const location = folder ?? (await mkdtemp(join(tmpdir(), "simulator-azurite-")));
  await mkdir(location, { recursive: true, mode: 0o700 });
  const names = Array.from({ length: SLOTS }, (_, index) => `slot${index}`);
  const azurite = spawn(
    program,
    [
      ...script,
      ...["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", location],
      ...["--silent", "--disableTelemetry", "--skipApiVersionCheck"],
    ],
    {
      cwd: location,
      env: { ...process.env, AZURITE_ACCOUNTS: names.map((name) => `${name}:${slots.key}`).join(";") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  // Whoever ends in a hurry leaves no server behind.
  const abandon = (): boolean => azurite.kill("SIGKILL");
  process.once("exit", abandon);
  const exited = new Promise<void>((resolve) => {
    azurite.once("exit", () => resolve());
    // What was never started never exits.
    azurite.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    process.off("exit", abandon);
    azurite.kill(folder === undefined ? "SIGKILL" : "SIGTERM");
    await exited;
    if (folder === undefined) await rm(location, { recursive: true, force: true });
  };
  try {
    const origin = await listeningAt(azurite, program);
    return { upstream: { origin, account: (name) => slotOf(slots, name) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function slotOf({ accounts, key }: AzuriteSlots, name: string): { name: string; key: string } | undefined {
  const found = accounts.indexOf(name);
  if (found >= 0) return { name: `slot${found}`, key };
  if (accounts.length >= SLOTS) return undefined;
  accounts.push(name);
  return { name: `slot${accounts.length - 1}`, key };
}

function listeningAt(azurite: ChildProcess, program: string): Promise<string> {
  const said: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [azurite.stdout, azurite.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      said.push(line);
      const origin = /listens on (https?:\/\/\S+:\d+)/.exec(line)?.[1];
      if (origin !== undefined) resolve(origin);
    });
  }
  azurite.once("exit", (code) =>
    reject(new Error(`cannot start Azurite: it ended with ${code}: ${said.join("\n")}`)),
  );
  azurite.once("error", (error) => {
    const reason = "code" in error && error.code === "ENOENT" ? "it is not installed" : error.message;
    const remedy = `"npm install --global azurite" brings azurite-blob; --azurite names another one`;
    reject(new Error(`cannot start Azurite ("${program}"): ${reason}; ${remedy}`));
  });
  return promise;
}
