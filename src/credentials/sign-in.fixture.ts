import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Environment, loadCredentials, parseCredentials } from "../config/credentials-file.ts";
import { parseObjectStoreConfig } from "../config/object-store-config.ts";
import { describeFailure, Failure } from "../errors/error.ts";
import { chooseCredential } from "./choose.ts";
import type { SignInInput } from "./method.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
export const KEY = Buffer.alloc(64, "hunter2").toString("base64");
export const SAS =
  "sv=2024-11-04&sr=c&sp=racwdl&st=2026-01-01T00:00:00Z&se=2027-01-01T00:00:00Z&spr=https&sig=hunter2%3D";

export type Values = Readonly<Record<string, string>>;

export async function input(
  config: Values,
  values: Values | undefined,
  env: Environment = {},
): Promise<SignInInput> {
  const lines = Object.entries(values ?? {}).map(([key, value]) => `${key}='${value}'`);
  return {
    config: parseObjectStoreConfig({ storageAccount: "myaccount", ...config }).config,
    values:
      values === undefined
        ? loadCredentials({ credentialsFile: undefined }, {})
        : parseCredentials("/credentials/cloud", Buffer.from(lines.join("\n"))),
    env,
    now: NOW,
  };
}

export function noSecret(...shown: unknown[]): void {
  const text = shown
    .map((value) => JSON.stringify(value) + inspect(value, { depth: 9, showHidden: true }))
    .join("\n");
  for (const secret of ["hunter2", KEY, "aHVudGVyM"]) {
    assert.ok(!text.includes(secret), text);
  }
}

export function failureOf(given: SignInInput): Failure {
  try {
    chooseCredential(given);
  } catch (error) {
    assert.ok(error instanceof Failure);
    noSecret(error, describeFailure(error));
    assert.match(error.message, /^cannot sign in to storage account "myaccount": /);
    assert.doesNotMatch(describeFailure(error), /\n/);
    return error;
  }
  throw new assert.AssertionError({ message: "no failure" });
}
