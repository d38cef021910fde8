import { ManagementError } from "../errors.ts";

/** A token bucket. */
export interface Limit {
  readonly capacity: number;
  readonly perSecond: number;
}

/**
 * Compute's buckets: of a subscription in a region each, one for three minutes and one for thirty.
 * Source: the headers of Azure's answers, as the Azure CLI's tests recorded them (2023 to 2025); those for deletions and for access are guessed.
 */
export interface ComputeRateLimits {
  readonly disks3Min: Limit;
  readonly disks30Min: Limit;
  readonly snapshots3Min: Limit;
  readonly snapshots30Min: Limit;
  readonly gets3Min: Limit;
  readonly gets30Min: Limit;
  readonly lists3Min: Limit;
  readonly lists30Min: Limit;
  readonly operations3Min: Limit;
  readonly operations30Min: Limit;
  readonly diskAccesses3Min: Limit;
  readonly diskAccesses30Min: Limit;
}

function over(minutes: number, capacity: number): Limit {
  return { capacity, perSecond: capacity / (minutes * 60) };
}

export const COMPUTE_RATE_LIMITS: ComputeRateLimits = {
  disks3Min: over(3, 3000),
  disks30Min: over(30, 25_000),
  snapshots3Min: over(3, 1000),
  snapshots30Min: over(30, 8000),
  gets3Min: over(3, 15_000),
  gets30Min: over(30, 120_000),
  lists3Min: over(3, 240),
  lists30Min: over(30, 1920),
  operations3Min: over(3, 50_000),
  operations30Min: over(30, 400_000),
  diskAccesses3Min: over(3, 100),
  diskAccesses30Min: over(30, 300),
};

type Group = "disks" | "snapshots" | "gets" | "lists" | "operations" | "diskAccesses";

/** As the header `x-ms-ratelimit-remaining-resource` names them. */
const NAMES: Readonly<Record<Group, string>> = {
  disks: "CreateUpdateDisks",
  snapshots: "HighCostSnapshotCreateHydrate",
  gets: "LowCostGet",
  lists: "HighCostGet",
  operations: "GetOperation",
  diskAccesses: "HighCostDiskAccess",
};

/** The buckets that an operation counts in; none for what is no disk's business. */
export function computeBuckets(
  operation: string,
): readonly { readonly limit: keyof ComputeRateLimits; readonly name: string }[] {
  const group = groupOf(operation);
  if (group === undefined) {
    return [];
  }
  return [
    { limit: `${group}3Min`, name: `${NAMES[group]}3Min` },
    { limit: `${group}30Min`, name: `${NAMES[group]}30Min` },
  ];
}

function groupOf(operation: string): Group | undefined {
  const [type = "", verb = ""] = operation.split("/");
  if (type === "diskOperations") {
    return "operations";
  }
  if (!["disks", "snapshots", "diskAccesses", "diskEncryptionSets"].includes(type)) {
    return undefined;
  }
  if (verb === "get") {
    return "gets";
  }
  if (verb.startsWith("list")) {
    return "lists";
  }
  return type === "snapshots" || type === "diskAccesses" ? type : "disks";
}

/**
 * 429 in Compute's words; `bucket` is the empty one's name.
 * Source: learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/troubleshooting-throttling-errors
 */
export function computeThrottled(
  bucket: string,
  retryAfterSeconds: number | undefined,
  limit: Limit,
): ManagementError {
  const measured = JSON.stringify({
    operationGroup: bucket,
    allowedRequestCount: limit.capacity,
    measuredRequestCount: limit.capacity + 1,
  });
  const tooMany = { code: "TooManyRequests", target: bucket, message: measured };
  return new ManagementError(
    429,
    "OperationNotAllowed",
    "The server rejected the request because too many requests have been received for this subscription.",
    {
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
      "x-ms-ratelimit-remaining-resource": `Microsoft.Compute/${bucket};0`,
    },
    { details: [tooMany] },
  );
}
