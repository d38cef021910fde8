import { Failure } from "../../errors/error.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { transportFailure } from "../errors/errors.ts";
import { interruption, remaining } from "../http/deadline.ts";
import { type Answer, type Clock, Pipeline, systemClock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpRequest, HttpTransport } from "../http/transport.ts";
import type { Logger } from "../../log/logger.ts";
import { isOfMany, type ResourceCall, type ResourceError } from "./call.ts";
import { readResourceError, resourceFailure } from "./errors.ts";
import { readJson } from "./json.ts";
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

/** How long a refusal that passes is waited for where the signal has no deadline. */
const PATIENCE = 120_000;

const EMPTY = new Uint8Array(0);

/** Azure Resource Manager for one location. Makes requests only when asked to. */
export class ResourceManager {
  readonly #settings: ResourceManagerSettings;
  readonly #pipeline: Pipeline;
  readonly #throttle: Throttle;
  readonly clock: Clock;

  constructor(settings: ResourceManagerSettings) {
    const { transport, authorizer, logger, userAgent } = settings;
    this.#settings = settings;
    this.clock = settings.clock ?? systemClock;
    this.#throttle = settings.throttle ?? new Throttle(this.clock);
    this.#pipeline = new Pipeline({
      transport,
      authorizer,
      logger,
      headers: { "user-agent": userAgent, accept: "application/json" },
      retry: { ...RETRY, ...settings.retry },
      clock: this.clock,
    });
  }

  /**
   * The answer's JSON. Rejects with `Failure`: what the token source throws; PermissionDenied that names action, scope and
   * role; Unauthenticated; `absent` for a resource that is not there, FailedPrecondition for a subscription or
   * group; ResourceExhausted when throttled for longer than the signal's deadline (`withDeadline`) or, without one, two
   * minutes allow; Unavailable; Canceled, or the `Failure` that is the signal's reason.
   */
  async call(call: ResourceCall, signal: AbortSignal): Promise<unknown> {
    return this.jsonOf(call, await this.send(call, signal));
  }

  /** The JSON of an answer to the call. Throws as `call` does. */
  async jsonOf(call: ResourceCall, answer: Answer): Promise<unknown> {
    if (answer.status !== 200) {
      throw resourceFailure(call, await readResourceError(answer, this.clock.now()));
    }
    const json = readJson(answer);
    if (json === undefined) {
      throw new Failure("Unavailable", `cannot ${call.what}: the answer is not JSON`, {
        hint: `check that "${this.#settings.address}" is Azure Resource Manager`,
      });
    }
    return json;
  }

  /** The answer, whatever its status. Rejects as `call` does where none came. */
  send(call: ResourceCall, signal: AbortSignal): Promise<Answer> {
    return this.#send(call, this.#requestFor(call), signal);
  }

  /** What an address that Resource Manager told answers, as a part of the call; only if `owns` says so. */
  sendTo(address: string, call: ResourceCall, signal: AbortSignal): Promise<Answer> {
    const { origin, pathname, search } = new URL(address);
    const { origin: own } = new URL(this.#settings.address);
    if (origin !== own) {
      throw new Failure("Internal", `cannot ${call.what}: "${origin}" is not Resource Manager`);
    }
    const request = { method: "GET", origin, path: pathname, query: search.slice(1), headers: {} } as const;
    return this.#send(call, request, signal);
  }

  /** Whether an address is Resource Manager's: a token goes nowhere else. */
  owns(address: string): boolean {
    return URL.parse(address)?.origin === new URL(this.#settings.address).origin;
  }

  /** Until when, milliseconds since 1970, what refuses for a while may be waited for. */
  patience(signal: AbortSignal): number {
    return this.clock.now() + (remaining(signal, this.clock) ?? PATIENCE);
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

  async #send(call: ResourceCall, request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const until = this.patience(signal);
    try {
      return await this.#throttle.send({
        bucket: `${call.resource[1]?.toLowerCase()} ${kindOf(request, call)}`,
        send: () => this.#pipeline.send(request, signal, { until }),
        until,
        refuse: async (wait, answer) =>
          resourceFailure(call, {
            ...(answer === undefined ? THROTTLED : await readResourceError(answer, this.clock.now())),
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

/**
 * What is counted apart: reads, writes, deletions. Lists, too: Compute allows few of them, and who waits for one shall not hinder
 * those who look after their operations.
 */
function kindOf({ method }: HttpRequest, call: ResourceCall): string {
  if (method === "GET") {
    return isOfMany(call) ? "list" : "read";
  }
  return method === "DELETE" ? "delete" : "write";
}
