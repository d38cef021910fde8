import { createHash, randomUUID } from "node:crypto";
import { type ComputeResource, formatResourceId } from "../resource-id.ts";

/** Of disks and snapshots. Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
const MAX_NAME = 80;

/** What Velero tags every snapshot with (its pkg/backup/item_backupper.go). */
export const BACKUP_TAG = "velero.io/backup";
export const VOLUME_TAG = "velero.io/pv";
/** A label of each backup, and so a tag. */
const LOCATION_TAG = "velero.io/storage-location";

/**
 * What a snapshot is for: a disk in a backup. Undefined when the tags do not say which backup and volume. Two calls with the
 * same purpose are one snapshot that was asked for twice. A name alone does not say which backup: two Veleros of a cluster,
 * each in a namespace, that have the same schedule have backups of the same names, and each must be able to delete its own.
 */
export function purposeOf(
  disk: ComputeResource,
  veleroTags: Readonly<Record<string, string>>,
  veleroNamespace: string,
): string | undefined {
  const { [BACKUP_TAG]: backup = "", [VOLUME_TAG]: volume = "", [LOCATION_TAG]: location = "" } = veleroTags;
  if (backup === "" || volume === "") {
    return undefined;
  }
  const diskId = formatResourceId("disks", disk).toLowerCase();
  return JSON.stringify([diskId, backup, volume, location, veleroNamespace]);
}

/**
 * VOLUMENAME-UUID, as the official plugin's: the disk's name cut so that it is 80 characters at most. The UUID follows from
 * the purpose and the attempt, so that a process after a killed one finds what that one began; it is random without
 * a purpose.
 */
export function snapshotName(disk: ComputeResource, purpose: string | undefined, attempt: number): string {
  const suffix = `-${purpose === undefined ? randomUUID() : uuidOf(`${attempt} ${purpose}`)}`;
  return disk.name.slice(0, MAX_NAME - suffix.length) + suffix;
}

/**
 * The name of a snapshot's copy in a region; known without the snapshot, since that may be lost. Where both do not fit, the
 * name gives way, but not the UUID at its end.
 */
export function copyName(name: string, region: string): string {
  const suffix = `-${region}`;
  if (name.length + suffix.length <= MAX_NAME) {
    return name + suffix;
  }
  const unique = /-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.exec(name)?.[0] ?? `-${uuidOf(name)}`;
  return name.slice(0, MAX_NAME - unique.length - suffix.length) + unique + suffix;
}

/** Where the copy is: in the snapshot's subscription. */
export function copyOf(
  snapshot: ComputeResource,
  copy: { readonly region: string; readonly resourceGroup: string },
): ComputeResource {
  return {
    subscriptionId: snapshot.subscriptionId,
    resourceGroup: copy.resourceGroup,
    name: copyName(snapshot.name, copy.region),
  };
}

/** Version 8 of RFC 9562: the bits are ours, here of a SHA-256. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
