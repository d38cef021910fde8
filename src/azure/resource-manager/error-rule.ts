import type { ErrorCode, FailureOptions } from "../../errors/error.ts";
import { isOfMany, type ResourceCall } from "./call.ts";

/** An answer of Resource Manager that is an error. Source: "Common Azure Resource Manager errors", OData error format. */
export interface ResourceError {
  /** That of a good answer where an operation says that it failed. */
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
  /** The field of the request that is meant: `sku.name`. */
  readonly target?: string | undefined;
  readonly requestId: string | undefined;
  /** Milliseconds that it asks to wait. */
  readonly retryAfter: number | undefined;
}

export type Explanation = Pick<FailureOptions, "hint" | "retryable"> & {
  readonly code: ErrorCode;
  readonly reason: string;
};

export type Rule = (error: ResourceError, call: ResourceCall) => Explanation;

/** The service's sentence in our manner: one line, no full stop, not without end. */
export function sentence({ message, status, target }: ResourceError): string {
  const line = message.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 400);
  const where = target === undefined || line.includes(target) ? "" : ` [${target.slice(0, 100)}]`;
  return line === ""
    ? `Resource Manager answered ${status}${where}`
    : `Resource Manager says: ${line}${where}`;
}

export function quoting(code: ErrorCode, hint?: string): Rule {
  return (error) => ({ code, reason: sentence(error), hint });
}

/** The same, of what may go well when it is tried again. */
export function passing(code: ErrorCode, hint?: string): Rule {
  return (error) => ({ code, reason: sentence(error), hint, retryable: true });
}

/** The scope to grant a role on: the resource, as its ID; for all resources of a kind, what holds them. */
export function scopeOf(call: ResourceCall): string {
  const { resource } = call;
  return `/${resource.slice(0, isOfMany(call) ? resource.indexOf("providers") : undefined).join("/")}`;
}
