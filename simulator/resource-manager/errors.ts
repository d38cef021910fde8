import type { JsonObject } from "./json.ts";

/**
 * An answer in Resource Manager's error format, `{"error":{"code","message"}}`.
 *
 * The wordings are Azure's, as clients and users see them: tools read codes and sometimes text out of them.
 */
export class ManagementError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What stands in the error beside code and message: `target`, `details`. */
  readonly more: JsonObject;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    more: JsonObject = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.more = more;
  }
}

export function subscriptionNotFound(subscription: string): ManagementError {
  return new ManagementError(
    404,
    "SubscriptionNotFound",
    `The subscription '${subscription}' could not be found.`,
  );
}

export function resourceGroupNotFound(group: string): ManagementError {
  return new ManagementError(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
}

/** `type` as in `Microsoft.Storage/storageAccounts`, `name` of the resource in it. */
export function resourceNotFound(type: string, name: string, group: string): ManagementError {
  return new ManagementError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${group}' was not found. ` +
      "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  );
}

export function invalidContent(reason: string): ManagementError {
  return new ManagementError(
    400,
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${reason}'.`,
  );
}

export function locationRequired(): ManagementError {
  return new ManagementError(
    400,
    "LocationRequired",
    "The location property is required for this definition.",
  );
}
