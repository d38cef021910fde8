import { ManagementError } from "../errors.ts";
import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ManagementRequest } from "../routes.ts";
import type { Source } from "./disk-creation.ts";
import type { DiskRecord } from "./records.ts";
import { checkUnread } from "./sources.ts";

/** Throws in Azure's words for a disk that cannot be. */
export function checkDisk(
  _request: ManagementRequest,
  body: JsonObject,
  _location: string,
  _source: Source | undefined,
): void {
  const creation = objectIn(objectIn(body, "properties"), "creationData");
  if (textIn(creation, "createOption") === undefined) {
    throw new ManagementError(
      400,
      "InvalidParameter",
      "Required parameter 'disk.creationData' is missing (null).",
    );
  }
}

export function checkDeletion(disk: DiskRecord, now: number): void {
  const [machine] = disk.managedBy;
  if (machine !== undefined) {
    throw new ManagementError(409, "OperationNotAllowed", `Disk ${disk.name} is attached to VM ${machine}.`);
  }
  checkUnread(disk, "disk", now);
}
