import { acceptedBody, diskBody } from "../compute/bodies.ts";
import { newDisk } from "../compute/disk-creation.ts";
import { checkDeletion, checkDisk, checkDiskBody } from "../compute/disk-rules.ts";
import { updateDisk } from "../compute/disk-update.ts";
import { checkLinkedAccess } from "../compute/linked-access.ts";
import type { DiskRecord } from "../compute/records.ts";
import { checkRegion } from "../compute/regions.ts";
import { accept, checkNotBusy, existing, newId } from "../compute/requests.ts";
import { accessRoutes, newcomer, resourceRoutes } from "../compute/resource-routes.ts";
import { checkComplete, checkSameLocation, sourceOf } from "../compute/sources.ts";
import { textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState } from "../state.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.Compute/disks";

/** Source: learn.microsoft.com/rest/api/compute/disks */
export function diskRoutes(): readonly Route[] {
  const table = ({ disks }: ResourceManagerState) => disks;
  const kind = { name: "disks", table, bodyOf: diskBody, create, update, remove };
  return [...resourceRoutes(kind), ...accessRoutes(kind)];
}

function existingDisk(request: ManagementRequest): DiskRecord {
  return existing(request, request.state.disks, TYPE);
}

async function update(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  checkLinkedAccess(request, `${TYPE}/write`, body);
  return change(request, existingDisk(request), body);
}

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const { state, now } = request;
  checkLinkedAccess(request, `${TYPE}/write`, body);
  const former = state.disks[keyOf(request.id)];
  if (former !== undefined && former.provisioningState !== "Failed") {
    checkSameLocation(former, locationName(textIn(body, "location")), variable(request, "group"));
    return change(request, former, body);
  }
  const { name, location } = newcomer(request, body, "disk");
  checkDiskBody(body);
  const source = sourceOf(request, body, location);
  checkComplete(source, now);
  const disk = newDisk({ id: newId(request, TYPE), name, location, now }, body, source);
  checkDisk(state, disk, source);
  state.disks[keyOf(disk.id)] = disk;
  return begin(request, disk);
}

function change(request: ManagementRequest, disk: DiskRecord, body: JsonObject): Answer {
  checkRegion(request.state.compute, disk.location);
  checkNotBusy(request, disk.id);
  updateDisk(request.state, disk, body);
  disk.provisioningState = "Updating";
  return begin(request, disk);
}

function begin(request: ManagementRequest, disk: DiskRecord): Answer {
  const { location, id } = disk;
  const milliseconds = request.state.compute.pace.disk;
  const body = acceptedBody(diskBody(disk, request.now));
  return accept(request, { effect: "provision", resourceId: id, location, milliseconds }, body);
}

function remove(request: ManagementRequest): Answer {
  if (request.state.disks[keyOf(request.id)] === undefined) {
    return { status: 204 };
  }
  const disk = existingDisk(request);
  checkNotBusy(request, disk.id);
  checkDeletion(disk, request.now);
  disk.provisioningState = "Deleting";
  const { location, id } = disk;
  const milliseconds = request.state.compute.pace.deletion;
  return accept(request, { effect: "delete", resourceId: id, location, milliseconds });
}
