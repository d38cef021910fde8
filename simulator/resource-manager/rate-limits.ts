import { COMPUTE_RATE_LIMITS, computeBuckets, computeThrottled } from "./compute/rate-limits.ts";
import type { ComputeRateLimits, Limit } from "./compute/rate-limits.ts";
import { ManagementError } from "./errors.ts";

/**
 * Resource Manager's buckets, a principal and subscription each, and the storage provider's, a subscription each.
 * Sources: learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 * and its section on the storage provider's limits.
 */
export interface RateLimits extends ComputeRateLimits {
  readonly reads: Limit;
  readonly writes: Limit;
  readonly deletes: Limit;
  /** Of one account, listing its keys included: 800 in 5 minutes. */
  readonly storageReads: Limit;
  /** Of a group's or subscription's accounts: 100 in 5 minutes. */
  readonly storageLists: Limit;
  readonly storageWrites: Limit;
}

export const AZURE_RATE_LIMITS: RateLimits = {
  reads: { capacity: 250, perSecond: 25 },
  writes: { capacity: 200, perSecond: 10 },
  deletes: { capacity: 200, perSecond: 10 },
  storageReads: { capacity: 800, perSecond: 800 / 300 },
  storageLists: { capacity: 100, perSecond: 100 / 300 },
  storageWrites: { capacity: 1200, perSecond: 1200 / 3600 },
  ...COMPUTE_RATE_LIMITS,
};

/** What a request counts as. */
export interface CountedRequest {
  readonly operation: string;
  readonly method: string;
  /** The subscription's GUID; the tenant's for a request without a subscription. */
  readonly subscription: string | undefined;
  readonly principal: string;
  /** Where the resource is, which Compute counts by. */
  readonly region?: string | undefined;
}

export interface RateLimiter {
  /** Takes one from each bucket that counts, and tells what is left in headers; throws 429 when one is empty. */
  count(request: CountedRequest, now: number): Readonly<Record<string, string>>;
}

export function rateLimiter(limits: RateLimits): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();

  function take(key: string, limit: Limit, now: number): { left: number } | { retryAfterSeconds: number } {
    const bucket = buckets.get(key) ?? { tokens: limit.capacity, at: now };
    const refill = (Math.max(0, now - bucket.at) / 1000) * limit.perSecond;
    const tokens = Math.min(limit.capacity, bucket.tokens + refill);
    if (tokens < 1) {
      buckets.set(key, { tokens, at: now });
      return { retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / limit.perSecond)) };
    }
    buckets.set(key, { tokens: tokens - 1, at: now });
    return { left: Math.floor(tokens - 1) };
  }

  return {
    count(request, now) {
      const kind = kindOf(request.method);
      const subscription = request.subscription ?? "tenant";
      const general = take(`${kind} ${subscription} ${request.principal}`, limits[kind], now);
      if ("retryAfterSeconds" in general) {
        const { retryAfterSeconds } = general;
        throw subscriptionThrottled(request, retryAfterSeconds, { "retry-after": String(retryAfterSeconds) });
      }
      const storage = storageLimitOf(request);
      if (storage !== undefined) {
        const provider = take(`${storage} ${subscription}`, limits[storage], now);
        if ("retryAfterSeconds" in provider) {
          throw throttled(request, provider.retryAfterSeconds);
        }
      }
      return { ...headersOf(request, general.left), ...countAtCompute(request, now) };
    },
  };

  function countAtCompute(
    { operation, subscription, region }: CountedRequest,
    now: number,
  ): Readonly<Record<string, string>> {
    const buckets = computeBuckets(operation);
    const left = buckets.map(({ limit, name }) => {
      const taken = take(`${name} ${subscription ?? ""} ${region ?? ""}`, limits[limit], now);
      if ("retryAfterSeconds" in taken) {
        throw computeThrottled(name, taken.retryAfterSeconds, limits[limit]);
      }
      return `Microsoft.Compute/${name};${taken.left}`;
    });
    return left.length === 0 ? {} : { "x-ms-ratelimit-remaining-resource": left.join(",") };
  }
}

/** 429 in the words of the service that limits. Without `retryAfterSeconds` the client is left to guess. */
export function throttled(request: CountedRequest, retryAfterSeconds: number | undefined): ManagementError {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  const storage = storageLimitOf(request);
  if (storage !== undefined) {
    const type = { storageReads: "Read", storageLists: "List", storageWrites: "Write" }[storage];
    return new ManagementError(
      429,
      "TooManyRequests",
      "The request is being throttled as the limit has been reached for operation type - " +
        `${type}_ObservationWindow_00:05:00. For more information, see - https://aka.ms/srpthrottlinglimits`,
      headers,
    );
  }
  const [bucket] = computeBuckets(request.operation);
  if (bucket !== undefined) {
    return computeThrottled(bucket.name, retryAfterSeconds, AZURE_RATE_LIMITS[bucket.limit]);
  }
  return subscriptionThrottled(request, retryAfterSeconds, headers);
}

function subscriptionThrottled(
  request: CountedRequest,
  retryAfterSeconds: number | undefined,
  headers: Readonly<Record<string, string>>,
): ManagementError {
  return new ManagementError(
    429,
    "SubscriptionRequestsThrottled",
    `Number of '${kindOf(request.method).slice(0, -1)}' requests for subscription '${request.subscription ?? ""}' ` +
      `actor '${request.principal}' exceeded. Please try again after '${retryAfterSeconds ?? 1}' seconds ` +
      "after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
    headers,
  );
}

function kindOf(method: string): "reads" | "writes" | "deletes" {
  if (method === "GET" || method === "HEAD") {
    return "reads";
  }
  return method === "DELETE" ? "deletes" : "writes";
}

function storageLimitOf(
  request: CountedRequest,
): "storageReads" | "storageLists" | "storageWrites" | undefined {
  const [type, operation = ""] = request.operation.split("/");
  if (type !== "storageAccounts" && type !== "blobContainers") {
    return undefined;
  }
  if (operation === "get" || operation === "listKeys" || operation === "checkNameAvailability") {
    return "storageReads";
  }
  return operation.startsWith("list") ? "storageLists" : "storageWrites";
}

function headersOf(request: CountedRequest, left: number): Readonly<Record<string, string>> {
  if (request.method === "POST") {
    return { "x-ms-ratelimit-remaining-subscription-resource-requests": String(left) };
  }
  const kind = kindOf(request.method);
  if (request.subscription === undefined) {
    return { [`x-ms-ratelimit-remaining-tenant-${kind}`]: String(left) };
  }
  return {
    [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(left),
    [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: String(left * 15),
  };
}
