import type { ErrorCode } from "../../errors/error.ts";
import type { Operation } from "../blob/operation.ts";
import type { ServiceError } from "./service-error.ts";

/** What a rule makes of a service error: the reason in words, and the remedy. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly retryable?: boolean | undefined;
}

/** Explains an error of the service; `now` tells a clock that is wrong from a key that is wrong. */
export type Rule = (error: ServiceError, operation: Operation, now: number) => Explanation;

/** A rule for a code that always means the same. */
export function always(
  code: ErrorCode,
  reason: string,
  more: Omit<Explanation, "code" | "reason"> = {},
): Rule {
  return () => ({ code, reason, ...more });
}

/** A rule that quotes the service's own sentence. */
export function quoting(code: ErrorCode, hint?: string): Rule {
  return (error) => ({ code, reason: sentence(error), hint });
}

/** The service's sentence in our manner: one line, no full stop, not without end. */
export function sentence({ message, status }: ServiceError): string {
  const line = (message ?? "").replaceAll(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 300);
  return line === "" ? `the service answered ${status}` : `the service says: ${line}`;
}
