import { closeSync, openSync, readSync, statSync } from "node:fs";
import { Failure } from "../errors/error.ts";
import { Secret } from "../secret/secret.ts";
import type { PublicCredentialKey } from "./credential-keys.ts";
import { type DotenvEntries, parseDotenv } from "./dotenv.ts";
import { quote } from "./quote.ts";

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

/** More than a Kubernetes Secret can hold. */
const MAX_BYTES = 1024 * 1024;

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
  let content: Buffer | string;
  try {
    content = readBounded(path);
  } catch (error) {
    throw readFailure(path, error);
  }
  if (typeof content === "string") {
    throw new Failure("InvalidArgument", `${describe(path)}: ${content}`, {
      hint: "name the file with AZURE_… lines that the location's credential points to",
    });
  }
  return parseCredentials(path, content);
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

/**
 * The file's bytes, or what is wrong with it as a credentials file. Synchronous: a small file on a local disk is there
 * sooner than a thread is started to read it, and every start of the plugin reads one.
 */
function readBounded(path: string): Buffer | string {
  const status = statSync(path);
  if (status.isDirectory()) {
    return "it is a directory";
  }
  if (!status.isFile()) {
    return "it is not a regular file";
  }
  const file = openSync(path, "r");
  try {
    // One byte more than allowed, and not the size that stat tells: it may change, and some file systems tell 0.
    const buffer = Buffer.allocUnsafeSlow(MAX_BYTES + 1);
    let length = 0;
    while (length <= MAX_BYTES) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) {
        return Buffer.from(buffer.subarray(0, length));
      }
      length += bytesRead;
    }
    return "it is larger than 1 MiB";
  } finally {
    closeSync(file);
  }
}

/** The Failure for what the system said; exported for its table of tests. */
export function readFailure(path: string, error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new Failure("NotFound", `${describe(path)}: there is no such file`, {
        hint: "the location's credential must name a Secret and a key that the Secret has (Velero's default Secret is cloud-credentials, its key cloud)",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new Failure("PermissionDenied", `${describe(path)}: its permissions do not allow it`, {
        hint: `make the file and its folders readable for user ${process.getuid?.() ?? "of this process"}, for example by the volume's defaultMode or the pod's fsGroup`,
        cause: error,
      });
    default: {
      const reason = typeof code === "string" ? code : "it cannot be opened";
      return new Failure("InvalidArgument", `${describe(path)}: ${reason}`, { cause: error });
    }
  }
}

function describe(path: string): string {
  return `cannot read credentials file ${quote(path)}`;
}
