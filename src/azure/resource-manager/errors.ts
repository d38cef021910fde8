import { type ErrorCode, Failure, type FailureOptions } from "../../errors/error.ts";
import { readSome } from "../errors/service-error.ts";
import type { HttpResponse } from "../http/transport.ts";
import { field, textField } from "./json.ts";
import type { ResourceCall } from "./call.ts";

/** An answer of Resource Manager that is an error. Source: "Common Azure Resource Manager errors", OData error format. */
export interface ResourceError {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
  readonly requestId: string | undefined;
  /** Milliseconds that it asks to wait. */
  readonly retryAfter: number | undefined;
}

export async function readResourceError(
  response: HttpResponse,
  retryAfter: number | undefined,
): Promise<ResourceError> {
  const { status, headers } = response;
  const { code, message } = readBody(await readSome(response.body));
  const requestId = headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"];
  return { status, code, message, requestId, retryAfter };
}

/** `{"error":{"code":…,"message":…}}`; some providers leave the outer object out. */
function readBody(text: string): { readonly code: string | undefined; readonly message: string } {
  try {
    const outer: unknown = JSON.parse(text);
    const inner = field(outer, "error") ?? outer;
    return { code: textField(inner, "code"), message: textField(inner, "message") ?? "" };
  } catch {
    return { code: undefined, message: "" };
  }
}

/** Whether what was to be deleted or looked at is not there, or what it would be in is not. */
export function isAbsent({ status, code }: ResourceError): boolean {
  return status === 404 && ["ResourceNotFound", "NotFound", "ResourceGroupNotFound"].includes(code ?? "");
}

/**
 * Whether another operation is under way on the resource, so that the same request may be taken afterwards. What else answers
 * 409 is a state that does not pass by itself.
 */
export function isBusy({ status, code }: ResourceError): boolean {
  return status === 409 && BUSY.has(code ?? "");
}

const BUSY: ReadonlySet<string> = new Set([
  "Conflict",
  "AnotherOperationInProgress",
  "OperationInProgress",
  "OperationPreempted",
  "ConcurrentOperationInProgress",
  "RetryableError",
]);

type Explanation = Pick<FailureOptions, "hint" | "retryable"> & {
  readonly code: ErrorCode;
  readonly reason: string;
};

/** The Failure for it, its code and remedy by the service's own code. */
export function resourceFailure(call: ResourceCall, error: ResourceError): Failure {
  const rule = RULES.get(error.code ?? "") ?? byStatus;
  const { code, reason, hint, retryable } = rule(error, call);
  const id = error.requestId === undefined ? "" : `, request ID ${error.requestId}`;
  const trail = `(${error.code ?? `HTTP ${error.status}`}${id})`;
  return new Failure(code, `cannot ${call.what}: ${reason} ${trail}`, {
    ...{ hint, retryable },
    serviceCode: error.code,
  });
}

type Rule = (error: ResourceError, call: ResourceCall) => Explanation;

/** The service's sentence in our manner: one line, no full stop, not without end. */
function sentence({ message, status }: ResourceError): string {
  const line = message.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 400);
  return line === "" ? `Resource Manager answered ${status}` : `Resource Manager says: ${line}`;
}

function quoting(code: ErrorCode, hint?: string): Rule {
  return (error) => ({ code, reason: sentence(error), hint });
}

/** The scope to grant a role on: the resource, as its ID. */
function scopeOf({ resource }: ResourceCall): string {
  return `/${resource.join("/")}`;
}

/**
 * The message names who was refused: `The client 'ID' with object id 'ID' does not have authorization to perform
 * action …`. IDs alone are taken from it.
 */
const notAuthorized: Rule = ({ message }, call) => {
  const objectId = /object id '([0-9a-f-]{36})'/i.exec(message)?.[1];
  const who = objectId === undefined ? "the identity" : `the identity with object ID ${objectId}`;
  const scope = scopeOf(call);
  const { action, role } = call.permission;
  const assignee = objectId ?? "OBJECT_ID";
  return {
    code: "PermissionDenied",
    reason: `${who} may not perform ${action} on "${scope}"`,
    hint: `give it a role with that action, and wait some minutes until it holds: az role assignment create --assignee-object-id ${assignee} --assignee-principal-type ServicePrincipal --role "${role}" --scope "${scope}"`,
  };
};

const badToken: Rule = quoting(
  "Unauthenticated",
  "check that AZURE_CLOUD_NAME is the cloud of the subscription, and that this machine's clock is right",
);

const wrongTenant: Rule = (error, { resource }) => ({
  code: "Unauthenticated",
  reason: `subscription "${resource[1]}" belongs to another tenant than the identity's token: ${sentence(error)}`,
  hint: "check subscriptionId (or AZURE_SUBSCRIPTION_ID) and AZURE_TENANT_ID: both must be of the same tenant",
});

const noSubscription: Rule = (_error, { resource }) => ({
  code: "FailedPrecondition",
  reason: `there is no subscription "${resource[1]}", or the identity may not see it`,
  hint: "check subscriptionId in the location's config, or AZURE_SUBSCRIPTION_ID in the credentials file, and AZURE_CLOUD_NAME",
});

const noGroup: Rule = (_error, { resource }) => ({
  code: "FailedPrecondition",
  reason: `there is no resource group "${resource[3]}" in subscription "${resource[1]}"`,
  hint: "check resourceGroup in the location's config, or AZURE_RESOURCE_GROUP in the credentials file",
});

const noResource: Rule = (_error, { resource, absent }) => ({
  code: absent,
  reason: `there is no such resource in resource group "${resource[3]}" of subscription "${resource[1]}"`,
  hint: "check its name, and the resource group and the subscription that the location's config or the credentials file name",
});

const throttled: Rule = ({ retryAfter }) => {
  const wait = retryAfter === undefined ? "later" : `in ${Math.ceil(retryAfter / 1000)} s`;
  return {
    code: "ResourceExhausted",
    reason: `Resource Manager takes no more requests for now and asks to come back ${wait}`,
    retryable: true,
    hint: "someone sends too many requests for this subscription; signing in by useAAD, with an account key or a SAS token needs none",
  };
};

const oldCloud: Rule = quoting(
  "FailedPrecondition",
  "set apiVersion in the location's config to a version that this cloud's Resource Manager has",
);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["AuthorizationFailed", notAuthorized],
  ["LinkedAuthorizationFailed", notAuthorized],
  ["InvalidAuthenticationToken", badToken],
  ["InvalidAuthenticationTokenAudience", badToken],
  ["ExpiredAuthenticationToken", badToken],
  ["AuthenticationFailed", badToken],
  ["InvalidAuthenticationTokenTenant", wrongTenant],
  ["SubscriptionNotFound", noSubscription],
  ["InvalidSubscriptionId", noSubscription],
  ["ResourceGroupNotFound", noGroup],
  ["ResourceNotFound", noResource],
  ["NotFound", noResource],
  ["ParentResourceNotFound", noResource],
  [
    "ScopeLocked",
    quoting(
      "FailedPrecondition",
      "remove the lock: a read-only lock hinders the listing of account keys, too; useAAD needs no keys",
    ),
  ],
  [
    "ReadOnlyDisabledSubscription",
    quoting("FailedPrecondition", "the subscription is disabled: look at its billing"),
  ],
  ["RequestDisallowedByPolicy", quoting("PermissionDenied", "ask whoever set the policy")],
  ["InvalidApiVersionParameter", oldCloud],
  ["NoRegisteredProviderFound", oldCloud],
  ["InvalidResourceType", oldCloud],
]);

const byStatus: Rule = (error, call) => {
  switch (error.status) {
    case 401:
      return badToken(error, call);
    case 403:
      return { code: "PermissionDenied", reason: sentence(error) };
    case 409:
      return { code: "Aborted", reason: sentence(error), retryable: true };
    case 429:
      return throttled(error, call);
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
      return {
        code: "Unavailable",
        reason: `${sentence(error)}, still after several attempts`,
        retryable: true,
      };
    case 400:
      return { code: "InvalidArgument", reason: sentence(error) };
    default: {
      const hint =
        error.code === undefined ? "this is not how Resource Manager answers: check the cloud" : undefined;
      return { code: "FailedPrecondition", reason: sentence(error), hint };
    }
  }
};
