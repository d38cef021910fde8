import type { AccessTokenClaims, AccessTokens } from "../core/access-tokens.ts";
import type { SimulatedClock } from "../core/clock.ts";
import { effectOf, skewed, suffered } from "../core/effects.ts";
import type { FaultEffect, FaultQueue } from "../core/faults.ts";
import { bodyText } from "../http/json-answer.ts";
import type { Handler, SimulatedRequest } from "../http/message.ts";
import { requiredApiVersion } from "./api-versions.ts";
import { signIn } from "./authentication.ts";
import { ManagementError, resourceGroupNotFound, subscriptionNotFound } from "./errors.ts";
import type { Inventory } from "./inventory.ts";
import { textIn } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { checkLocks } from "./locks.ts";
import { metadataEndpoints } from "./metadata-endpoints.ts";
import type { OperationPace } from "./operations.ts";
import { AZURE_RATE_LIMITS, rateLimiter, throttled } from "./rate-limits.ts";
import type { CountedRequest, RateLimiter, RateLimits } from "./rate-limits.ts";
import { readBody } from "./request-body.ts";
import { groupId, isGuid, keyOf, matchPath, parentsOf, scopeOfRequest, segmentsOf } from "./resource-id.ts";
import { locationName } from "./resources/location.ts";
import { errorAnswer, response } from "./responses.ts";
import { allRoutes } from "./route-table.ts";
import type { Answer, BlobContainers, CloudEndpoints, ManagementRequest, Route } from "./routes.ts";
import { checkVersionOf, noSuchType, routeFor } from "./routing.ts";
import type { ResourceGroupRecord } from "./state.ts";

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
  const gateway = new Gateway(options);
  return async (request) => {
    const effects: FaultEffect[] = [];
    const answer = await gateway.answer(request, effects).catch((error: unknown) => {
      if (error instanceof ManagementError) {
        return errorAnswer(error, "gateway");
      }
      throw error;
    });
    return response(request, answer, effects, options.clock.now());
  };
}

class Gateway {
  readonly #options: ResourceManagerOptions;
  readonly #routes: readonly Route[];
  readonly #limiter: RateLimiter;

  constructor(options: ResourceManagerOptions) {
    this.#options = options;
    this.#routes = allRoutes({
      inventory: options.inventory,
      endpoints: options.endpoints,
      containers: options.containers,
      pace: options.pace ?? { milliseconds: 0, retryAfterSeconds: 1 },
      directoryHas: options.directoryHas ?? (() => true),
    });
    this.#limiter = rateLimiter({ ...AZURE_RATE_LIMITS, ...options.limits });
  }

  /** The effects that the request suffers are added to `effects`. */
  async answer(request: SimulatedRequest, effects: FaultEffect[]): Promise<Answer> {
    const { inventory, clock, endpoints } = this.#options;
    const query = new URLSearchParams(request.query);
    const segments = segmentsOf(request.path);
    const apiVersion = requiredApiVersion(query);
    if (matchPath("/metadata/endpoints", segments) !== undefined) {
      const counted = { operation: "metadata/endpoints", method: request.method, subscription: undefined };
      await this.#suffer(counted, effects);
      return metadataEndpoints(apiVersion, request.origin, endpoints());
    }
    const { route, path } = routeFor(this.#routes, request.method, segments);
    const subscription = parentsOf(segments).subscription?.toLowerCase();
    const counted = { operation: route?.operation ?? "", method: request.method, subscription };
    // What has come whole is done, whether or not the client stays for the answer.
    const text = await bodyText(request);
    await this.#suffer(counted, effects);
    const now = skewed(clock.now(), effects);
    const caller = await this.#signedIn(request, subscription, effects, now);
    const id = `/${segments.join("/")}`;
    const body = once(async () => readBody(text));
    const region = this.#regionOf(id) ?? (await locationToBe(route, body)) ?? this.#groupsRegion(id);
    const limits = this.#limiter.count({ ...counted, principal: caller.oid, region }, clock.now());
    if (route === undefined) {
      throw noSuchType(segments, apiVersion);
    }
    this.#letThrough(route, segments, apiVersion, caller);
    const { method, origin } = request;
    const { state } = inventory;
    const fields = { method, origin, apiVersion, query, path, id, caller, state, now, body };
    const answer = await answerOf(route, fields);
    return { ...answer, headers: { ...limits, ...answer.headers } };
  }

  async #suffer(request: Omit<CountedRequest, "principal">, effects: FaultEffect[]): Promise<void> {
    effects.push(...this.#options.faults.take("resource-manager", request.operation));
    await suffered(effects);
    const throttle = effectOf(effects, "throttle");
    if (throttle !== undefined) {
      throw throttled({ ...request, principal: "" }, throttle.retryAfterSeconds);
    }
    const fail = effectOf(effects, "fail");
    if (fail !== undefined) {
      throw new ManagementError(fail.status, fail.code, fail.message ?? `${fail.code}.`);
    }
  }

  async #signedIn(
    request: SimulatedRequest,
    subscription: string | undefined,
    effects: readonly FaultEffect[],
    now: number,
  ): Promise<AccessTokenClaims> {
    return signIn({
      tokens: this.#options.tokens,
      authorization: request.headers["authorization"],
      endpoints: this.#options.endpoints(),
      tenantId: subscription === undefined ? undefined : this.#tenantOf(subscription),
      now,
      takenForExpired: effectOf(effects, "expire-token") !== undefined,
    });
  }

  #tenantOf(subscription: string): string {
    if (!isGuid(subscription)) {
      throw new ManagementError(
        400,
        "InvalidSubscriptionId",
        `The provided subscription identifier '${subscription}' is malformed or invalid.`,
      );
    }
    const record = this.#options.inventory.state.subscriptions[subscription];
    if (record === undefined) {
      throw subscriptionNotFound(subscription);
    }
    return record.tenantId;
  }

  /** Throws unless version, roles and resource group are as the operation needs them. */
  #letThrough(
    route: Route,
    segments: readonly string[],
    apiVersion: string,
    caller: AccessTokenClaims,
  ): void {
    const { subscription, group } = parentsOf(segments);
    const record = this.#groupOf(subscription, group);
    checkVersionOf(route, apiVersion, record?.location ?? "global");
    this.#authorize(route, segments, caller);
    checkLocks(this.#options.inventory.state, scopeOfRequest(route.path, segments), route.method);
    if (group !== undefined && record === undefined && route.withoutGroup !== true) {
      throw resourceGroupNotFound(group);
    }
  }

  #groupOf(subscription: string | undefined, group: string | undefined): ResourceGroupRecord | undefined {
    return this.#options.inventory.state.resourceGroups[keyOf(groupId(subscription ?? "", group ?? ""))];
  }

  /** Of a disk or snapshot that is there, or as the path says. */
  #regionOf(id: string): string | undefined {
    const { disks, snapshots } = this.#options.inventory.state;
    const key = keyOf(id).split("/").slice(0, 9).join("/");
    return (disks[key] ?? snapshots[key])?.location ?? /\/locations\/([^/]+)/.exec(key)?.[1];
  }

  #groupsRegion(id: string): string | undefined {
    return this.#options.inventory.state.resourceGroups[keyOf(id).split("/providers/")[0] ?? ""]?.location;
  }

  #authorize({ action, path }: Route, segments: readonly string[], caller: AccessTokenClaims): void {
    const scope = scopeOfRequest(path, segments);
    const request = { principalId: caller.oid, scope, action: action ?? "", data: false };
    if (action !== undefined && !this.#options.inventory.isAllowed(request)) {
      throw new ManagementError(
        403,
        "AuthorizationFailed",
        `The client '${caller.appid}' with object id '${caller.oid}' does not have authorization to perform action ` +
          `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, ` +
          "please refresh your credentials.",
      );
    }
  }
}

/** Where something is to be made; what is wrong with the body is told later. */
async function locationToBe(
  route: Route | undefined,
  body: () => Promise<JsonObject>,
): Promise<string | undefined> {
  if (route?.method !== "PUT" || !route.path.includes("/Microsoft.Compute/")) {
    return undefined;
  }
  const sent = await body().catch(() => ({}));
  return locationName(textIn(sent, "location"));
}

/** A body comes once, and is asked for twice. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}

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
