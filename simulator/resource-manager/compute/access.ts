import { randomBytes } from "node:crypto";

import { ManagementError } from "../errors.ts";
import { textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { Answer, ManagementRequest } from "../routes.ts";
import { numberIn } from "./disk-creation.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { accept, checkNotBusy } from "./requests.ts";

/**
 * An address to read the data at, which nobody answers at: contents are not simulated. While it holds, the state is
 * ActiveSAS and the resource cannot be deleted.
 * Source: learn.microsoft.com/rest/api/compute/disks/grant-access
 */
export async function grantAccess<Data extends DiskRecord | SnapshotRecord>(
  request: ManagementRequest,
  data: Data,
  bodyOf: (data: Data, now: number) => JsonObject,
): Promise<Answer> {
  const body = await request.body();
  const seconds = numberIn(body, "durationInSeconds");
  if (seconds === undefined || seconds < 1) {
    throw new ManagementError(
      400,
      "InvalidParameter",
      "Required parameter 'durationInSeconds' is missing (null).",
    );
  }
  if (data.networkAccessPolicy === "DenyAll") {
    throw new ManagementError(
      409,
      "OperationNotAllowed",
      `Cannot grant access to resource ${data.id} because its network access policy is DenyAll.`,
    );
  }
  const former = bodyOf(data, request.now)["properties"] as JsonObject;
  if (former["diskState"] === "Attached") {
    throw new ManagementError(
      409,
      "OperationNotAllowed",
      `Cannot grant access to attached disk ${data.name}.`,
    );
  }
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

function addressOf(uniqueId: string, permission: string, until: number): string {
  const signature = encodeURIComponent(randomBytes(32).toString("base64"));
  const end = encodeURIComponent(new Date(until).toISOString());
  return (
    `https://md-simulated.z1.blob.storage.azure.net/${uniqueId.slice(0, 12)}/abcd` +
    `?sv=2018-03-28&sr=b&se=${end}&sp=${permission}&sig=${signature}`
  );
}
