import { diskAccessBody } from "../compute/bodies.ts";
import { checkName, checkTags } from "../compute/name-rules.ts";
import type { DiskAccessRecord } from "../compute/records.ts";
import { notAllowed } from "../compute/refusals.ts";
import { checkRegion } from "../compute/regions.ts";
import { accept, existing, newId, page } from "../compute/requests.ts";
import { locationRequired } from "../errors.ts";
import { tagsIn, textIn, timestamp } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.Compute/diskAccesses";
const ACCESSES = `${GROUP}/providers/${TYPE}`;
const ACCESS = `${ACCESSES}/{name}`;

/** Without private endpoints. Source: learn.microsoft.com/rest/api/compute/disk-accesses */
export function diskAccessRoutes(): readonly Route[] {
  const list = (request: ManagementRequest): Answer =>
    page(request, request.state.diskAccesses, diskAccessBody);
  const read = `${TYPE}/read`;
  const write = `${TYPE}/write`;
  return [
    {
      operation: "diskAccesses/list",
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${TYPE}`,
      action: read,
      answer: list,
    },
    {
      operation: "diskAccesses/listByResourceGroup",
      method: "GET",
      path: ACCESSES,
      action: read,
      answer: list,
    },
    {
      operation: "diskAccesses/get",
      method: "GET",
      path: ACCESS,
      action: read,
      answer: (request) => ({ status: 200, body: diskAccessBody(existingAccess(request)) }),
    },
    { operation: "diskAccesses/create", method: "PUT", path: ACCESS, action: write, answer: create },
    { operation: "diskAccesses/update", method: "PATCH", path: ACCESS, action: write, answer: update },
    {
      operation: "diskAccesses/delete",
      method: "DELETE",
      path: ACCESS,
      action: `${TYPE}/delete`,
      answer: remove,
    },
  ];
}

function existingAccess(request: ManagementRequest): DiskAccessRecord {
  return existing(request, request.state.diskAccesses, TYPE);
}

async function create(request: ManagementRequest): Promise<Answer> {
  const { state } = request;
  if (state.diskAccesses[keyOf(request.id)] !== undefined) {
    return update(request);
  }
  const body = await request.body();
  const name = variable(request, "name");
  const location = locationName(textIn(body, "location"));
  if (location === undefined) {
    throw locationRequired();
  }
  checkTags(tagsIn(body) ?? {});
  checkRegion(state.compute, location);
  checkName(name, "diskAccess");
  const access: DiskAccessRecord = {
    id: newId(request, TYPE),
    name,
    location,
    timeCreated: timestamp(request.now),
    tags: tagsIn(body) ?? {},
    provisioningState: "Updating",
  };
  state.diskAccesses[keyOf(access.id)] = access;
  return begin(request, access);
}

async function update(request: ManagementRequest): Promise<Answer> {
  const access = existingAccess(request);
  const tags = tagsIn(await request.body());
  checkTags(tags ?? {});
  access.tags = tags ?? access.tags;
  access.provisioningState = "Updating";
  return begin(request, access);
}

function begin(request: ManagementRequest, access: DiskAccessRecord): Answer {
  const { id: resourceId, location } = access;
  const begun = { effect: "provision", resourceId, location, milliseconds: 0 } as const;
  return accept(request, begun, diskAccessBody(access));
}

/** What something is reached by cannot go. */
function remove(request: ManagementRequest): Answer {
  const { state } = request;
  if (state.diskAccesses[keyOf(request.id)] === undefined) {
    return { status: 204 };
  }
  const { id: resourceId, location } = existingAccess(request);
  const user = [...Object.values(state.disks), ...Object.values(state.snapshots)].find(
    ({ diskAccessId }) => keyOf(diskAccessId ?? "") === keyOf(resourceId),
  );
  if (user !== undefined) {
    throw notAllowed(`Disk access '${resourceId}' cannot be deleted: it is in use by '${user.id}'.`);
  }
  return accept(request, { effect: "delete", resourceId, location, milliseconds: 0 });
}
