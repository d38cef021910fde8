import { randomUUID } from "node:crypto";

import { effectOf } from "../core/effects.ts";
import type { FaultEffect } from "../core/faults.ts";
import type { SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import type { ManagementError } from "./errors.ts";
import type { Answer } from "./routes.ts";

/** Resource Manager's own errors are told apart from a resource provider's by a header. */
export function errorAnswer(error: ManagementError, cause: "gateway" | "service"): Answer {
  return {
    status: error.status,
    headers: { "x-ms-failure-cause": cause, ...error.headers },
    body: { error: { code: error.code, message: error.message, ...error.more } },
  };
}

/** An answer with the headers that every one has. `now` is the true time, from which a fault may skew this service. */
export function response(
  request: SimulatedRequest,
  answer: Answer,
  suffered: readonly FaultEffect[],
  now: number,
): SimulatedResponse {
  const requestId = randomUUID();
  const correlation = request.headers["x-ms-correlation-request-id"] ?? requestId;
  const clientId = request.headers["x-ms-client-request-id"];
  const echoed = request.headers["x-ms-return-client-request-id"]?.toLowerCase() === "true";
  const cut = effectOf(suffered, "cut");
  const skew = effectOf(suffered, "skew-clock")?.milliseconds ?? 0;
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return {
    status: answer.status,
    headers: {
      "cache-control": "no-cache",
      pragma: "no-cache",
      expires: "-1",
      ...(answer.body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
      "x-ms-request-id": requestId,
      "x-ms-correlation-request-id": correlation,
      "x-ms-routing-request-id": `WESTEUROPE:${time}:${requestId}`,
      "strict-transport-security": "max-age=31536000; includeSubDomains",
      "x-content-type-options": "nosniff",
      ...(echoed && clientId !== undefined ? { "x-ms-client-request-id": clientId } : {}),
      ...(skew === 0 ? {} : { date: new Date(now + skew).toUTCString() }),
      ...answer.headers,
    },
    body: answer.body === undefined || request.method === "HEAD" ? undefined : JSON.stringify(answer.body),
    ...(cut === undefined ? {} : { cutAfter: cut.afterBytes }),
  };
}
