import type { ErrorCode, FailureOptions } from "../../errors/error.ts";

/** One operation on one resource. */
export interface ResourceCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** What it does, for messages: `list the keys of storage account "a"`. */
  readonly what: string;
  /** The resource's ID, in pieces that are not encoded: `["subscriptions", "…", "resourceGroups", "…", …]`. */
  readonly resource: readonly string[];
  /** Behind the resource's ID: `listKeys`. */
  readonly action?: string;
  /** Besides the API version; encoded. */
  readonly query?: string;
  readonly apiVersion: string;
  /** Sent as JSON; absent: an empty body where the method has one. */
  readonly body?: unknown;
  /** What a role must allow, and the built-in role that allows little more. */
  readonly permission: { readonly action: string; readonly role: string };
  /** The code of the Failure when the resource is not there. */
  readonly absent: "NotFound" | "FailedPrecondition";
  /** What refusals mean, by their code, where the service has rules of its own. */
  readonly rules?: ReadonlyMap<string, Rule> | undefined;
}

/** Whether the call is about all resources of a kind, not about one. */
export function isOfMany({ resource }: ResourceCall): boolean {
  const provider = resource.indexOf("providers");
  // Behind "providers" comes a namespace, and then pairs of kind and name.
  return provider !== -1 && (resource.length - provider) % 2 === 1;
}

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

/** What a refusal means, without what was to be done. */
export type Explanation = Pick<FailureOptions, "hint" | "retryable"> & {
  readonly code: ErrorCode;
  readonly reason: string;
};

/** How one kind of refusal is explained. */
export type Rule = (error: ResourceError, call: ResourceCall) => Explanation;
