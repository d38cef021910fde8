import { randomUUID } from "node:crypto";

import { booleanIn, objectIn, tagsIn, textIn, textsIn, timestamp } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { diskKind } from "./disk-kinds.ts";
import type { DiskRecord, EncryptionRecord, SnapshotRecord } from "./records.ts";

const PLATFORM_KEY = "EncryptionAtRestWithPlatformKey";

export interface NewResource {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly now: number;
}

/** What a disk or snapshot is made of; nothing for an empty disk. */
export type Source = DiskRecord | SnapshotRecord;

/** What a body asks for, the rest as the source has it or as Azure chooses. The rules were asked before. */
export function newDisk(place: NewResource, body: JsonObject, source: Source | undefined): DiskRecord {
  const properties = objectIn(body, "properties");
  const creation = objectIn(properties, "creationData");
  const sku = textIn(objectIn(body, "sku"), "name") ?? "Standard_LRS";
  const kind = diskKind(sku);
  const zones = textsIn(body, "zones");
  return {
    ...common(place, body, source),
    sku: kind?.sku ?? sku,
    ...(zones.length === 0 ? {} : { zones }),
    ...optional("tier", textIn(properties, "tier")),
    ...optional("iops", numberIn(properties, "diskIOPSReadWrite")),
    ...optional("throughput", numberIn(properties, "diskMBpsReadWrite")),
    ...optional("burstingEnabled", booleanIn(properties, "burstingEnabled")),
    ...optional("maxShares", numberIn(properties, "maxShares")),
    ...optional("logicalSectorSize", sectorSize(creation, kind?.provisioned === true, source)),
    createOption: textIn(creation, "createOption") ?? "Empty",
    managedBy: [],
  };
}

/** What disks and snapshots take from a body in the same way. */
export function common(place: NewResource, body: JsonObject, source: Source | undefined) {
  const properties = objectIn(body, "properties");
  const access = textIn(objectIn(properties, "creationData"), "sourceResourceId");
  const security = objectIn(properties, "securityProfile");
  return {
    id: place.id,
    name: place.name,
    location: place.location,
    uniqueId: randomUUID(),
    timeCreated: timestamp(place.now),
    ...(source === undefined
      ? {}
      : { sourceResourceId: access ?? source.id, sourceUniqueId: source.uniqueId }),
    generation: source?.generation ?? 0,
    tags: tagsIn(body) ?? {},
    sizeGiB: numberIn(properties, "diskSizeGB") ?? source?.sizeGiB ?? 0,
    encryption: encryptionIn(properties) ?? { type: PLATFORM_KEY },
    networkAccessPolicy: textIn(properties, "networkAccessPolicy") ?? "AllowAll",
    ...optional("diskAccessId", textIn(properties, "diskAccessId")),
    publicNetworkAccess: textIn(properties, "publicNetworkAccess") ?? "Enabled",
    ...optional("dataAccessAuthMode", textIn(properties, "dataAccessAuthMode")),
    ...optional("osType", textIn(properties, "osType") ?? source?.osType),
    ...optional("hyperVGeneration", textIn(properties, "hyperVGeneration") ?? source?.hyperVGeneration),
    ...optional("securityType", textIn(security, "securityType") ?? source?.securityType),
    ...optional("secureVMDiskEncryptionSetId", textIn(security, "secureVMDiskEncryptionSetId")),
    provisioningState: "Updating" as const,
  };
}

/** A type may be left out where there is a set. */
export function encryptionIn(properties: JsonObject): EncryptionRecord | undefined {
  const encryption = objectIn(properties, "encryption");
  const set = textIn(encryption, "diskEncryptionSetId");
  const type =
    textIn(encryption, "type") ?? (set === undefined ? undefined : "EncryptionAtRestWithCustomerKey");
  return type === undefined ? undefined : { type, ...optional("diskEncryptionSetId", set) };
}

export function numberIn(value: JsonObject, name: string): number | undefined {
  const field = value[name];
  return typeof field === "number" ? field : undefined;
}

export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}

/** Disks whose performance is set by hand have 4096 bytes unless told otherwise; others must not be told. */
function sectorSize(
  creation: JsonObject,
  provisioned: boolean,
  source: Source | undefined,
): number | undefined {
  const asked = numberIn(creation, "logicalSectorSize");
  if (!provisioned) {
    return asked;
  }
  return asked ?? source?.logicalSectorSize ?? (source === undefined ? 4096 : 512);
}
