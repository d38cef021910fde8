import { SharedFlight } from "../shared-flight.ts";

/**
 * Something that has to be asked for, once for all who need it. Kept until it is forgotten; after a failure the next
 * one asks again.
 */
export class Lookup<T> {
  readonly #flight: SharedFlight<T>;
  #found: { readonly value: T } | undefined;

  constructor(make: (signal: AbortSignal) => Promise<T>) {
    this.#flight = new SharedFlight(async (signal) => {
      const value = await make(signal);
      this.#found = { value };
      return value;
    });
  }

  /** What was found, if it is there already. */
  get found(): T | undefined {
    return this.#found?.value;
  }

  /** Rejects with what `make` rejected with, or with `signal.reason`; the asking ends with its last waiter. */
  async get(signal: AbortSignal): Promise<T> {
    return this.#found === undefined ? await this.#flight.join(signal) : this.#found.value;
  }

  /** The next one asks anew. */
  forget(): void {
    this.#found = undefined;
  }
}
