import { randomBytes } from "node:crypto";

import { textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { Answer, ManagementRequest } from "../routes.ts";
import { numberIn } from "./disk-creation.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { badRequest, missing, notAllowed } from "./refusals.ts";
import { accept, checkNotBusy } from "./requests.ts";
import { checkComplete } from "./sources.ts";

/** How many snapshots of one family can be read at a time. */
const READ_AT_ONCE = 5;

/**
 * An address to read the data at, which nobody answers at: contents are not simulated. While it holds, the state is
 * ActiveSAS and the resource cannot be deleted.
 * Source: learn.microsoft.com/rest/api/compute/disks/grant-access
 */
export async function grantAccess(
  request: ManagementRequest,
  data: DiskRecord | SnapshotRecord,
): Promise<Answer> {
  const body = await request.body();
  const seconds = numberIn(body, "durationInSeconds");
  if (seconds === undefined || seconds < 1) {
    throw missing("durationInSeconds");
  }
  checkReadable(data, body);
  checkComplete(data, request.now);
  checkFamily(request, data);
  checkNotBusy(request, data.id);
  data.accessUntil = request.now + seconds * 1000;
  const permission = textIn(body, "access")?.toLowerCase() === "write" ? "rw" : "r";
  return accept(request, {
    effect: "access",
    resourceId: data.id,
    location: data.location,
    milliseconds: 0,
    output: { accessSAS: addressOf(data.uniqueId, permission, data.accessUntil) },
  });
}

/** Source: learn.microsoft.com/rest/api/compute/disks/revoke-access */
export function revokeAccess(request: ManagementRequest, data: DiskRecord | SnapshotRecord): Answer {
  delete data.accessUntil;
  const { id: resourceId, location } = data;
  return accept(request, { effect: "access", resourceId, location, milliseconds: 0, output: {} });
}

/** Throws where the data is reached by nobody, or not in that way. */
function checkReadable(data: DiskRecord | SnapshotRecord, body: JsonObject): void {
  if (data.networkAccessPolicy === "DenyAll") {
    throw notAllowed(`Access to resource ${data.id} is denied by its network access policy.`);
  }
  const machine = "managedBy" in data ? data.managedBy[0] : undefined;
  if (machine !== undefined) {
    throw notAllowed(
      `Access not permitted because disk ${data.name} is currently attached to running VM ${machine}`,
    );
  }
  if (data.logicalSectorSize === 4096 && textIn(body, "fileFormat")?.toLowerCase() !== "vhdx") {
    throw badRequest(
      "Accessing disk or snapshot with a logical sector size of 4096 requires specifying the file format. Set the " +
        "fileFormat property to VHDX.",
    );
  }
}

function checkFamily({ state, now }: ManagementRequest, data: DiskRecord | SnapshotRecord): void {
  if (!("familyId" in data)) {
    return;
  }
  const read = Object.values(state.snapshots).filter(
    ({ familyId, accessUntil = 0, id }) => familyId === data.familyId && accessUntil > now && id !== data.id,
  );
  if (read.length >= READ_AT_ONCE) {
    throw notAllowed(
      `The maximum number (${READ_AT_ONCE}) of snapshots of one disk with an active shared access signature is reached.`,
    );
  }
}

function addressOf(uniqueId: string, permission: string, until: number): string {
  const signature = encodeURIComponent(randomBytes(32).toString("base64"));
  const end = encodeURIComponent(new Date(until).toISOString());
  return (
    `https://md-simulated.z1.blob.storage.azure.net/${uniqueId.slice(0, 12)}/abcd` +
    `?sv=2018-03-28&sr=b&se=${end}&sp=${permission}&sig=${signature}`
  );
}
