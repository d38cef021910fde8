import { grantAccess, revokeAccess } from "../compute/access.ts";
import { acceptedBody, snapshotBody } from "../compute/bodies.ts";
import { newSnapshot } from "../compute/snapshot-creation.ts";
import { checkSnapshot, requireSource } from "../compute/snapshot-rules.ts";
import { updateSnapshot } from "../compute/snapshot-update.ts";
import { accept, checkNotBusy, existing, newId, page } from "../compute/requests.ts";
import { checkUnread, sourceOf } from "../compute/sources.ts";
import type { SnapshotRecord } from "../compute/records.ts";
import { textIn } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import { checkRegion } from "../compute/regions.ts";
import { locationRequired } from "../errors.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.Compute/snapshots";
const SNAPSHOTS = `${GROUP}/providers/${TYPE}`;
const SNAPSHOT = `${SNAPSHOTS}/{name}`;

/** Source: learn.microsoft.com/rest/api/compute/snapshots */
export function snapshotRoutes(): readonly Route[] {
  const action = (verb: string) => `${TYPE}/${verb}`;
  const list = (request: ManagementRequest): Answer => page(request, request.state.snapshots, snapshotBody);
  return [
    {
      operation: "snapshots/list",
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${TYPE}`,
      action: action("read"),
      answer: list,
    },
    {
      operation: "snapshots/listByResourceGroup",
      method: "GET",
      path: SNAPSHOTS,
      action: action("read"),
      answer: list,
    },
    {
      operation: "snapshots/get",
      method: "GET",
      path: SNAPSHOT,
      action: action("read"),
      answer: (request) => ({ status: 200, body: snapshotBody(existingSnapshot(request), request.now) }),
    },
    {
      operation: "snapshots/create",
      method: "PUT",
      path: SNAPSHOT,
      action: action("write"),
      answer: create,
    },
    {
      operation: "snapshots/update",
      method: "PATCH",
      path: SNAPSHOT,
      action: action("write"),
      answer: async (request) => change(request, existingSnapshot(request)),
    },
    {
      operation: "snapshots/delete",
      method: "DELETE",
      path: SNAPSHOT,
      action: action("delete"),
      answer: remove,
    },
    {
      operation: "snapshots/beginGetAccess",
      method: "POST",
      path: `${SNAPSHOT}/beginGetAccess`,
      action: action("beginGetAccess/action"),
      answer: (request) => grantAccess(request, existingSnapshot(request), snapshotBody),
    },
    {
      operation: "snapshots/endGetAccess",
      method: "POST",
      path: `${SNAPSHOT}/endGetAccess`,
      action: action("endGetAccess/action"),
      answer: (request) => revokeAccess(request, existingSnapshot(request)),
    },
  ];
}

function existingSnapshot(request: ManagementRequest): SnapshotRecord {
  return existing(request, request.state.snapshots, TYPE);
}

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const former = request.state.snapshots[keyOf(request.id)];
  if (former !== undefined) {
    return change(request, former);
  }
  const { state, now } = request;
  const location = locationName(textIn(body, "location"));
  if (location === undefined) {
    throw locationRequired();
  }
  checkRegion(state.compute, location);
  const source = requireSource(sourceOf(request, body, location));
  checkSnapshot(request, body, location, source);
  const id = newId(request, TYPE);
  const place = { id, name: variable(request, "name"), location, now };
  const snapshot = newSnapshot(place, body, source, state.compute);
  state.snapshots[keyOf(id)] = snapshot;
  return begin(request, snapshot);
}

async function change(request: ManagementRequest, snapshot: SnapshotRecord): Promise<Answer> {
  checkRegion(request.state.compute, snapshot.location);
  checkNotBusy(request, snapshot.id);
  updateSnapshot(request, snapshot, await request.body());
  snapshot.provisioningState = "Updating";
  return begin(request, snapshot);
}

function begin(request: ManagementRequest, snapshot: SnapshotRecord): Answer {
  const { location, id } = snapshot;
  const milliseconds = request.state.compute.pace.snapshot;
  const body = acceptedBody(snapshotBody(snapshot, request.now));
  return accept(request, { effect: "provision", resourceId: id, location, milliseconds }, body);
}

function remove(request: ManagementRequest): Answer {
  if (request.state.snapshots[keyOf(request.id)] === undefined) {
    return { status: 204 };
  }
  const snapshot = existingSnapshot(request);
  checkNotBusy(request, snapshot.id);
  checkUnread(snapshot, "snapshot", request.now);
  snapshot.provisioningState = "Deleting";
  const { location, id } = snapshot;
  const milliseconds = request.state.compute.pace.deletion;
  return accept(request, { effect: "delete", resourceId: id, location, milliseconds });
}
