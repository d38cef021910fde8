import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JWK } from "jose";
import type { AzuriteSlots } from "./azurite.ts";
import { emptyEntraState, type EntraState } from "./entra/state.ts";
import { emptyState, type ResourceManagerState } from "./resource-manager/state.ts";

/** All that a world is, beside the blobs: plain JSON. It holds secrets. */
export interface WorldState {
  readonly version: 1;
  /** The private key of access tokens; absent until the world first starts. */
  signingKey?: JWK;
  /** Base64; user delegation keys are made from it. */
  readonly delegationSecret: string;
  /** What the simulated time is ahead of the system's. */
  clockAheadMilliseconds: number;
  readonly entra: EntraState;
  readonly resourceManager: ResourceManagerState;
  readonly slots: AzuriteSlots;
  /** The identities of the machine that asks IMDS; absent for all that there are. */
  machine?: MachineAssignment;
}

/** Resource IDs. */
export interface MachineAssignment {
  readonly systemAssigned?: string;
  readonly userAssigned: readonly string[];
}

export function newWorldState(): WorldState {
  return {
    version: 1,
    delegationSecret: randomBytes(32).toString("base64"),
    clockAheadMilliseconds: 0,
    entra: emptyEntraState(),
    resourceManager: emptyState(),
    slots: { key: randomBytes(64).toString("base64"), accounts: [] },
  };
}

/** Reads the world that a folder keeps; a new one when it keeps none. */
export async function readWorld(folder: string): Promise<WorldState> {
  const path = fileIn(folder);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return newWorldState();
  const state: WorldState = JSON.parse(text);
  if (state.version !== 1)
    throw new Error(`cannot read world "${path}": its version is ${String(state.version)}`);
  return state;
}

/** Whole or not at all, and for nobody else to read. */
export async function writeWorld(folder: string, state: WorldState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = fileIn(folder);
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

function fileIn(folder: string): string {
  return join(folder, "world.json");
}
