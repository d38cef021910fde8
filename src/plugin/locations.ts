import { Failure, describeFailure, failureCode } from "../errors/error.ts";

/** What a driver of a location must offer to be kept here. */
interface Closable {
  close(): Promise<void>;
}

type Entry<Driver> = { driver: Driver; users: number; replaced: boolean };

/**
 * The drivers of one kind by plugin name: on the wire a location is known only by the name its plugin registered.
 *
 * A second Init of a name holds for the requests that come after it; those under way keep the driver they began
 * with, which is closed when its last user has ended. After an Init that failed, requests get that failure: going
 * on with the former location's identity would be worse.
 */
export class Locations<Driver extends Closable> {
  readonly #kind: string;
  readonly #names: ReadonlySet<string>;
  readonly #entries = new Map<string, Entry<Driver>>();
  readonly #failures = new Map<string, unknown>();
  /** The Init of each name that began last: one that began before it, and ends after it, comes too late. */
  readonly #inits = new Map<string, object>();

  constructor(kind: string, names: Iterable<string>) {
    this.#kind = kind;
    this.#names = new Set(names);
  }

  /** Opens a driver for the name and puts it in the place of the one before. */
  async init(name: string, open: () => Promise<Driver>): Promise<void> {
    this.#checkName(name);
    const init = {};
    this.#inits.set(name, init);
    let driver: Driver;
    try {
      driver = await open();
    } catch (error) {
      if (this.#inits.get(name) === init) {
        this.#failures.set(name, error);
        await this.#replace(name, undefined);
      }
      throw error;
    }
    if (this.#inits.get(name) === init) {
      this.#failures.delete(name);
      await this.#replace(name, { driver, users: 0, replaced: false });
    } else {
      await driver.close();
    }
  }

  /** Runs one request with the driver that the name has now. */
  async use<Result>(name: string, request: (driver: Driver) => Promise<Result>): Promise<Result> {
    const entry = this.#find(name);
    entry.users += 1;
    try {
      return await request(entry.driver);
    } finally {
      entry.users -= 1;
      await closeUnused(entry);
    }
  }

  async #replace(name: string, entry: Entry<Driver> | undefined): Promise<void> {
    const former = this.#entries.get(name);
    if (entry === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    if (former === undefined) return;
    former.replaced = true;
    await closeUnused(former);
  }

  #find(name: string): Entry<Driver> {
    this.#checkName(name);
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const failure = this.#failures.get(name);
    if (failure === undefined) {
      throw new Failure(
        "FailedPrecondition",
        `cannot use ${this.#kind} "${name}": it has not been initialized`,
      );
    }
    throw new Failure(
      failureCode(failure),
      `cannot use ${this.#kind} "${name}": its initialization failed: ${describeFailure(failure)}`,
      {
        cause: failure,
      },
    );
  }

  #checkName(name: string): void {
    if (this.#names.has(name)) return;
    const names = [...this.#names].map((known) => `"${known}"`).join(", ");
    throw new Failure("InvalidArgument", `cannot use ${this.#kind} "${name}": this plugin serves ${names}`);
  }
}

async function closeUnused(entry: Entry<Closable>): Promise<void> {
  if (entry.replaced && entry.users === 0) await entry.driver.close();
}
