import { canceled, Failure } from "../../errors/error.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { transportFailure } from "../errors/errors.ts";
import { type Answer, type Clock, Pipeline, systemClock } from "../http/pipeline.ts";
import { requestedDelay, type RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";
import type { Logger } from "../../log/logger.ts";
import type { ResourceCall } from "./call.ts";
import { readResourceError, resourceFailure } from "./errors.ts";

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
}

/**
 * A few attempts and two minutes: storage's provider asks for waits of about 17 s when it throttles, a whole
 * subscription that is throttled for up to an hour. Source: learn.microsoft.com, "Throttling Resource Manager requests".
 */
const RETRY: Partial<RetryPolicy> = { maxAttempts: 5, total: 120_000 };

const EMPTY = new Uint8Array(0);

/** Azure Resource Manager for one location. Makes requests only when asked to. */
export class ResourceManager {
  readonly #settings: ResourceManagerSettings;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;

  constructor(settings: ResourceManagerSettings) {
    const { transport, authorizer, logger, userAgent } = settings;
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
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
   * group; ResourceExhausted when throttled beyond patience; Unavailable; Canceled.
   */
  async call(call: ResourceCall, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#send(call, signal);
    if (answer.status !== 200) {
      const error = await readResourceError(answer, requestedDelay(answer.headers, this.#clock.now()));
      throw resourceFailure(call, error);
    }
    try {
      return JSON.parse(answer.content?.toString("utf8") ?? "");
    } catch (cause) {
      throw new Failure("Unavailable", `cannot ${call.what}: the answer is not JSON`, {
        cause,
        hint: `check that "${this.#settings.address}" is Azure Resource Manager`,
      });
    }
  }

  async #send(call: ResourceCall, signal: AbortSignal): Promise<Answer> {
    const { address, apiVersion } = this.#settings;
    const origin = new URL(address).origin;
    const path = [...call.resource, ...(call.action === undefined ? [] : [call.action])];
    const query = [
      ...(call.query === undefined ? [] : [call.query]),
      `api-version=${apiVersion ?? call.apiVersion}`,
    ];
    const request = {
      method: call.method,
      origin,
      path: address.slice(origin.length) + path.map((piece) => `/${encodeURIComponent(piece)}`).join(""),
      query: query.join("&"),
      headers: {},
      ...(call.method === "POST" ? { body: EMPTY } : {}),
    };
    try {
      return await this.#pipeline.send(request, signal);
    } catch (error) {
      if (signal.aborted) {
        throw canceled(`cannot ${call.what}`, signal.reason);
      }
      throw transportFailure(`cannot ${call.what}`, new URL(address).hostname, error);
    }
  }
}
