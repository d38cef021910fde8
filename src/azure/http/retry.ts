import { type HttpResponse, TransportError } from "./transport.ts";

/** When and how often to try again. Times in milliseconds. */
export interface RetryPolicy {
  /** All attempts, the first one included. */
  readonly maxAttempts: number;
  /** All attempts, where nobody answered at all: a wrong endpoint should be told soon. */
  readonly maxUnanswered: number;
  /** Wait before the second attempt; twice as long before each further one. */
  readonly baseDelay: number;
  readonly maxDelay: number;
  /** No attempt begins later than this after the first. */
  readonly total: number;
  /** Answers that are worth another attempt; absent: those that are for every service of Azure. */
  readonly statuses?: ReadonlySet<number> | undefined;
}

export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 7,
  maxUnanswered: 3,
  baseDelay: 500,
  maxDelay: 20_000,
  total: 300_000,
};

/** What an attempt ended with: an answer, or why none came. */
export type Outcome = { readonly response: HttpResponse } | { readonly error: TransportError };

/** What is to be known of the attempts so far. */
export interface Progress {
  /** Attempts that have ended, at least 1. */
  readonly attempts: number;
  readonly elapsed: number;
}

const retryableStatuses = new Set([408, 429, 500, 502, 503, 504]);

/**
 * A body that arrived with another checksum than it left with was damaged on the way, once: sending it again is
 * what helps, although the status is 400.
 */
const retryableCodes = new Set(["Md5Mismatch", "Crc64Mismatch"]);

/** Milliseconds to wait before the next attempt, or undefined when there shall be none. */
export function retryDelay(
  policy: RetryPolicy,
  outcome: Outcome,
  progress: Progress,
  random: () => number,
  now: number,
): number | undefined {
  const limit = attemptLimit(policy, outcome);
  if (progress.attempts >= limit) {
    return undefined;
  }
  if ("error" in outcome && outcome.error.staleConnection && progress.attempts === 1) {
    return 0;
  }
  const exponential = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (progress.attempts - 1));
  // Between 80 and 130 %, so that many uploads that were refused together do not come back together.
  const jittered = exponential * (0.8 + random() * 0.5);
  const asked = "response" in outcome ? requestedDelay(outcome.response.headers, now) : undefined;
  const delay = Math.max(jittered, asked ?? 0);
  return progress.elapsed + delay > policy.total ? undefined : delay;
}

function attemptLimit(policy: RetryPolicy, outcome: Outcome): number {
  if ("response" in outcome) {
    const { status, headers } = outcome.response;
    const worth =
      (policy.statuses ?? retryableStatuses).has(status) ||
      retryableCodes.has(headers["x-ms-error-code"] ?? "");
    return worth ? policy.maxAttempts : 0;
  }
  switch (outcome.error.trouble) {
    case "broken":
    case "idle":
    case "resolve-again":
      return policy.maxAttempts;
    case "connect":
    case "deadline":
      return Math.min(policy.maxUnanswered, policy.maxAttempts);
    default:
      return 0;
  }
}

/** Milliseconds that the service asks to wait (RFC 9110 section 10.2.3, and Azure's own finer headers). */
export function requestedDelay(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  for (const name of ["x-ms-retry-after-ms", "retry-after-ms"]) {
    const milliseconds = Number(headers[name] ?? Number.NaN);
    if (milliseconds >= 0) {
      return milliseconds;
    }
  }
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") {
    return undefined;
  }
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
