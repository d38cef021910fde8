import { ManagementError } from "../errors.ts";
import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import type { ManagementRequest } from "../routes.ts";
import type { Source } from "./disk-creation.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";

/** What a body's creationData is made of: a disk, a snapshot, or nothing. Throws for one that is not there or not ready. */
export function sourceOf(request: ManagementRequest, body: JsonObject, location: string): Source | undefined {
  const creation = objectIn(objectIn(body, "properties"), "creationData");
  const id = textIn(creation, "sourceResourceId") ?? textIn(creation, "sourceUri");
  if (id === undefined) {
    return undefined;
  }
  const { disks, snapshots } = request.state;
  const source = disks[keyOf(id)] ?? snapshots[keyOf(id)];
  if (source === undefined) {
    throw new ManagementError(404, "NotFound", `Resource ${id.split("/").at(-1) ?? id} is not found.`);
  }
  const option = textIn(creation, "createOption")?.toLowerCase();
  if (option !== "copystart" && source.location !== location) {
    throw new ManagementError(
      400,
      "BadRequest",
      `Source resource ${source.id} is in location ${source.location}, the resource to be created in ${location}: ` +
        "both must be in the same location.",
    );
  }
  return source;
}

/** Refuses what would end somebody's reading. */
export function checkUnread(data: DiskRecord | SnapshotRecord, kind: string, now: number): void {
  if (data.accessUntil !== undefined && data.accessUntil > now) {
    throw new ManagementError(
      409,
      "OperationNotAllowed",
      `There is an active shared access signature outstanding for ${kind} ${data.name}. Call EndGetAccess before ` +
        `deleting the ${kind}.`,
    );
  }
}
