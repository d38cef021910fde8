import { ManagementError, resourceNotFound } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { beginOperation } from "../operations.ts";
import { keyOf } from "../resource-id.ts";
import { variable } from "../routes.ts";
import type { Answer, ManagementRequest } from "../routes.ts";
import type { OperationRecord } from "../state.ts";
import type { ComputeSettings } from "./records.ts";
import { checkRegion } from "./regions.ts";

/** What all resources have. */
export interface Located {
  readonly id: string;
  readonly name: string;
  readonly location: string;
}

/** The resource that a path names, in a region that answers. `type` such as `Microsoft.Compute/disks`. */
export function existing<Resource extends Located>(
  request: ManagementRequest,
  table: Readonly<Record<string, Resource>>,
  type: string,
): Resource {
  const found = table[keyOf(resourceOf(request))];
  if (found === undefined) {
    throw resourceNotFound(type, variable(request, "name"), variable(request, "group"));
  }
  checkRegion(request.state.compute, found.location);
  return found;
}

/** The ID of the resource itself, without an action behind it. */
function resourceOf({ id }: ManagementRequest): string {
  return id.split("/").slice(0, 9).join("/");
}

/** The ID that a resource to be made gets: its group spelt as the group was made, its name as it was sent. */
export function newId(request: ManagementRequest, type: string): string {
  const group = request.state.resourceGroups[keyOf(request.id).split("/providers/")[0] ?? ""];
  return `${group?.id ?? ""}/providers/${type}/${variable(request, "name")}`;
}

/**
 * A page of a group's or subscription's resources of one type, by name. Regions that do not answer are left out. The
 * parameter that names the next page is Azure's; what it holds is the clients' business nowhere.
 */
export function page<Resource extends Located>(
  request: ManagementRequest,
  table: Readonly<Record<string, Resource>>,
  bodyOf: (resource: Resource, now: number) => JsonObject,
): Answer {
  const { id, state, query, now, origin, apiVersion } = request;
  const parent = keyOf(id.slice(0, id.toLowerCase().lastIndexOf("/providers/")));
  const { pageSize, outages } = state.compute;
  const found = Object.entries(table)
    .filter(([key, { location }]) => key.startsWith(`${parent}/`) && outages[location] === undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const start = Number(query.get("$skiptoken") ?? query.get("$skipToken") ?? "0") || 0;
  const value = found.slice(start, start + pageSize).map(([, resource]) => bodyOf(resource, now));
  const next = `${origin}${id}?api-version=${encodeURIComponent(apiVersion)}&$skiptoken=${start + pageSize}`;
  const more = start + pageSize < found.length;
  return { status: 200, body: { value, ...(more ? { nextLink: next } : {}) } };
}

type Begun = Pick<OperationRecord, "effect" | "resourceId" | "failure" | "output"> & {
  readonly location: string;
  readonly milliseconds: number;
};

/**
 * Begins an operation and answers 202 with both addresses that it can be asked for at.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export function accept(request: ManagementRequest, begun: Begun, body?: JsonObject): Answer {
  const { location, milliseconds, ...operation } = begun;
  const { state, origin, apiVersion, now } = request;
  const subscriptionId = variable(request, "subscription");
  const failure = begun.failure ?? failureByLever(state.compute, begun);
  const whole = { ...operation, subscriptionId, ...(failure === undefined ? {} : { failure }) };
  const { operationId } = beginOperation(state, whole, now, { milliseconds });
  const provider = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute`;
  const address = `${origin}${provider}/locations/${location}/DiskOperations/${operationId}?p=${operationId}`;
  const version = `api-version=${encodeURIComponent(apiVersion)}`;
  return {
    status: 202,
    headers: {
      "azure-asyncoperation": `${address}&${version}`,
      location: `${address}&monitor=true&${version}`,
      ...retryAfter(request),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function failureByLever({ failingOperations }: ComputeSettings, { effect, resourceId }: Begun) {
  const type = resourceId.split("/").at(-2)?.toLowerCase();
  const index = failingOperations.findIndex(
    (failing) => failing.effect === effect && failing.type.toLowerCase() === type,
  );
  const failing = failingOperations[index];
  if (failing === undefined) {
    return undefined;
  }
  failing.left -= 1;
  if (failing.left < 1) {
    failingOperations.splice(index, 1);
  }
  return { code: failing.code, message: failing.message };
}

export function retryAfter({ state }: ManagementRequest): Readonly<Record<string, string>> {
  const { retryAfterSeconds } = state.compute.pace;
  return retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
}

/** Refuses what would change a resource while something else does. */
export function checkNotBusy(request: ManagementRequest, id: string): void {
  const busy = Object.values(request.state.operations).some(
    ({ status, resourceId, effect }) =>
      status === "InProgress" && resourceId === keyOf(id) && effect !== "access",
  );
  if (busy) {
    throw new ManagementError(
      409,
      "Conflict",
      `Cannot perform the operation on resource ${id}: another operation on it is in progress.`,
    );
  }
}
