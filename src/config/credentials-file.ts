import { type ErrorCode, Failure } from "../errors/error.ts";
import { Secret } from "../secret/secret.ts";
import type { PublicCredentialKey } from "./credential-keys.ts";
import { type DotenvEntries, parseDotenv } from "./dotenv.ts";
import { quote } from "./quote.ts";
import { readSmallFile } from "./small-file.ts";

/** Environment variables, given by the caller: nothing below main reads process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a credentials file holds. Every value is a secret unless its key is known to hold none; an empty value
 * counts as absent, as for the official plugin.
 */
export interface CredentialValues {
  /** Where the values come from; undefined when no file was named. */
  readonly path: string | undefined;
  /** Every key of the file, in its order, also those with empty values. Not fit for printing: see `listNames`. */
  readonly names: readonly string[];
  /** Throws InvalidArgument when the value is not UTF-8. */
  get(name: PublicCredentialKey): string | undefined;
  /** Throws InvalidArgument when the value is not UTF-8. */
  secret(name: string): Secret | undefined;
}

/**
 * Reads the file that the config names, else the one of AZURE_CREDENTIALS_FILE; neither: no values, no error.
 *
 * Throws Failure: NotFound, PermissionDenied or InvalidArgument, each naming the path and what to do.
 */
export function loadCredentials(
  config: { readonly credentialsFile: string | undefined },
  env: Environment,
): CredentialValues {
  const path = config.credentialsFile ?? env["AZURE_CREDENTIALS_FILE"] ?? "";
  if (path === "") {
    return credentialValues(undefined, new Map());
  }
  const reading = readSmallFile(path);
  if ("problem" in reading) {
    throw readFailure(path, reading);
  }
  return parseCredentials(path, reading.value);
}

/** The values of a file's content. Throws InvalidArgument that names file and line, never what is in the line. */
export function parseCredentials(path: string, content: Uint8Array): CredentialValues {
  if (beginsWith(content, [0xff, 0xfe]) || beginsWith(content, [0xfe, 0xff])) {
    throw new Failure("InvalidArgument", `${describe(path)}: it is UTF-16 text`, {
      hint: "save the file as UTF-8 without a byte order mark",
    });
  }
  const entries = parseDotenv(content);
  if ("line" in entries) {
    throw new Failure("InvalidArgument", `${describe(path)}: line ${entries.line}: ${entries.reason}`);
  }
  return credentialValues(path, entries);
}

function beginsWith(content: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => content[index] === byte);
}

function toBinary(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function credentialValues(path: string | undefined, entries: DotenvEntries): CredentialValues {
  const read = (name: string): string | undefined => {
    const binary = entries.get(toBinary(name));
    return binary === undefined || binary === "" ? undefined : decode(path, name, binary);
  };
  return {
    path,
    names: [...entries.keys()].map((key) => Buffer.from(key, "latin1").toString("utf8")),
    get: read,
    secret: (name) => {
      const text = read(name);
      return text === undefined ? undefined : new Secret(text);
    },
  };
}

function decode(path: string | undefined, name: string, binary: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(binary, "latin1"));
  } catch (cause) {
    throw new Failure(
      "InvalidArgument",
      `${describe(path ?? "")}: the value of "${name}" is not UTF-8 text`,
      {
        hint: "save the file as UTF-8",
        cause,
      },
    );
  }
}

/** The Failure for a file that gave nothing; exported for its table of tests. */
export function readFailure(
  path: string,
  { code, problem, cause }: { readonly code?: string; readonly problem: string; readonly cause?: unknown },
): Failure {
  const failure = (errorCode: ErrorCode, reason: string, hint: string): Failure =>
    new Failure(errorCode, `${describe(path)}: ${reason}`, { hint, cause });
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return failure(
        "NotFound",
        "there is no such file",
        "the location's credential must name a Secret and a key that the Secret has (Velero's default Secret is cloud-credentials, its key cloud)",
      );
    case "EACCES":
    case "EPERM":
      return failure(
        "PermissionDenied",
        "its permissions do not allow it",
        `make the file and its folders readable for user ${process.getuid?.() ?? "of this process"}, for example by the volume's defaultMode or the pod's fsGroup`,
      );
    default:
      return failure(
        "InvalidArgument",
        `it ${problem}`,
        "name the file with AZURE_… lines that the location's credential points to",
      );
  }
}

function describe(path: string): string {
  return `cannot read credentials file ${quote(path)}`;
}
