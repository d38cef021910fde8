import type { Logger } from "../../log/logger.ts";
import type { Secret } from "../../secret/secret.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { AccountKey, sharedKeyAuthorizer } from "../auth/shared-key.ts";
import type { HttpRequest, HttpResponse } from "../http/transport.ts";
import { Lookup } from "./lookup.ts";

/** Where a key may be kept for the next process. Nothing in it ever rejects: what fails there costs a request only. */
export interface KeptKey {
  read(): Promise<Secret | undefined>;
  write(key: Secret): Promise<void>;
  drop(): Promise<void>;
}

export interface ListedKeySettings {
  readonly account: string;
  /** Asks Resource Manager. */
  readonly list: (signal: AbortSignal) => Promise<Secret>;
  readonly kept: KeptKey | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

/** For so long a key that Resource Manager gave again after its refusal is not asked for another time. */
const HOPELESS_MILLISECONDS = 60_000;

/** Clocks that far apart explain a refused signature better than a key that was renewed. */
const CLOCK_SKEW_MILLISECONDS = 10 * 60 * 1000;

/** A key as it is signed with, and as it is compared. */
interface HeldKey {
  readonly key: AccountKey;
  readonly secret: Secret;
}

/** The account key of a location that only has the right to ask for it; asked for by the first request. */
export class ListedKey {
  readonly #settings: ListedKeySettings;
  readonly #current: Lookup<HeldKey>;
  /** A key that Resource Manager gave again after it had been refused: asking once more at once helps nobody. */
  #hopeless: { readonly key: AccountKey; readonly until: number } | undefined;
  #useKept = true;

  constructor(settings: ListedKeySettings) {
    this.#settings = settings;
    this.#current = new Lookup((signal) => this.#find(signal));
  }

  async get(signal: AbortSignal): Promise<AccountKey> {
    return (await this.#current.get(signal)).key;
  }

  /** Whether there is another key now than the refused one. */
  async renew(refused: AccountKey, signal: AbortSignal): Promise<boolean> {
    if (this.#isHopeless(refused)) {
      return false;
    }
    const held = this.#current.found;
    if (held?.key !== refused) {
      // Someone else has noticed before us.
      return !this.#isHopeless(await this.get(signal));
    }
    this.#useKept = false;
    this.#current.forget();
    this.#settings.logger.log("debug", "the account key was refused: asking for it again");
    await this.#settings.kept?.drop();
    const { key, secret } = await this.#current.get(signal);
    if (secret.reveal() !== held.secret.reveal()) {
      return true;
    }
    this.#hopeless = { key, until: this.#settings.now() + HOPELESS_MILLISECONDS };
    return false;
  }

  #isHopeless(key: AccountKey): boolean {
    return this.#hopeless?.key === key && this.#settings.now() < this.#hopeless.until;
  }

  async #find(signal: AbortSignal): Promise<HeldKey> {
    const { account, list, kept, logger } = this.#settings;
    const known = this.#useKept ? await kept?.read() : undefined;
    if (known !== undefined) {
      logger.log("debug", "using the account key that a process before this one asked for");
      return { key: new AccountKey(account, known), secret: known };
    }
    const secret = await list(signal);
    const key = new AccountKey(account, secret);
    await kept?.write(secret);
    return { key, secret };
  }
}

/** Signs with the listed key; a refused one is asked for again. */
export function listedKeyAuthorizer(keys: ListedKey, origin: string, now: () => number): Authorizer {
  const used = new WeakMap<HttpRequest, AccountKey>();
  return {
    async authorize(request, signal) {
      const key = await keys.get(signal);
      const authorized = await sharedKeyAuthorizer(key, origin, now).authorize(request, signal);
      used.set(authorized, key);
      return authorized;
    },
    async refused(authorized, response, signal) {
      const key = used.get(authorized);
      return key !== undefined && mayBeTheKey(response, now()) && (await keys.renew(key, signal));
    },
  };
}

/** Other refusals (network rules, shared keys disabled) have codes of their own. */
function mayBeTheKey({ status, headers }: HttpResponse, now: number): boolean {
  const code = headers["x-ms-error-code"];
  const skew = Math.abs(now - Date.parse(headers["date"] ?? ""));
  return status === 403 && code === "AuthenticationFailed" && !(skew > CLOCK_SKEW_MILLISECONDS);
}
