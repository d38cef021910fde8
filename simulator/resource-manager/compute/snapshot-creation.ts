import { createHash } from "node:crypto";

import { booleanIn, objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { common, optional } from "./disk-creation.ts";
import type { NewResource, Source } from "./disk-creation.ts";
import { diskKind } from "./disk-kinds.ts";
import { beginCopy } from "./progress.ts";
import type { ComputeSettings, SnapshotRecord } from "./records.ts";

/** A snapshot of a disk, or a copy of a snapshot. The rules were asked before. */
export function newSnapshot(
  place: NewResource,
  body: JsonObject,
  source: Source,
  settings: ComputeSettings,
): SnapshotRecord {
  const properties = objectIn(body, "properties");
  const createOption = textIn(objectIn(properties, "creationData"), "createOption") ?? "Copy";
  const incremental = booleanIn(properties, "incremental") ?? false;
  const diskSku = "diskSku" in source ? source.diskSku : source.sku;
  const data = common(place, body, source);
  const { backgroundCopy, regionCopy } = settings.pace;
  const duration = durationOf(createOption, diskSku, "diskSku" in source, backgroundCopy, regionCopy);
  return {
    ...data,
    createOption,
    incremental,
    diskSku,
    ...optional("logicalSectorSize", source.logicalSectorSize),
    ...(incremental ? { familyId: familyOf(source, place.location) } : {}),
    sku: textIn(objectIn(body, "sku"), "name") ?? "Standard_LRS",
    ...(duration === undefined ? {} : { copy: beginCopy(settings, place.now, duration) }),
  };
}

/** Of a copy in the background; undefined where there is none. */
function durationOf(
  createOption: string,
  diskSku: string,
  ofSnapshot: boolean,
  backgroundCopy: number,
  regionCopy: number,
): number | undefined {
  if (createOption === "CopyStart") {
    return regionCopy;
  }
  return !ofSnapshot && diskKind(diskSku)?.copiedInBackground === true ? backgroundCopy : undefined;
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
