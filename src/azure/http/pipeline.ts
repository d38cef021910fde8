import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../errors/error.ts";
import type { LogFields, Logger } from "../../log/logger.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { defaultRetryPolicy, type Outcome, retryDelay, type RetryPolicy } from "./retry.ts";
import type { HttpRequest, HttpResponse, HttpTransport } from "./transport.ts";
import { transportTrouble } from "./trouble.ts";

/** Time and chance, so that tests need neither. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** Rejects when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, { signal });
  },
};

export interface PipelineOptions {
  readonly transport: HttpTransport;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
  /** Headers of each request, beside its own: user agent, service version. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
}

export interface SendOptions {
  /**
   * Whether the caller reads the body of a good answer. Otherwise it is read here, as part of the attempt: one that
   * breaks off is asked for again.
   */
  readonly streamed?: boolean;
  /** What the log lines of this request carry besides: its container and key. */
  readonly fields?: LogFields;
  /** No further attempt begins later than this, milliseconds since 1970, whatever the retry policy says. */
  readonly until?: number | undefined;
}

export interface Answer extends HttpResponse {
  /** The whole body of a good answer that was not to be streamed. */
  readonly content?: Buffer | undefined;
  /**
   * Whether an earlier attempt may have done its work although its answer was lost or was an error of the
   * service. Then 404 for a deletion means that it was done; writes of whole blobs and blocks may simply be
   * repeated.
   */
  readonly uncertain: boolean;
}

/** Sends requests until they are answered: authorises each attempt anew, retries what is worth it, logs. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #retry: RetryPolicy;
  readonly #clock: Clock;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#retry = { ...defaultRetryPolicy, ...options.retry };
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The last answer, whatever its status. Rejects with the last `TransportError`, with what the authorizer threw,
   * or with `signal.reason`.
   */
  async send(request: HttpRequest, signal: AbortSignal, options: SendOptions = {}): Promise<Answer> {
    const headers = { ...this.#options.headers, ...request.headers, "x-ms-client-request-id": randomUUID() };
    const begun = this.#clock.now();
    let uncertain = false;
    let renewed = false;
    for (let attempts = 1; ; attempts++) {
      const outcome = await this.#attempt({ ...request, headers }, attempts, signal, options);
      if (!renewed && (await this.#renews(outcome, signal))) {
        renewed = true;
        continue;
      }
      const now = this.#clock.now();
      const progress = { attempts, elapsed: now - begun };
      const delay = retryDelay(this.#retry, outcome, progress, this.#clock.random, now);
      if (delay === undefined || now + delay > (options.until ?? Number.POSITIVE_INFINITY)) {
        if ("error" in outcome) {
          throw outcome.error;
        }
        return { ...outcome.response, content: outcome.content, uncertain };
      }
      uncertain ||= mayHaveHappened(outcome);
      if ("response" in outcome) {
        discard(outcome.response);
      }
      if (delay > 0) {
        await this.#clock.sleep(delay, signal).catch((error: unknown) => {
          throw signal.aborted ? signal.reason : error;
        });
      }
    }
  }

  close(): void {
    this.#options.transport.close();
  }

  /** Whether the proof was refused and there is another. */
  async #renews(outcome: AttemptOutcome, signal: AbortSignal): Promise<boolean> {
    const { authorizer } = this.#options;
    if (!("response" in outcome) || authorizer.refused === undefined) {
      return false;
    }
    const { response, authorized } = outcome;
    if (response.status !== 401 && response.status !== 403) {
      return false;
    }
    let again = true;
    try {
      again = await authorizer.refused(authorized, response, signal);
    } finally {
      if (again) {
        discard(response);
      }
    }
    return again;
  }

  async #attempt(
    request: HttpRequest,
    attempt: number,
    signal: AbortSignal,
    { streamed = false, fields = {} }: SendOptions,
  ): Promise<AttemptOutcome> {
    const authorized = await this.#options.authorizer.authorize(request, signal);
    const begun = this.#clock.now();
    let outcome: AttemptOutcome;
    try {
      const response = await this.#options.transport.send(authorized, signal);
      const whole = !streamed && response.status >= 200 && response.status < 300;
      outcome = {
        response,
        authorized,
        content: whole ? await readWhole(response, hostOf(request)) : undefined,
      };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Failure) {
        throw error;
      }
      outcome = { error: transportTrouble(error, { host: hostOf(request), connected: true }) };
    }
    this.#log(request, attempt, outcome, { ...fields, milliseconds: Math.round(this.#clock.now() - begun) });
    return outcome;
  }

  /**
   * Of the request before it was authorised: no signature of ours can be in what is logged. Those that a service signed its
   * addresses with are left out: a SAS, and the addresses where Resource Manager tells of its operations, kilobytes each.
   */
  #log(request: HttpRequest, attempt: number, outcome: Outcome, fields: LogFields): void {
    const { logger } = this.#options;
    if (!logger.enabled("debug")) {
      return;
    }
    const query =
      request.query === ""
        ? ""
        : `?${request.query.replaceAll(/(^|&)(sig|[tcsh])=[^&]*/gi, "$1$2=[redacted]")}`;
    logger.log("debug", "request", {
      ...fields,
      method: request.method,
      url: `${request.origin}${request.path}${query}`,
      bytes: request.body?.byteLength ?? 0,
      attempt,
      clientRequestId: request.headers["x-ms-client-request-id"],
      ...("error" in outcome
        ? { trouble: outcome.error.trouble, error: outcome.error.message }
        : {
            status: outcome.response.status,
            errorCode: outcome.response.headers["x-ms-error-code"],
            requestId: outcome.response.headers["x-ms-request-id"],
          }),
    });
  }
}

type AttemptOutcome =
  | {
      readonly response: HttpResponse;
      readonly authorized: HttpRequest;
      readonly content: Buffer | undefined;
    }
  | Extract<Outcome, { error: unknown }>;

/** More than any answer that is read in one piece: a page of 5,000 of the longest names is a quarter of it. */
const MAX_WHOLE = 64 * 1024 * 1024;

async function readWhole({ body }: HttpResponse, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_WHOLE) {
      throw new Failure(
        "FailedPrecondition",
        `cannot read the answer of "${host}": it is larger than 64 MiB`,
        {
          hint: `check the endpoint: this is not how a service of Azure answers`,
        },
      );
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function mayHaveHappened(outcome: Outcome): boolean {
  if ("response" in outcome) {
    // 429 and 503 refuse before anything is done; the others may come from a gateway that lost the real answer.
    return outcome.response.status !== 429 && outcome.response.status !== 503;
  }
  return outcome.error.trouble !== "connect" && outcome.error.trouble !== "resolve-again";
}

/** Lets the connection be used again: an error's body is short, so that reading it costs less than a new connection. */
function discard(response: HttpResponse): void {
  response.body.on("error", () => {});
  response.body.resume();
}

function hostOf(request: HttpRequest): string {
  return request.origin.replace(/^[a-z]+:\/\//, "");
}
