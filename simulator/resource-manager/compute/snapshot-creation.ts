import { createHash } from "node:crypto";

import { booleanIn, objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { common, encryptionIn, optional } from "./disk-creation.ts";
import type { NewResource, Source } from "./disk-creation.ts";
import { SNAPSHOT_SKUS } from "./disk-kinds.ts";
import type { SnapshotRecord } from "./records.ts";
import { regionNamed } from "./regions.ts";

/** A snapshot of a disk, or a copy of a snapshot. The rules were asked before. */
export function newSnapshot(place: NewResource, body: JsonObject, source: Source): SnapshotRecord {
  const properties = objectIn(body, "properties");
  const createOption = textIn(objectIn(properties, "creationData"), "createOption") ?? "Copy";
  const incremental = booleanIn(properties, "incremental") ?? false;
  const diskSku = "diskSku" in source ? source.diskSku : source.sku;
  const sku = textIn(objectIn(body, "sku"), "name");
  const data = common(place, body, source);
  return {
    ...data,
    createOption,
    incremental,
    diskSku,
    ...optional("logicalSectorSize", source.logicalSectorSize),
    ...(incremental ? { familyId: familyOf(source, place.location) } : {}),
    sku:
      SNAPSHOT_SKUS.find((known) => known.toLowerCase() === sku?.toLowerCase()) ??
      sku ??
      chosenSku(incremental, place),
    // Unlike a disk, a snapshot is encrypted as what it is made of.
    encryption: encryptionIn(properties) ?? source.encryption,
  };
}

/** Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots */
function chosenSku(incremental: boolean, { location }: NewResource): string {
  return incremental && regionNamed(location).zones.length > 0 ? "Standard_ZRS" : "Standard_LRS";
}

/** A GUID of its own for each disk and region; a copy's for the family that it is copied from. */
function familyOf(source: Source, location: string): string {
  const origin = "diskSku" in source ? (source.familyId ?? source.uniqueId) : source.uniqueId;
  if ("diskSku" in source && source.location === location) {
    return origin;
  }
  const digits = createHash("sha256").update(`${origin} ${location}`).digest("hex");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`];
  return [...parts, `8${digits.slice(17, 20)}`, digits.slice(20, 32)].join("-");
}
