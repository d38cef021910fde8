import { acceptedBody, snapshotBody } from "../compute/bodies.ts";
import { checkLinkedAccess } from "../compute/linked-access.ts";
import { breakCopiesOf, startCopy } from "../compute/progress.ts";
import { failureByCount } from "../compute/quota.ts";
import type { SnapshotRecord } from "../compute/records.ts";
import { checkRegion } from "../compute/regions.ts";
import { accept, checkNotBusy, existing, newId } from "../compute/requests.ts";
import { accessRoutes, newcomer, resourceRoutes } from "../compute/resource-routes.ts";
import { newSnapshot } from "../compute/snapshot-creation.ts";
import { checkSnapshot, checkSnapshotSettings, requireSource } from "../compute/snapshot-rules.ts";
import { updateSnapshot } from "../compute/snapshot-update.ts";
import { checkSameLocation, checkUnread, sourceOf } from "../compute/sources.ts";
import { textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState } from "../state.ts";
import { locationName } from "./location.ts";

const TYPE = "Microsoft.Compute/snapshots";

/** Source: learn.microsoft.com/rest/api/compute/snapshots */
export function snapshotRoutes(): readonly Route[] {
  const table = ({ snapshots }: ResourceManagerState) => snapshots;
  const kind = { name: "snapshots", table, bodyOf: snapshotBody, create, update, remove };
  return [...resourceRoutes(kind), ...accessRoutes(kind)];
}

function existingSnapshot(request: ManagementRequest): SnapshotRecord {
  return existing(request, request.state.snapshots, TYPE);
}

async function update(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  checkLinkedAccess(request, `${TYPE}/write`, body);
  return change(request, existingSnapshot(request), body);
}

async function create(request: ManagementRequest): Promise<Answer> {
  const body = await request.body();
  const { state, now } = request;
  checkLinkedAccess(request, `${TYPE}/write`, body);
  const former = state.snapshots[keyOf(request.id)];
  if (former !== undefined && former.provisioningState !== "Failed") {
    checkSameLocation(former, locationName(textIn(body, "location")), variable(request, "group"));
    return change(request, former, body);
  }
  const { name, location } = newcomer(request, body, "snapshot");
  const source = requireSource(sourceOf(request, body, location));
  const id = newId(request, TYPE);
  checkSnapshot(state, { id, location, body, source, now });
  const snapshot = newSnapshot({ id, name, location, now }, body, source);
  checkSnapshotSettings(state, snapshot);
  startCopy(state.compute, snapshot, now);
  state.snapshots[keyOf(id)] = snapshot;
  return begin(request, snapshot, failureByCount(state, snapshot));
}

function change(request: ManagementRequest, snapshot: SnapshotRecord, body: JsonObject): Answer {
  checkRegion(request.state.compute, snapshot.location);
  checkNotBusy(request, snapshot.id);
  updateSnapshot(request.state, snapshot, body);
  snapshot.provisioningState = "Updating";
  return begin(request, snapshot);
}

function begin(
  request: ManagementRequest,
  snapshot: SnapshotRecord,
  failure?: { readonly code: string; readonly message: string },
): Answer {
  const { location, id } = snapshot;
  const milliseconds = request.state.compute.pace.snapshot;
  const body = acceptedBody(snapshotBody(snapshot, request.now));
  const begun = { effect: "provision", resourceId: id, location, milliseconds } as const;
  return accept(request, failure === undefined ? begun : { ...begun, failure }, body);
}

function remove(request: ManagementRequest): Answer {
  const { state, now } = request;
  if (state.snapshots[keyOf(request.id)] === undefined) {
    return { status: 204 };
  }
  const snapshot = existingSnapshot(request);
  checkNotBusy(request, snapshot.id);
  checkUnread(snapshot, "snapshot", now);
  breakCopiesOf(state, snapshot, now);
  snapshot.provisioningState = "Deleting";
  const { location, id } = snapshot;
  const milliseconds = state.compute.pace.deletion;
  return accept(request, { effect: "delete", resourceId: id, location, milliseconds });
}
