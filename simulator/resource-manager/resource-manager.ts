import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import type { AccessTokenClaims, AccessTokens } from "../core/access-tokens.ts";
import type { SimulatedClock } from "../core/clock.ts";
import type { FaultEffect, FaultQueue } from "../core/faults.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import { checkApiVersion, isKnownNamespace, requiredApiVersion, versionsOf } from "./api-versions.ts";
import { signIn } from "./authentication.ts";
import { ManagementError, resourceGroupNotFound, subscriptionNotFound } from "./errors.ts";
import type { Inventory } from "./inventory.ts";
import { metadataEndpoints } from "./metadata-endpoints.ts";
import type { OperationPace } from "./operations.ts";
import { AZURE_RATE_LIMITS, rateLimiter, throttled } from "./rate-limits.ts";
import type { CountedRequest, RateLimits } from "./rate-limits.ts";
import { readBody } from "./request-body.ts";
import { groupId, isGuid, keyOf, matchPath, parentsOf, scopeOfRequest, segmentsOf } from "./resource-id.ts";
import type { PathVariables } from "./resource-id.ts";
import { allRoutes } from "./route-table.ts";
import type { Answer, BlobContainers, CloudEndpoints, ManagementRequest, Route } from "./routes.ts";

export interface ResourceManagerOptions {
  readonly inventory: Inventory;
  readonly tokens: AccessTokens;
  readonly faults: FaultQueue;
  readonly clock: SimulatedClock;
  /** Asked at each request, since ports are known after listening only. */
  readonly endpoints: () => CloudEndpoints;
  readonly containers: BlobContainers;
  /** Whether the directory knows the service principal; managed identities need not be asked for. Default: all. */
  readonly directoryHas?: (tenantId: string, objectId: string) => boolean;
  /** Default: Azure's. */
  readonly limits?: Partial<RateLimits>;
  /** Default: done at once, polled after a second. */
  readonly pace?: OperationPace;
}

/**
 * A simulated Azure Resource Manager: what `README.md` in this folder lists.
 *
 * In Azure's order it asks for the api-version, the subscription, a sign-in of the subscription's tenant, the caller's
 * roles, the resource group and the resource; the first thing that is missing is the answer.
 * Source: learn.microsoft.com/rest/api/azure
 */
export function resourceManager(options: ResourceManagerOptions): Handler {
  const routes = allRoutes({
    inventory: options.inventory,
    endpoints: options.endpoints,
    containers: options.containers,
    pace: options.pace ?? { milliseconds: 0, retryAfterSeconds: 1 },
    directoryHas: options.directoryHas ?? (() => true),
  });
  const limiter = rateLimiter({ ...AZURE_RATE_LIMITS, ...options.limits });

  return async (request) => {
    const suffered: FaultEffect[] = [];
    const answer = await answered(request, suffered).catch((error: unknown) => {
      if (error instanceof ManagementError) {
        return errorAnswer(error, "gateway");
      }
      throw error;
    });
    return response(request, answer, suffered, options.clock.now());
  };

  async function answered(request: SimulatedRequest, suffered: FaultEffect[]): Promise<Answer> {
    const query = new URLSearchParams(request.query);
    const segments = segmentsOf(request.path);
    if (matchPath("/metadata/endpoints", segments) !== undefined) {
      const counted = { operation: "metadata/endpoints", method: request.method, subscription: undefined };
      await suffer(counted, suffered);
      return metadataEndpoints(requiredApiVersion(query), request.origin, options.endpoints());
    }
    const apiVersion = requiredApiVersion(query);
    const { route, path } = routeFor(routes, request.method, segments);
    const subscription = parentsOf(segments).subscription?.toLowerCase();
    const counted = { operation: route?.operation ?? "", method: request.method, subscription };
    await suffer(counted, suffered);
    const now = options.clock.now() + skewOf(suffered);
    const caller = await signedIn(request, subscription, suffered, now);
    const limits = limiter.count({ ...counted, principal: caller.oid }, options.clock.now());
    if (route === undefined) {
      throw noSuchType(segments, apiVersion);
    }
    checkVersionOf(route, segments, apiVersion);
    authorize(route, segments, caller);
    checkGroup(route, segments);
    const answer = await answerOf(route, {
      method: request.method,
      origin: request.origin,
      apiVersion,
      query,
      path,
      id: `/${segments.join("/")}`,
      caller,
      state: options.inventory.state,
      now,
      body: () => readBody(request.body),
    });
    return { ...answer, headers: { ...limits, ...answer.headers } };
  }

  async function suffer(request: Omit<CountedRequest, "principal">, suffered: FaultEffect[]): Promise<void> {
    suffered.push(...options.faults.take("resource-manager", request.operation));
    for (const effect of suffered) {
      if (effect.kind === "delay") {
        await delay(effect.milliseconds);
      } else if (effect.kind === "throttle") {
        throw throttled({ ...request, principal: "" }, effect.retryAfterSeconds);
      } else if (effect.kind === "fail") {
        throw new ManagementError(effect.status, effect.code, effect.message ?? `${effect.code}.`);
      }
    }
  }

  async function signedIn(
    request: SimulatedRequest,
    subscription: string | undefined,
    suffered: readonly FaultEffect[],
    now: number,
  ): Promise<AccessTokenClaims> {
    return signIn({
      tokens: options.tokens,
      authorization: request.headers["authorization"],
      endpoints: options.endpoints(),
      tenantId: subscription === undefined ? undefined : tenantOf(subscription),
      now,
      takenForExpired: suffered.some((effect) => effect.kind === "expire-token"),
    });
  }

  function tenantOf(subscription: string): string {
    if (!isGuid(subscription)) {
      throw new ManagementError(
        400,
        "InvalidSubscriptionId",
        `The provided subscription identifier '${subscription}' is malformed or invalid.`,
      );
    }
    const record = options.inventory.state.subscriptions[subscription];
    if (record === undefined) {
      throw subscriptionNotFound(subscription);
    }
    return record.tenantId;
  }

  function checkVersionOf(route: Route, segments: readonly string[], apiVersion: string): void {
    const { namespace, type } = typeOf(route.path);
    const { subscription, group } = parentsOf(segments);
    const record = options.inventory.state.resourceGroups[keyOf(groupId(subscription ?? "", group ?? ""))];
    checkApiVersion(namespace, type, apiVersion, record?.location ?? "global");
  }

  function authorize(route: Route, segments: readonly string[], caller: AccessTokenClaims): void {
    const { action } = route;
    const scope = scopeOfRequest(route.path, segments);
    const request = { principalId: caller.oid, scope, action: action ?? "", data: false };
    if (action !== undefined && !options.inventory.isAllowed(request)) {
      throw new ManagementError(
        403,
        "AuthorizationFailed",
        `The client '${caller.appid}' with object id '${caller.oid}' does not have authorization to perform action ` +
          `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, ` +
          "please refresh your credentials.",
      );
    }
  }

  function checkGroup(route: Route, segments: readonly string[]): void {
    const { subscription, group } = parentsOf(segments);
    if (subscription !== undefined && group !== undefined && route.withoutGroup !== true) {
      if (options.inventory.state.resourceGroups[keyOf(groupId(subscription, group))] === undefined) {
        throw resourceGroupNotFound(group);
      }
    }
  }
}

/** The operation of a path and method; none for a type that is not there. Throws 405 for another method. */
function routeFor(
  routes: readonly Route[],
  method: string,
  segments: readonly string[],
): { route?: Route; path: PathVariables } {
  let known = false;
  for (const route of routes) {
    const path = matchPath(route.path, segments);
    if (path !== undefined) {
      known = true;
      if (route.method === method) {
        return { route, path };
      }
    }
  }
  if (known) {
    throw new ManagementError(
      405,
      "HttpMethodNotSupported",
      `The requested resource does not support http method '${method}'.`,
    );
  }
  return { path: {} };
}

/** Namespace and type of a path, such as `Microsoft.Storage` and `storageAccounts/blobServices`. */
function typeOf(path: string): { namespace: string; type: string } {
  const segments = path.split("/").filter((segment) => segment !== "");
  const start = segments.findLastIndex((segment) => segment.toLowerCase() === "providers");
  if (start < 0) {
    const group = segments[2]?.toLowerCase() === "resourcegroups";
    return { namespace: "Microsoft.Resources", type: group ? "resourceGroups" : "subscriptions" };
  }
  const types = segments.slice(start + 2).filter((_, index) => index % 2 === 0);
  return { namespace: segments[start + 1] ?? "", type: types.join("/") };
}

function noSuchType(segments: readonly string[], apiVersion: string): ManagementError {
  const { namespace, type } = typeOf(`/${segments.join("/")}`);
  if (segments[0]?.toLowerCase() !== "subscriptions" && segments[0]?.toLowerCase() !== "providers") {
    return new ManagementError(
      404,
      "MissingSubscription",
      "The request did not have a subscription or a valid tenant level resource provider.",
    );
  }
  if (!isKnownNamespace(namespace)) {
    return new ManagementError(
      404,
      "InvalidResourceNamespace",
      `The resource namespace '${namespace}' is invalid.`,
    );
  }
  return new ManagementError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version ` +
      `'${apiVersion}'. The supported api-versions are '${versionsOf(namespace).join(",")}'.`,
  );
}

/** Errors of a resource provider are told apart from Resource Manager's own by a header. */
async function answerOf(route: Route, request: ManagementRequest): Promise<Answer> {
  try {
    return await route.answer(request);
  } catch (error) {
    if (error instanceof ManagementError) {
      return errorAnswer(error, "service");
    }
    throw error;
  }
}

function skewOf(effects: readonly FaultEffect[]): number {
  return effects.reduce((skew, effect) => skew + (effect.kind === "skew-clock" ? effect.milliseconds : 0), 0);
}

function errorAnswer(error: ManagementError, cause: "gateway" | "service"): Answer {
  return {
    status: error.status,
    headers: { ...error.headers, "x-ms-failure-cause": cause },
    body: { error: { code: error.code, message: error.message } },
  };
}

function response(
  request: SimulatedRequest,
  answer: Answer,
  suffered: readonly FaultEffect[],
  now: number,
): SimulatedResponse {
  const requestId = randomUUID();
  const correlation = request.headers["x-ms-correlation-request-id"] ?? requestId;
  const clientId = request.headers["x-ms-client-request-id"];
  const echoed = request.headers["x-ms-return-client-request-id"]?.toLowerCase() === "true";
  const cut = suffered.find((effect) => effect.kind === "cut");
  const skew = skewOf(suffered);
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
