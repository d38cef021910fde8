import assert from "node:assert/strict";
import { type ComputePlace, formatResourceId } from "../../../src/snapshot/resource-id.ts";
import { diskOf } from "../../../src/snapshot/volume-spec.ts";
import { uncancelled } from "../calls.ts";
import type { SeenDisk, VolumeSubject } from "./subject.ts";

/** A disk of the cluster: its volume ID, and its resource ID for those who look at it from outside. */
export interface OwnDisk {
  readonly volumeId: string;
  readonly id: string;
}

/** Adds a disk to the location's own, written to so often. */
export function newDisk(
  { disks, here, fresh }: VolumeSubject,
  traits: Partial<SeenDisk> = {},
  place: ComputePlace = here,
): OwnDisk {
  const { generation = 0, ...rest } = traits;
  const disk = { ...place, name: fresh("disk") };
  disks.addDisk({ ...disk, ...rest });
  const id = formatResourceId("disks", disk);
  for (let write = 0; write < generation; write += 1) disks.writeDisk(id);
  return { volumeId: place === here ? disk.name : id, id };
}

/** As Velero tags a snapshot of a PersistentVolume in a backup. */
export function tagsOf(backup: string, volume: string): Readonly<Record<string, string>> {
  return { "velero.io/backup": backup, "velero.io/pv": volume };
}

/** Velero gives no zone for a disk without one. */
export async function snapshotOf(
  { snapshotter, fresh }: VolumeSubject,
  volumeId: string,
  tags = tagsOf(fresh("backup"), volumeId),
): Promise<string> {
  return snapshotter.createSnapshot({ volumeId, zone: "", tags }, uncancelled());
}

/** What Velero passes on to a restore: the type that it was told when it took the snapshot, and the node's zone. */
export interface Wish {
  readonly volumeType: string;
  readonly zone: string;
}

export async function restore(
  { snapshotter }: VolumeSubject,
  snapshotId: string,
  { volumeType = "Premium_LRS", zone = "" }: Partial<Wish> = {},
): Promise<string> {
  const request = { snapshotId, volumeType, zone, iops: undefined };
  return snapshotter.createVolumeFromSnapshot(request, uncancelled());
}

export async function remove({ snapshotter }: VolumeSubject, snapshotId: string): Promise<void> {
  await snapshotter.deleteSnapshot(snapshotId, uncancelled());
}

/** What became of the disk that a volume ID names; it must be there. */
export function seen({ disks, here }: VolumeSubject, volumeId: string): SeenDisk {
  const disk = disks.disk(formatResourceId("disks", diskOf(volumeId, here)));
  assert.ok(disk !== undefined, `there is no disk "${volumeId}"`);
  return disk;
}

/** The snapshots of a disk, by Velero's tag of the volume. */
export function takenOf({ disks }: VolumeSubject, volume: string): readonly string[] {
  return disks
    .snapshots()
    .filter(({ tags }) => tags["velero.io-pv"] === volume)
    .map(({ id }) => id);
}
