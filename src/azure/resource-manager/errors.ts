import { Failure } from "../../errors/error.ts";
import { readSome } from "../errors/service-error.ts";
import { requestedDelay } from "../http/retry.ts";
import type { HttpResponse } from "../http/transport.ts";
import type { ResourceCall, ResourceError, Rule } from "./call.ts";
import { quoting, sentence } from "./error-rule.ts";
import { field, textField } from "./json.ts";
import { linkedScope, notAuthorized } from "./not-authorized.ts";

/** `now`: milliseconds since 1970. */
export async function readResourceError(response: HttpResponse, now: number): Promise<ResourceError> {
  const { status, headers } = response;
  const told = readError(parsed(await readSome(response.body)));
  const requestId = headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"];
  return { status, ...told, requestId, retryAfter: requestedDelay(headers, now) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `{"error":{"code":…,"message":…}}`; some providers leave the outer object out. */
export function readError(outer: unknown): Pick<ResourceError, "code" | "message" | "target"> {
  const inner = field(outer, "error") ?? outer;
  return {
    code: textField(inner, "code"),
    message: textField(inner, "message") ?? "",
    target: textField(inner, "target"),
  };
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

/** Of an operation that a later one on the same resource has ended. */
export const PREEMPTED = "OperationPreempted";

const BUSY: ReadonlySet<string> = new Set([
  "Conflict",
  "ConflictingUserInput",
  "ConflictingServerOperation",
  "AnotherOperationInProgress",
  "OperationInProgress",
  PREEMPTED,
]);

/** The Failure for it, its code and remedy by the service's own code. */
export function resourceFailure(call: ResourceCall, error: ResourceError): Failure {
  // Compute refuses too many requests with a code that it has for much else, too.
  const rule = error.status === 429 ? throttled : ruleFor(error.code ?? "", call);
  const { code, reason, hint, retryable } = rule(error, call);
  const id = error.requestId === undefined ? "" : `, request ID ${error.requestId}`;
  const trail = `(${error.code ?? `HTTP ${error.status}`}${id})`;
  return new Failure(code, `cannot ${call.what}: ${reason} ${trail}`, {
    ...{ hint, retryable },
    serviceCode: error.code,
  });
}

function ruleFor(code: string, { rules }: ResourceCall): Rule {
  return rules?.get(code) ?? RULES.get(code) ?? byStatus;
}

/** Whether it is not to be known here: the identity may not ask, or the cloud (Azure Stack Hub) has no such question. */
export function isNotTold(error: unknown): boolean {
  if (!(error instanceof Failure)) {
    return false;
  }
  return error.code === "PermissionDenied" || UNKNOWN_TO_CLOUD.has(error.serviceCode ?? "");
}

const UNKNOWN_TO_CLOUD: ReadonlySet<string> = new Set([
  "InvalidApiVersionParameter",
  "NoRegisteredProviderFound",
  "InvalidResourceType",
]);

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

/** What is made need not be there: then it is what it is made of, or goes with, that is missing. */
const noResource: Rule = (error, { resource, absent, method }) => ({
  code: absent,
  reason:
    method === "PUT"
      ? sentence(error)
      : `there is no such resource in resource group "${resource[3]}" of subscription "${resource[1]}"`,
  hint: "check its name, and the resource group and the subscription that the location's config or the credentials file name",
});

const throttled: Rule = ({ retryAfter }, { resource }) => {
  const wait = retryAfter === undefined ? "later" : `in ${Math.ceil(retryAfter / 1000)} s`;
  return {
    code: "ResourceExhausted",
    reason: `Resource Manager takes no more requests for now and asks to come back ${wait}`,
    retryable: true,
    hint: resource.includes("Microsoft.Storage")
      ? "someone sends too many requests for this subscription; signing in by useAAD, with an account key or a SAS token needs none"
      : "someone sends too many requests for this subscription; with a larger apiTimeout in the location's config longer waits are waited for",
  };
};

const oldCloud: Rule = quoting(
  "FailedPrecondition",
  "set apiVersion in the location's config to a version that this cloud's Resource Manager has",
);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["AuthorizationFailed", notAuthorized],
  ["LinkedAuthorizationFailed", linkedScope],
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
  ["TooManyRequests", throttled],
  ["SubscriptionRequestsThrottled", throttled],
  ...[...UNKNOWN_TO_CLOUD].map((code) => [code, oldCloud] as const),
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
