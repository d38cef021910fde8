import { createHash } from "node:crypto";
import type { Disk } from "../../azure/resource-manager/disk.ts";
import { Failure } from "../../errors/error.ts";
import { type CopyPlace, type DiskRecord, fieldsOf, recordFrom } from "./disk-record-fields.ts";
import type { ComputePlace } from "../resource-id.ts";

export type { CopyPlace, DiskRecord } from "./disk-record-fields.ts";

/** The first part's tag; the others have a number behind it, from `-2`. */
const RECORD_PREFIX = "velero-azure-disk";

/** Of a tag's value. Source: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
const MAX_VALUE = 256;

/** Raised when what an older version would make of a record is not the disk; new fields alone do not raise it. */
const VERSION = 1;

export function recordOf(disk: Disk, place: ComputePlace, copy: CopyPlace | undefined): DiskRecord {
  return {
    location: disk.location,
    place: { subscriptionId: place.subscriptionId, resourceGroup: place.resourceGroup },
    disk: {
      sku: disk.sku,
      tier: disk.tier,
      iops: disk.iops,
      throughput: disk.throughput,
      iopsReadOnly: disk.iopsReadOnly,
      throughputReadOnly: disk.throughputReadOnly,
      performancePlus: disk.performancePlus,
      logicalSectorSize: disk.logicalSectorSize,
      encryption: {
        type: disk.encryption.type,
        diskEncryptionSetId: disk.encryption.diskEncryptionSetId,
      },
      networkAccessPolicy: disk.networkAccessPolicy,
      diskAccessId: disk.diskAccessId,
      publicNetworkAccess: disk.publicNetworkAccess,
      dataAccessAuthMode: disk.dataAccessAuthMode,
      burstingEnabled: disk.burstingEnabled,
      maxShares: disk.maxShares,
      zones: [...disk.zones],
      osType: disk.osType,
      hyperVGeneration: disk.hyperVGeneration,
      securityType: disk.securityType,
      secureVMDiskEncryptionSetId: disk.secureVMDiskEncryptionSetId,
    },
    copy: copy === undefined ? undefined : { region: copy.region, resourceGroup: copy.resourceGroup },
  };
}

/**
 * The record in few tags whose names begin with RECORD_PREFIX; their values are within Azure's 256 characters.
 *
 * The values in a row are `v1;PARTS;SUM;name=value;…`: how many tags there are, the first eight hexadecimal digits of the
 * SHA-256 of everything behind them, then the fields (disk-record-fields.ts). All ASCII, no spaces, so that a value can be cut
 * anywhere and nobody trims it.
 */
export function recordTags(record: DiskRecord): Readonly<Record<string, string>> {
  const fields = fieldsOf(record);
  let parts = 1;
  let text = "";
  do {
    text = `v${VERSION};${parts};${sumOf(fields)};${fields}`;
    parts += 1;
  } while (text.length > (parts - 1) * MAX_VALUE);
  return Object.fromEntries(
    Array.from({ length: parts - 1 }, (_, index) => [
      partName(index),
      text.slice(index * MAX_VALUE, (index + 1) * MAX_VALUE),
    ]),
  );
}

/**
 * The record that the tags hold. Undefined for tags without one, as the official plugin's snapshots have them. Throws
 * `Failure` DataLoss for a record that somebody damaged, InvalidArgument for one that a later version wrote.
 */
export function readRecord(tags: Readonly<Record<string, string>>): DiskRecord | undefined {
  const found = new Map(
    Object.entries(tags)
      .filter(([name]) => isRecordTag(name))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (found.size === 0) {
    return undefined;
  }
  const first = found.get(RECORD_PREFIX);
  if (first === undefined) {
    throw damaged(`the tag "${RECORD_PREFIX}" is missing`);
  }
  const version = Number(/^v([1-9][0-9]{0,8});/.exec(first)?.[1]);
  if (version > VERSION) {
    throw new Failure(
      "InvalidArgument",
      `cannot read the disk's description in the snapshot's tags: a later version of velero-azure wrote it (format ${version}; this version knows formats up to ${VERSION})`,
      { hint: "restore with that version of velero-azure, or a later one" },
    );
  }
  const [, parts, sum] = /^v[0-9]+;([1-9][0-9]?);([0-9a-f]{8});/.exec(first) ?? [];
  if (version !== VERSION || parts === undefined || sum === undefined) {
    throw damaged(`the tag "${RECORD_PREFIX}" does not begin as it must`);
  }
  const text = joined(found, Number(parts));
  const fields = text.slice(`v${VERSION};${parts};${sum};`.length);
  const record = sumOf(fields) === sum ? recordFrom(fields) : undefined;
  if (record === undefined) {
    throw damaged(`somebody changed it, since its sum is not "${sum}"`);
  }
  return record;
}

/** Whether a tag is part of a record; such tags are no user's and are not handed on from disk to snapshot to disk. */
export function isRecordTag(name: string): boolean {
  return /^velero-azure-disk(?:-[1-9][0-9]?)?$/i.test(name);
}

function joined(found: ReadonlyMap<string, string>, parts: number): string {
  return Array.from({ length: parts }, (_, index) => {
    const part = found.get(partName(index));
    if (part === undefined) {
      throw damaged(`part ${index + 1} of ${parts}, the tag "${partName(index)}", is missing`);
    }
    return part;
  }).join("");
}

function partName(index: number): string {
  return index === 0 ? RECORD_PREFIX : `${RECORD_PREFIX}-${index + 1}`;
}

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function damaged(reason: string): Failure {
  return new Failure("DataLoss", `cannot read the disk's description in the snapshot's tags: ${reason}`, {
    hint: `make the disk of the snapshot by hand (az disk create --source), or remove the tags "${RECORD_PREFIX}…" from the snapshot: then it is restored with the kind and zone that the backup knows, and nothing else of what the disk was`,
  });
}
