import { booleanIn, objectIn, tagsIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ManagementRequest } from "../routes.ts";
import { encryptionIn, numberIn } from "./disk-creation.ts";
import { diskKind } from "./disk-kinds.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";

/** Takes over what a PATCH, or a PUT over a disk that is there, says, and leaves the rest. */
export function updateDisk(_request: ManagementRequest, disk: DiskRecord, body: JsonObject): void {
  const properties = objectIn(body, "properties");
  const sku = textIn(objectIn(body, "sku"), "name");
  disk.sku = sku === undefined ? disk.sku : (diskKind(sku)?.sku ?? sku);
  updateCommon(disk, body);
  assign(disk, "tier", textIn(properties, "tier"));
  assign(disk, "iops", numberIn(properties, "diskIOPSReadWrite"));
  assign(disk, "throughput", numberIn(properties, "diskMBpsReadWrite"));
  assign(disk, "burstingEnabled", booleanIn(properties, "burstingEnabled"));
  assign(disk, "maxShares", numberIn(properties, "maxShares"));
}

export function updateCommon(data: DiskRecord | SnapshotRecord, body: JsonObject): void {
  const properties = objectIn(body, "properties");
  assign(data, "tags", tagsIn(body));
  assign(data, "sizeGiB", numberIn(properties, "diskSizeGB"));
  assign(data, "encryption", encryptionIn(properties));
  assign(data, "networkAccessPolicy", textIn(properties, "networkAccessPolicy"));
  assign(data, "diskAccessId", textIn(properties, "diskAccessId"));
  assign(data, "publicNetworkAccess", textIn(properties, "publicNetworkAccess"));
  assign(data, "osType", textIn(properties, "osType"));
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
