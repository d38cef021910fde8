import type { Rule } from "./error-rule.ts";

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
