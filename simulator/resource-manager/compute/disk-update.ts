import { booleanIn, objectIn, tagsIn, textIn, textsIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ResourceManagerState } from "../state.ts";
import { encryptionIn, numberIn } from "./disk-creation.ts";
import { diskKind } from "./disk-kinds.ts";
import { checkChange, checkDisk } from "./disk-rules.ts";
import { checkTags } from "./name-rules.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { badRequest } from "./refusals.ts";
import { checkSameSource } from "./sources.ts";

/** Takes over what a PATCH, or a PUT over a disk that is there, says, and leaves the rest. */
export function updateDisk(state: ResourceManagerState, disk: DiskRecord, body: JsonObject): void {
  checkSameSource(disk, body);
  const [zone] = textsIn(body, "zones");
  if (zone !== undefined && zone !== disk.zones?.[0]) {
    throw badRequest(`Changing property 'zones' is not allowed for existing disk '${disk.name}'.`);
  }
  const wanted: DiskRecord = { ...disk };
  const properties = objectIn(body, "properties");
  const sku = textIn(objectIn(body, "sku"), "name");
  wanted.sku = sku === undefined ? disk.sku : (diskKind(sku)?.sku ?? sku);
  applyCommon(wanted, body);
  assign(wanted, "tier", textIn(properties, "tier"));
  assign(wanted, "iops", numberIn(properties, "diskIOPSReadWrite"));
  assign(wanted, "throughput", numberIn(properties, "diskMBpsReadWrite"));
  assign(wanted, "burstingEnabled", booleanIn(properties, "burstingEnabled"));
  assign(wanted, "maxShares", numberIn(properties, "maxShares"));
  checkChange(disk, wanted);
  checkDisk(state, wanted, undefined);
  Object.assign(disk, wanted);
}

export function applyCommon(data: DiskRecord | SnapshotRecord, body: JsonObject): void {
  const properties = objectIn(body, "properties");
  const tags = tagsIn(body);
  checkTags(tags ?? {});
  assign(data, "tags", tags);
  assign(data, "sizeGiB", numberIn(properties, "diskSizeGB"));
  assign(data, "encryption", encryptionIn(properties));
  assign(data, "networkAccessPolicy", textIn(properties, "networkAccessPolicy"));
  assign(data, "diskAccessId", textIn(properties, "diskAccessId"));
  assign(data, "publicNetworkAccess", textIn(properties, "publicNetworkAccess"));
  assign(data, "dataAccessAuthMode", textIn(properties, "dataAccessAuthMode"));
  assign(data, "osType", textIn(properties, "osType"));
  if (data.networkAccessPolicy !== "AllowPrivate" && textIn(properties, "diskAccessId") === undefined) {
    delete data.diskAccessId;
  }
}

function assign<Target, Name extends keyof Target>(
  target: Target,
  name: Name,
  value: Target[Name] | undefined,
): void {
  if (value !== undefined) {
    target[name] = value;
  }
}
