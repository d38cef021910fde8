import { ManagementError } from "../errors.ts";
import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import type { ManagementRequest } from "../routes.ts";
import type { Source } from "./disk-creation.ts";
import { completionOf } from "./progress.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { badRequest, notAllowed } from "./refusals.ts";
import { checkRegion } from "./regions.ts";

/**
 * What a body's creationData is made of: a disk, a snapshot, or nothing. Throws for one that is not there, or is elsewhere:
 * only CopyStart looks into other regions.
 */
export function sourceOf(request: ManagementRequest, body: JsonObject, location: string): Source | undefined {
  const creation = objectIn(objectIn(body, "properties"), "creationData");
  const id = textIn(creation, "sourceResourceId");
  if (id === undefined) {
    return undefined;
  }
  const { disks, snapshots, compute } = request.state;
  const source = disks[keyOf(id)] ?? snapshots[keyOf(id)];
  const elsewhere = source !== undefined && source.location !== location;
  if (source === undefined || (elsewhere && textIn(creation, "createOption") !== "CopyStart")) {
    throw new ManagementError(404, "NotFound", `Resource ${id.split("/").at(-1) ?? id} is not found.`);
  }
  checkRegion(compute, source.location);
  return source;
}

/** Refuses to make something of a snapshot whose data is not there, or never will be. */
export function checkComplete(source: Source | undefined, now: number): void {
  if (source === undefined) {
    return;
  }
  if (source.provisioningState === "Failed" || source.provisioningState === "Deleting") {
    throw notAllowed(`Source '${source.id}' is in provisioning state ${source.provisioningState}.`);
  }
  const { percent, failure } = "copy" in source ? completionOf(source, now) : { percent: 100 };
  if (failure !== undefined) {
    throw notAllowed(`The background copy of snapshot '${source.id}' has failed: ${failure.code}.`);
  }
  if (percent < 100) {
    throw notAllowed(
      `The background copy of snapshot '${source.id}' has not completed: its completionPercent is ${percent}. ` +
        "Please retry when it is 100.",
    );
  }
}

/** Refuses what would end somebody's reading. */
export function checkUnread(data: DiskRecord | SnapshotRecord, kind: string, now: number): void {
  if (data.accessUntil !== undefined && data.accessUntil > now) {
    throw notAllowed(
      `There is an active shared access signature outstanding for ${kind} ${data.name}. Call EndGetAccess before ` +
        `deleting the ${kind}.`,
    );
  }
}

/** What a PUT over something that is there may not change. Azure says disk of snapshots, too. */
export function checkSameSource(data: DiskRecord | SnapshotRecord, body: JsonObject): void {
  const creation = objectIn(objectIn(body, "properties"), "creationData");
  const source = textIn(creation, "sourceResourceId");
  const option = textIn(creation, "createOption");
  const other = source !== undefined && keyOf(source) !== keyOf(data.sourceResourceId ?? "");
  const changed = other
    ? "creationData.sourceResourceId"
    : option !== undefined && option !== data.createOption
      ? "creationData.createOption"
      : undefined;
  if (changed !== undefined) {
    throw badRequest(`Changing property '${changed}' is not allowed for existing disk '${data.name}'.`);
  }
}

/** Resource Manager's own refusal to move what is there. */
export function checkSameLocation(
  data: DiskRecord | SnapshotRecord,
  location: string | undefined,
  group: string,
): void {
  if (location !== undefined && location !== data.location) {
    throw new ManagementError(
      409,
      "InvalidResourceLocation",
      `The resource '${data.name}' already exists in location '${data.location}' in resource group '${group}'. A resource ` +
        `with the same name cannot be created in location '${location}'. Please select a new resource name.`,
    );
  }
}
