import type { ErrorCode } from "../../errors/error.ts";
import { isOfMany, type ResourceCall, type ResourceError, type Rule } from "./call.ts";

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
