import { diskAccessBody } from "../compute/bodies.ts";
import { checkTags } from "../compute/name-rules.ts";
import type { DiskAccessRecord } from "../compute/records.ts";
import { notAllowed } from "../compute/refusals.ts";
import { accept, existing, newId } from "../compute/requests.ts";
import { newcomer, resourceRoutes } from "../compute/resource-routes.ts";
import { tagsIn, timestamp } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState } from "../state.ts";

const TYPE = "Microsoft.Compute/diskAccesses";

/** Without private endpoints. Source: learn.microsoft.com/rest/api/compute/disk-accesses */
export function diskAccessRoutes(): readonly Route[] {
  const table = ({ diskAccesses }: ResourceManagerState) => diskAccesses;
  return resourceRoutes({ name: "diskAccesses", table, bodyOf: diskAccessBody, create, update, remove });
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
  const { name, location } = newcomer(request, body, "diskAccess");
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
