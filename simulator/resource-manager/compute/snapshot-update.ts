import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ManagementRequest } from "../routes.ts";
import { updateCommon } from "./disk-update.ts";
import type { SnapshotRecord } from "./records.ts";

/** Takes over what a PATCH, or a PUT over a snapshot that is there, says. No new snapshot is taken. */
export function updateSnapshot(
  _request: ManagementRequest,
  snapshot: SnapshotRecord,
  body: JsonObject,
): void {
  snapshot.sku = textIn(objectIn(body, "sku"), "name") ?? snapshot.sku;
  updateCommon(snapshot, body);
}
