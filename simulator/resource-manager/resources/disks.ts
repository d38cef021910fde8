import { grantAccess, revokeAccess } from "../compute/access.ts";
import { acceptedBody, diskBody } from "../compute/bodies.ts";
import { newDisk } from "../compute/disk-creation.ts";
import { checkDisk, checkDeletion } from "../compute/disk-rules.ts";
import { updateDisk } from "../compute/disk-update.ts";
import { accept, checkNotBusy, existing, newId, page } from "../compute/requests.ts";
import { sourceOf } from "../compute/sources.ts";
import type { DiskRecord } from "../compute/records.ts";
import { textIn } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import { checkRegion } from "../compute/regions.ts";
import { locationRequired } from "../errors.ts";
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
      answer: async (request) => change(request, existingDisk(request)),
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
      answer: (request) => grantAccess(request, existingDisk(request), diskBody),
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

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const former = request.state.disks[keyOf(request.id)];
  if (former !== undefined) {
    return change(request, former);
  }
  const { state, now } = request;
  const location = locationName(textIn(body, "location"));
  if (location === undefined) {
    throw locationRequired();
  }
  checkRegion(state.compute, location);
  const source = sourceOf(request, body, location);
  checkDisk(request, body, location, source);
  const id = newId(request, TYPE);
  const disk = newDisk({ id, name: variable(request, "name"), location, now }, body, source);
  state.disks[keyOf(id)] = disk;
  return begin(request, disk);
}

async function change(request: ManagementRequest, disk: DiskRecord): Promise<Answer> {
  checkRegion(request.state.compute, disk.location);
  checkNotBusy(request, disk.id);
  updateDisk(request, disk, await request.body());
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
