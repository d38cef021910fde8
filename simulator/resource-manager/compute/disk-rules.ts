import { ManagementError } from "../errors.ts";
import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { ResourceManagerState } from "../state.ts";
import { numberIn } from "./disk-creation.ts";
import type { Source } from "./disk-creation.ts";
import { DISK_KINDS, diskKind } from "./disk-kinds.ts";
import type { DiskKind } from "./disk-kinds.ts";
import { checkPerformance } from "./performance-rules.ts";
import { checkEncryption, checkNetwork } from "./protection-rules.ts";
import type { DiskRecord } from "./records.ts";
import { badRequest, invalidParameter, missing, notAllowed } from "./refusals.ts";
import { regionNamed, zonesOf } from "./regions.ts";
import type { Region } from "./regions.ts";
import { checkUnread } from "./sources.ts";

/** Throws in Azure's words for a body that no disk can be made by, whatever it is made of. */
export function checkDiskBody(body: JsonObject): void {
  const properties = objectIn(body, "properties");
  const creation = objectIn(properties, "creationData");
  const option = textIn(creation, "createOption");
  if (option === undefined) {
    throw missing("disk.creationData");
  }
  if (option === "Empty" && numberIn(properties, "diskSizeGB") === undefined) {
    throw missing("disk.diskSizeGB");
  }
  if (option === "Copy" && textIn(creation, "sourceResourceId") === undefined) {
    throw missing("disk.creationData.sourceResourceId");
  }
  if (option !== "Empty" && option !== "Copy") {
    throw invalidParameter(`Create option '${option}' is not simulated.`, "disk.creationData.createOption");
  }
}

/** Throws in Azure's words for a disk that cannot be. */
export function checkDisk(state: ResourceManagerState, disk: DiskRecord, source: Source | undefined): void {
  const region = regionNamed(disk.location);
  const kind = kindIn(region, disk.sku, state.compute.restrictedSkus[region.name] ?? []);
  checkZones(region, kind, disk);
  checkSize(kind, disk, source);
  checkSectors(kind, disk, source);
  checkPerformance(kind, disk);
  checkEncryption(state, disk);
  checkNetwork(state, disk);
}

/** A change that the disk, as it is, does not allow. */
export function checkChange(former: DiskRecord, wanted: DiskRecord): void {
  const { name } = former;
  if (wanted.sizeGiB < former.sizeGiB) {
    throw notAllowed(
      `Disk size reduction is not supported. Current size is ${former.sizeGiB * 1024 ** 3} bytes, requested size is ` +
        `${wanted.sizeGiB * 1024 ** 3} bytes.`,
    );
  }
  const provisioned = (sku: string): boolean => diskKind(sku)?.provisioned === true;
  if (former.sku !== wanted.sku && (provisioned(former.sku) || provisioned(wanted.sku))) {
    throw notAllowed(
      `Changing the SKU of disk '${name}' from ${former.sku} to ${wanted.sku} is not supported.`,
    );
  }
  if (former.sku !== wanted.sku && former.managedBy.length > 0) {
    throw notAllowed(
      `Cannot change the SKU of disk '${name}' while it is attached to running VM ${former.managedBy[0] ?? ""}.`,
    );
  }
}

export function checkDeletion(disk: DiskRecord, now: number): void {
  const [machine] = disk.managedBy;
  if (machine !== undefined) {
    throw notAllowed(`Disk ${disk.name} is attached to VM ${machine}.`);
  }
  checkUnread(disk, "disk", now);
}

function kindIn(region: Region, sku: string, restricted: readonly string[]): DiskKind {
  const there = DISK_KINDS.filter(
    (kind) => zonesOf(region, kind.sku) !== undefined && !restricted.includes(kind.sku),
  );
  const kind = there.find((each) => each.sku === diskKind(sku)?.sku);
  if (kind === undefined) {
    throw skuNotSupported(
      sku,
      "Disk",
      there.map((each) => each.sku),
    );
  }
  return kind;
}

/** `resource`: `Disk` or `Snapshot`. */
export function skuNotSupported(sku: string, resource: string, there: readonly string[]): ManagementError {
  return invalidParameter(
    `SKU ${sku} is not supported for resource type ${resource} in this region. Supported SKUs for this region are ` +
      there.join(","),
    "sku.name",
  );
}

function checkZones(region: Region, kind: DiskKind, { zones = [], sku }: DiskRecord): void {
  const [zone] = zones;
  if (zone === undefined) {
    return;
  }
  if (zones.length > 1 || kind.zoneRedundant) {
    throw invalidParameter(
      kind.zoneRedundant
        ? `Availability zones cannot be specified for disks with SKU ${sku}.`
        : "A disk can be in one availability zone at the most.",
      "zones",
    );
  }
  if (!region.zones.includes(zone)) {
    throw new ManagementError(
      400,
      "InvalidAvailabilityZone",
      `The zone(s) '${zone}' for resource type 'Microsoft.Compute/disks' is not supported. The supported zones for ` +
        `location '${region.name}' are '${region.zones.join(",")}'.`,
    );
  }
  if (zonesOf(region, kind.sku)?.includes(zone) !== true) {
    throw invalidParameter(
      `SKU ${sku} is not supported in availability zone ${zone} of location ${region.name}.`,
      "zones",
    );
  }
}

function checkSize(kind: DiskKind, { name, sizeGiB }: DiskRecord, source: Source | undefined): void {
  if (sizeGiB < 1 || sizeGiB > kind.largestGiB) {
    throw invalidParameter(
      `The value '${sizeGiB}' of parameter diskSizeGB is out of range. The value must be between '1' and ` +
        `'${kind.largestGiB}', inclusive.`,
      "diskSizeGB",
    );
  }
  if (source !== undefined && sizeGiB < source.sizeGiB) {
    throw badRequest(
      `The disk size ${sizeGiB} GB of disk '${name}' is smaller than the size ${source.sizeGiB} GB of its source.`,
    );
  }
}

/** Sectors of 4096 bytes are for kinds whose performance is set by hand, and stay what they are. */
function checkSectors(kind: DiskKind, disk: DiskRecord, source: Source | undefined): void {
  const target = "creationData.logicalSectorSize";
  const size = disk.logicalSectorSize;
  if (!kind.provisioned && (size !== undefined || source?.logicalSectorSize === 4096)) {
    throw invalidParameter(
      `A logical sector size of ${size ?? 4096} bytes is not supported for disks with SKU ${disk.sku}.`,
      target,
    );
  }
  if (size !== undefined && size !== 512 && size !== 4096) {
    throw invalidParameter(`The value '${size}' of parameter logicalSectorSize is invalid.`, target);
  }
  if (source !== undefined && size !== undefined && size !== (source.logicalSectorSize ?? 512)) {
    throw invalidParameter(
      `Logical sector size ${size} differs from the ${source.logicalSectorSize ?? 512} of the source.`,
      target,
    );
  }
}
