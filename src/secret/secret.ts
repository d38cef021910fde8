import { inspect } from "node:util";

const REDACTED = "[redacted]";

/**
 * A value that must not be seen: it prints as `[redacted]` in strings, JSON and inspection, and its text leaves
 * only through `reveal`, so that a search for that word finds every place where a secret is used.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself. Never pass the result to a log, an error or a command line. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
