import { booleanIn, objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ResourceManagerState } from "../state.ts";
import { applyCommon } from "./disk-update.ts";
import type { SnapshotRecord } from "./records.ts";
import { badRequest } from "./refusals.ts";
import { checkSnapshotSettings } from "./snapshot-rules.ts";
import { checkSameSource } from "./sources.ts";

/** Takes over what a PATCH, or a PUT over a snapshot that is there, says. No new snapshot is taken. */
export function updateSnapshot(
  state: ResourceManagerState,
  snapshot: SnapshotRecord,
  body: JsonObject,
): void {
  checkSameSource(snapshot, body);
  const incremental = booleanIn(objectIn(body, "properties"), "incremental");
  if (incremental !== undefined && incremental !== snapshot.incremental) {
    throw badRequest(`Changing property 'incremental' is not allowed for existing disk '${snapshot.name}'.`);
  }
  const wanted: SnapshotRecord = { ...snapshot, sku: textIn(objectIn(body, "sku"), "name") ?? snapshot.sku };
  applyCommon(wanted, body);
  checkSnapshotSettings(state, wanted);
  Object.assign(snapshot, wanted);
}
