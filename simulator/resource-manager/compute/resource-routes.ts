import { locationRequired } from "../errors.ts";
import { tagsIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { locationName } from "../resources/location.ts";
import { GROUP, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState } from "../state.ts";
import { grantAccess, revokeAccess } from "./access.ts";
import { checkName, checkTags } from "./name-rules.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { checkRegion } from "./regions.ts";
import { existing, type Located, page } from "./requests.ts";

/** A kind of resource of Compute: what is its own beside what all of them have. */
export interface ComputeKind<Resource extends Located> {
  /** `disks`: the end of its type, and what its operations' names begin with. */
  readonly name: string;
  readonly table: (state: ResourceManagerState) => Readonly<Record<string, Resource>>;
  readonly bodyOf: (resource: Resource, now: number) => JsonObject;
  readonly create: Route["answer"];
  readonly update: Route["answer"];
  readonly remove: Route["answer"];
}

/** List, get, create, update, delete. */
export function resourceRoutes<Resource extends Located>(kind: ComputeKind<Resource>): readonly Route[] {
  const { name, table, bodyOf } = kind;
  const type = `Microsoft.Compute/${name}`;
  const all = `${GROUP}/providers/${type}`;
  const one = `${all}/{name}`;
  const [read, write] = [`${type}/read`, `${type}/write`];
  const list = (request: ManagementRequest): Answer => page(request, table(request.state), bodyOf);
  const get = (request: ManagementRequest): Answer => {
    const found = existing(request, table(request.state), type);
    return { status: 200, body: bodyOf(found, request.now) };
  };
  const inSubscription = `/subscriptions/{subscription}/providers/${type}`;
  return [
    { operation: `${name}/list`, method: "GET", path: inSubscription, action: read, answer: list },
    { operation: `${name}/listByResourceGroup`, method: "GET", path: all, action: read, answer: list },
    { operation: `${name}/get`, method: "GET", path: one, action: read, answer: get },
    { operation: `${name}/create`, method: "PUT", path: one, action: write, answer: kind.create },
    { operation: `${name}/update`, method: "PATCH", path: one, action: write, answer: kind.update },
    {
      ...{ operation: `${name}/delete`, method: "DELETE", path: one },
      ...{ action: `${type}/delete`, answer: kind.remove },
    },
  ];
}

/** What has data can be read by an address. */
export function accessRoutes<Resource extends DiskRecord | SnapshotRecord>({
  name,
  table,
}: Pick<ComputeKind<Resource>, "name" | "table">): readonly Route[] {
  const type = `Microsoft.Compute/${name}`;
  const found = (request: ManagementRequest): Resource => existing(request, table(request.state), type);
  const route = (verb: string, answer: Route["answer"]): Route => ({
    operation: `${name}/${verb}`,
    method: "POST",
    path: `${GROUP}/providers/${type}/{name}/${verb}`,
    action: `${type}/${verb}/action`,
    answer,
  });
  return [
    route("beginGetAccess", (request) => grantAccess(request, found(request))),
    route("endGetAccess", (request) => revokeAccess(request, found(request))),
  ];
}

/** What a resource to be made says of itself, in the order in which Azure looks at it. `kind` as in its refusals: `disk`. */
export function newcomer(
  request: ManagementRequest,
  body: JsonObject,
  kind: Parameters<typeof checkName>[1],
): { readonly name: string; readonly location: string } {
  const name = variable(request, "name");
  const location = locationName(textIn(body, "location"));
  if (location === undefined) {
    throw locationRequired();
  }
  checkTags(tagsIn(body) ?? {});
  checkRegion(request.state.compute, location);
  checkName(name, kind);
  return { name, location };
}
