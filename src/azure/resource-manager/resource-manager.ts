import { Failure } from "../../errors/error.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { transportFailure } from "../errors/errors.ts";
import { interruption, remaining } from "../http/deadline.ts";
import { type Answer, type Clock, Pipeline, systemClock } from "../http/pipeline.ts";
import { requestedDelay, type RetryPolicy } from "../http/retry.ts";
import type { HttpRequest, HttpTransport } from "../http/transport.ts";
import type { Logger } from "../../log/logger.ts";
import type { ResourceCall } from "./call.ts";
import { isAbsent, isBusy, readResourceError, type ResourceError, resourceFailure } from "./errors.ts";
import { field, readJson, textField } from "./json.ts";
import { finish, isSettled, lookAt, type OperationSite, Waits } from "./long-running.ts";
import { Throttle } from "./throttle.ts";

/** How Resource Manager is reached; the transport may be shared and stays the caller's to close. */
export interface ResourceManagerSettings {
  /** Without a slash at its end; may have a path in custom clouds. */
  readonly address: string;
  readonly transport: HttpTransport;
  /** A bearer token for Resource Manager. */
  readonly authorizer: Authorizer;
  readonly userAgent: string;
  readonly logger: Logger;
  /** In the place of each kind's own version, for clouds that do not have it (Azure Stack Hub). */
  readonly apiVersion?: string | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
  /** Shared by those who have the same cloud; absent: one of its own. */
  readonly throttle?: Throttle | undefined;
}

/**
 * A few attempts, and two minutes where the caller sets no deadline: storage's provider asks for waits of about 17 s when
 * it throttles, a whole subscription that is throttled for up to an hour. Refusals by 429 are `Throttle`'s, and not counted.
 * Source: learn.microsoft.com, "Throttling Resource Manager requests".
 */
const RETRY: Partial<RetryPolicy> = {
  maxAttempts: 5,
  total: 120_000,
  statuses: new Set([408, 500, 502, 503, 504]),
};
const PATIENCE = 120_000;

const EMPTY = new Uint8Array(0);

/** Azure Resource Manager for one location. Makes requests only when asked to. */
export class ResourceManager {
  readonly #settings: ResourceManagerSettings;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #throttle: Throttle;

  constructor(settings: ResourceManagerSettings) {
    const { transport, authorizer, logger, userAgent } = settings;
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.#throttle = settings.throttle ?? new Throttle(this.#clock);
    this.#pipeline = new Pipeline({
      transport,
      authorizer,
      logger,
      headers: { "user-agent": userAgent, accept: "application/json" },
      retry: { ...RETRY, ...settings.retry },
      clock: this.#clock,
    });
  }

  /**
   * The answer's JSON. Rejects with `Failure`: what the token source throws; PermissionDenied that names action, scope and
   * role; Unauthenticated; `absent` for a resource that is not there, FailedPrecondition for a subscription or
   * group; ResourceExhausted when throttled for longer than the signal's deadline (`withDeadline`) or, without one, two
   * minutes allow; Unavailable; Canceled, or the `Failure` that is the signal's reason.
   */
  async call(call: ResourceCall, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#send(call, this.#requestFor(call), signal);
    if (answer.status !== 200) {
      throw resourceFailure(call, await this.#errorOf(answer));
    }
    return this.#jsonOf(call, answer);
  }

  /** The entries of all pages, each page asked for when the one before has been taken. Rejects as `call` does. */
  async *list(call: ResourceCall, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
    let request: HttpRequest | undefined = this.#requestFor(call);
    while (request !== undefined) {
      const answer: Answer = await this.#send(call, request, signal);
      if (answer.status !== 200) {
        throw resourceFailure(call, await this.#errorOf(answer));
      }
      const page = readPage(this.#jsonOf(call, answer));
      yield* page.entries;
      request = page.next === undefined ? undefined : this.#requestTo(page.next);
      if (page.next !== undefined && request === undefined) {
        throw new Failure(
          "Unavailable",
          `cannot ${call.what}: the address of the next page is on another host`,
          {
            hint: `check that "${this.#settings.address}" is Azure Resource Manager`,
          },
        );
      }
    }
  }

  /**
   * Carries out a change to the end of the operation that it begins. The resource's JSON where Azure happened to give it: no
   * request is made for it. A deletion of what is not there is done. An answer that was lost is no reason not to repeat:
   * the same name and body make no second resource; where another operation is under way on the resource its end is waited for,
   * as long as a wait for 429 may last. Rejects as `call` does, and with the operation's own failure.
   */
  async run(call: ResourceCall, signal: AbortSignal): Promise<unknown> {
    const site = this.#siteOf(call, signal);
    const until = this.#clock.now() + (remaining(signal, this.#clock) ?? PATIENCE);
    const waits = new Waits(site);
    try {
      for (;;) {
        const answer = await site.send(site.requestFor(call));
        if (answer.status < 300) {
          return await finish(call, answer, site);
        }
        const error = await this.#errorOf(answer);
        if (call.method === "DELETE" && isAbsent(error)) {
          return undefined;
        }
        if (!isBusy(error) || this.#clock.now() >= until) {
          throw resourceFailure(call, error);
        }
        await waits.wait(answer.headers);
        await this.#settle(call, site, waits);
      }
    } catch (error) {
      throw signal.aborted ? interruption(`cannot ${call.what}`, signal) : error;
    }
  }

  /** Until nothing is under way on the resource any more, or it is gone. */
  async #settle(call: ResourceCall, site: OperationSite, waits: Waits): Promise<void> {
    const look = lookAt(call);
    for (;;) {
      const answer = await site.send(site.requestFor(look));
      if (answer.status >= 300) {
        const error = await this.#errorOf(answer);
        if (isAbsent(error)) {
          return;
        }
        throw resourceFailure(look, error);
      }
      if (isSettled(readJson(answer))) {
        return;
      }
      await waits.wait(answer.headers);
    }
  }

  #siteOf(call: ResourceCall, signal: AbortSignal): OperationSite {
    return {
      clock: this.#clock,
      signal,
      send: (request) => this.#send(call, request, signal),
      requestTo: (address) => this.#requestTo(address),
      requestFor: (other) => this.#requestFor(other),
    };
  }

  #jsonOf(call: ResourceCall, answer: Answer): unknown {
    const json = readJson(answer);
    if (json === undefined) {
      throw new Failure("Unavailable", `cannot ${call.what}: the answer is not JSON`, {
        hint: `check that "${this.#settings.address}" is Azure Resource Manager`,
      });
    }
    return json;
  }

  #errorOf(answer: Answer): Promise<ResourceError> {
    return readResourceError(answer, requestedDelay(answer.headers, this.#clock.now()));
  }

  #requestFor(call: ResourceCall): HttpRequest {
    const { address, apiVersion } = this.#settings;
    const origin = new URL(address).origin;
    const path = [...call.resource, ...(call.action === undefined ? [] : [call.action])];
    const query = [
      ...(call.query === undefined ? [] : [call.query]),
      `api-version=${apiVersion ?? call.apiVersion}`,
    ];
    const json = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const body = json ?? (call.method === "POST" ? EMPTY : undefined);
    return {
      method: call.method,
      origin,
      path: address.slice(origin.length) + path.map((piece) => `/${encodeURIComponent(piece)}`).join(""),
      query: query.join("&"),
      headers: json === undefined ? {} : { "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    };
  }

  /** Of an address that Resource Manager told; undefined when it is not its own, since a token goes nowhere else. */
  #requestTo(address: string): HttpRequest | undefined {
    const { origin } = new URL(this.#settings.address);
    const url = URL.parse(address, origin);
    if (url === null || url.origin !== origin) {
      return undefined;
    }
    return { method: "GET", origin, path: url.pathname, query: url.search.slice(1), headers: {} };
  }

  async #send(call: ResourceCall, request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const until = this.#clock.now() + (remaining(signal, this.#clock) ?? PATIENCE);
    try {
      return await this.#throttle.send({
        subscriptionId: call.resource[1] ?? "",
        method: request.method,
        send: () => this.#pipeline.send(request, signal, { until }),
        until,
        refuse: async (wait, answer) =>
          resourceFailure(call, {
            ...(answer === undefined ? THROTTLED : await this.#errorOf(answer)),
            retryAfter: wait,
          }),
        signal,
      });
    } catch (error) {
      if (signal.aborted) {
        throw interruption(`cannot ${call.what}`, signal);
      }
      throw transportFailure(`cannot ${call.what}`, new URL(request.origin).hostname, error);
    }
  }
}

/** Of a request that was not even sent, since another one had been told to wait. */
const THROTTLED: Omit<ResourceError, "retryAfter"> = {
  status: 429,
  code: undefined,
  message: "",
  requestId: undefined,
};

interface Page {
  readonly entries: readonly unknown[];
  readonly next: string | undefined;
}

function readPage(json: unknown): Page {
  const entries = field(json, "value");
  return { entries: Array.isArray(entries) ? entries : [], next: textField(json, "nextLink") };
}
