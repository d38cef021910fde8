import { statSync } from "node:fs";
import { type CredentialValues, type Environment, loadCredentials } from "../config/credentials-file.ts";
import type { SignInInput } from "./method.ts";

/** What tells one content of a file from another, without reading it. */
type Stamp = string;

/**
 * The credentials file of one location, read again when it changed: Kubernetes replaces a Secret's file, and Velero
 * writes the one of a location's credential anew, while the plugin runs.
 */
export class LiveCredentials {
  readonly #load: () => CredentialValues;
  readonly #onTrouble: (error: unknown) => void;
  #values: CredentialValues;
  #stamp: Stamp | undefined;

  /**
   * Reads the file. Throws as `loadCredentials` does. `onTrouble` is told of every later reading that failed.
   */
  constructor(
    config: { readonly credentialsFile: string | undefined },
    env: Environment,
    onTrouble: (error: unknown) => void,
  ) {
    const path = config.credentialsFile ?? env["AZURE_CREDENTIALS_FILE"] ?? "";
    // The name is decided once: what another location's Init does to anything must not reach this one.
    this.#load = () => loadCredentials({ credentialsFile: path }, {});
    this.#onTrouble = onTrouble;
    // Before the reading: a file that is replaced in between is read once more than needed, never once too few.
    this.#stamp = path === "" ? undefined : stampOf(path);
    this.#values = this.#load();
  }

  /**
   * What the file holds now; the same object until the file changes. A file that cannot be read now, perhaps because it
   * is being written at this moment, does not take away what it held before. Costs one `stat`.
   */
  readonly current = (): CredentialValues => {
    const { path } = this.#values;
    const stamp = path === undefined ? undefined : stampOf(path);
    if (stamp === this.#stamp) {
      return this.#values;
    }
    this.#stamp = stamp;
    try {
      this.#values = this.#load();
    } catch (error) {
      this.#onTrouble(error);
    }
    return this.#values;
  };
}

/** Undefined when there is no such file, or it cannot be reached. */
function stampOf(path: string): Stamp | undefined {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return undefined;
  }
}

/**
 * What `make` makes of the values: `first` of those that were there at the start, something new only when the file
 * changed. What cannot be made of changed values (the file is half written, or for another purpose now) leaves the
 * former: the service decides whether it still holds.
 */
export function remade<T>(
  input: Pick<SignInInput, "values" | "current" | "unusable">,
  first: T,
  make: (values: CredentialValues) => T,
): () => T {
  let { values } = input;
  let made = first;
  return () => {
    const now = input.current?.() ?? values;
    if (now !== values) {
      values = now;
      try {
        made = make(now);
      } catch (error) {
        input.unusable?.(error);
      }
    }
    return made;
  };
}
