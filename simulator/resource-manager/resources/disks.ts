import { grantAccess, revokeAccess } from "../compute/access.ts";
import { acceptedBody, diskBody } from "../compute/bodies.ts";
import { newDisk } from "../compute/disk-creation.ts";
import { checkDeletion, checkDisk, checkDiskBody } from "../compute/disk-rules.ts";
import { updateDisk } from "../compute/disk-update.ts";
import { checkLinkedAccess } from "../compute/linked-access.ts";
import { checkName, checkTags } from "../compute/name-rules.ts";
import type { DiskRecord } from "../compute/records.ts";
import { checkRegion } from "../compute/regions.ts";
import { accept, checkNotBusy, existing, newId, page } from "../compute/requests.ts";
import { checkComplete, checkSameLocation, sourceOf } from "../compute/sources.ts";
import { locationRequired } from "../errors.ts";
import { tagsIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.Compute/disks";
const DISKS = `${GROUP}/providers/${TYPE}`;
const DISK = `${DISKS}/{name}`;

/** Source: learn.microsoft.com/rest/api/compute/disks */
export function diskRoutes(): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  const list = (request: ManagementRequest): Answer => page(request, request.state.disks, diskBody);
  return [
    {
      operation: "disks/list",
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${TYPE}`,
      action: action("read"),
      answer: list,
    },
    {
      operation: "disks/listByResourceGroup",
      method: "GET",
      path: DISKS,
      action: action("read"),
      answer: list,
    },
    {
      operation: "disks/get",
      method: "GET",
      path: DISK,
      action: action("read"),
      answer: (request) => ({ status: 200, body: diskBody(existingDisk(request), request.now) }),
    },
    {
      operation: "disks/create",
      method: "PUT",
      path: DISK,
      action: action("write"),
      answer: create,
    },
    {
      operation: "disks/update",
      method: "PATCH",
      path: DISK,
      action: action("write"),
      answer: update,
    },
    {
      operation: "disks/delete",
      method: "DELETE",
      path: DISK,
      action: action("delete"),
      answer: remove,
    },
    {
      operation: "disks/beginGetAccess",
      method: "POST",
      path: `${DISK}/beginGetAccess`,
      action: action("beginGetAccess/action"),
      answer: (request) => grantAccess(request, existingDisk(request)),
    },
    {
      operation: "disks/endGetAccess",
      method: "POST",
      path: `${DISK}/endGetAccess`,
      action: action("endGetAccess/action"),
      answer: (request) => revokeAccess(request, existingDisk(request)),
    },
  ];
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
  const name = variable(request, "name");
  checkLinkedAccess(request, `${TYPE}/write`, body);
  const location = locationName(textIn(body, "location"));
  const former = state.disks[keyOf(request.id)];
  if (former !== undefined && former.provisioningState !== "Failed") {
    checkSameLocation(former, location, variable(request, "group"));
    return change(request, former, body);
  }
  if (location === undefined) {
    throw locationRequired();
  }
  checkTags(tagsIn(body) ?? {});
  checkRegion(state.compute, location);
  checkName(name, "disk");
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
