import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { SharedFlight } from "../shared-flight.ts";
import type { Acquired, TokenRequest } from "./sign-in.ts";
import type { AccessToken, TokenAudience, TokenSource } from "./token-source.ts";

export interface TokenCacheOptions {
  acquire(request: TokenRequest, signal: AbortSignal): Promise<Acquired>;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A new token is asked for when the old one has no more than this left, or half of its life if that is less. */
const REFRESH_BEFORE = 5 * 60_000;
/** A token that has less left than this is not handed out: its request would arrive too late. */
const LEAST_LEFT = 30_000;
/** After a failure, as long as the old token serves: not every request shall wait for the provider once more. */
const REFRESH_AGAIN_AFTER = 30_000;

interface Entry {
  readonly flight: SharedFlight<AccessToken>;
  token: AccessToken | undefined;
  refreshAt: number;
}

/** Keeps tokens until shortly before they expire, one for each audience and tenant; one request at a time for each. */
export class TokenCache implements TokenSource {
  readonly #options: TokenCacheOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: TokenCacheOptions) {
    this.#options = options;
  }

  async token(audience: TokenAudience, signal: AbortSignal, tenant?: string): Promise<AccessToken> {
    signal.throwIfAborted();
    const entry = this.#entry({ audience, tenant });
    const { token, refreshAt } = entry;
    if (token !== undefined && this.#options.now() < refreshAt) {
      return token;
    }
    try {
      return await entry.flight.join(signal);
    } catch (error) {
      signal.throwIfAborted();
      // Only what may be better next time: an identity that was taken away must not live on.
      const passing = error instanceof Failure && (error.retryable || error.code === "Unavailable");
      // The failure may have taken a while.
      const now = this.#options.now();
      if (!passing || token === undefined || entry.token !== token || token.expires - now < LEAST_LEFT) {
        throw error;
      }
      entry.refreshAt = Math.min(now + REFRESH_AGAIN_AFTER, token.expires - LEAST_LEFT);
      this.#options.logger.log("warn", "no new token; the old one is used while it lasts", {
        audience,
        expires: new Date(token.expires).toISOString(),
        error: error.message,
      });
      return token;
    }
  }

  refused(_audience: TokenAudience, token: AccessToken): void {
    // Who comes late, with a token that was replaced meanwhile, drops nothing.
    for (const entry of this.#entries.values()) {
      if (entry.token === token) {
        entry.token = undefined;
      }
    }
  }

  #entry(request: TokenRequest): Entry {
    const name = `${request.tenant ?? ""} ${request.audience}`;
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      const made: Entry = {
        token: undefined,
        refreshAt: 0,
        flight: new SharedFlight(async (signal) => this.#acquire(made, request, signal)),
      };
      entry = made;
      this.#entries.set(name, entry);
    }
    return entry;
  }

  async #acquire(entry: Entry, request: TokenRequest, signal: AbortSignal): Promise<AccessToken> {
    const begun = this.#options.now();
    const token = await this.#options.acquire(request, signal);
    const life = token.expires - begun;
    entry.refreshAt = Math.min(
      token.expires - Math.min(REFRESH_BEFORE, life / 2),
      Math.max(token.refreshAt ?? Infinity, begun),
    );
    entry.token = token;
    return token;
  }
}
