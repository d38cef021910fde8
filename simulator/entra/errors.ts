import { randomUUID } from "node:crypto";
import { jsonAnswer } from "../http/json-answer.ts";
import type { SimulatedRequest, SimulatedResponse } from "../http/message.ts";

/**
 * Status and OAuth error (RFC 6749, section 5.2) that go with an AADSTS code.
 * Source: learn.microsoft.com/entra/identity-platform/reference-error-codes, and answers that users of the service posted.
 */
const KNOWN = {
  50013: [401, "invalid_client"],
  50027: [400, "invalid_request"],
  50049: [400, "invalid_instance"],
  70003: [400, "unsupported_grant_type"],
  70011: [400, "invalid_scope"],
  70025: [401, "invalid_client"],
  90002: [400, "invalid_request"],
  90055: [429, "temporarily_unavailable"],
  90061: [400, "invalid_request"],
  500011: [400, "invalid_resource"],
  700016: [400, "unauthorized_client"],
  700021: [401, "invalid_client"],
  700023: [401, "invalid_client"],
  700024: [401, "invalid_client"],
  700027: [401, "invalid_client"],
  700211: [401, "invalid_client"],
  700212: [401, "invalid_client"],
  700213: [401, "invalid_client"],
  900023: [400, "invalid_request"],
  900144: [400, "invalid_request"],
  1002012: [400, "invalid_scope"],
  7000215: [401, "invalid_client"],
  7000216: [401, "invalid_client"],
  7000222: [401, "invalid_client"],
  7002138: [401, "invalid_client"],
} as const satisfies Record<number, readonly [status: number, error: string]>;

/** A refusal of Entra, which the handler puts into its own format. */
export class EntraError extends Error {
  readonly code: number;
  readonly status: number;
  readonly error: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: number,
    message: string,
    answer: { readonly status?: number; readonly error?: string; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message);
    const known: readonly [number, string] | undefined = Object.hasOwn(KNOWN, code)
      ? KNOWN[code as keyof typeof KNOWN]
      : undefined;
    this.code = code;
    this.status = answer.status ?? known?.[0] ?? 400;
    this.error = answer.error ?? known?.[1] ?? "invalid_request";
    this.retryAfterSeconds = answer.retryAfterSeconds;
  }
}

/** In the format of the token endpoint; `now` in milliseconds since 1970. */
export function errorAnswer(error: EntraError, request: SimulatedRequest, now: number): SimulatedResponse {
  const traceId = randomUUID();
  const correlationId = request.headers["client-request-id"] ?? randomUUID();
  const timestamp = new Date(now)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
  const trail = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  const retryAfter =
    error.retryAfterSeconds === undefined ? {} : { "retry-after": String(error.retryAfterSeconds) };
  return jsonAnswer(
    error.status,
    {
      error: error.error,
      error_description: `AADSTS${error.code}: ${error.message} ${trail}`,
      error_codes: [error.code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${request.origin}/error?code=${error.code}`,
    },
    { ...UNCACHED, "x-ms-request-id": traceId, ...retryAfter },
  );
}

export const UNCACHED: Readonly<Record<string, string>> = {
  "cache-control": "no-store, no-cache",
  pragma: "no-cache",
  expires: "-1",
};
