import type { PersistentVolume } from "./volume-spec.ts";

/**
 * Takes snapshots of disks and makes disks of them: the contract of Velero's VolumeSnapshotter (its
 * pkg/plugin/velero/volumesnapshotter/v1) in this project's words.
 *
 * - A *volume ID* names a disk, a *snapshot ID* a snapshot. Both are kept in backups for years: what older versions
 *   or the official plugin wrote must be understood for ever.
 * - `volumeIdOf` and `withVolumeId` are pure: no request, no waiting. The other calls make requests, may run
 *   side by side, and end with `signal.reason` folded into a `Failure` Canceled when their signal fires.
 * - A call that has returned is done: a snapshot that was created can be restored, one that was deleted is gone.
 * - Everything thrown is a `Failure`: NotFound for a disk or snapshot that does not exist, PermissionDenied with the
 *   role that is missing, InvalidArgument for an ID or volume that cannot be understood.
 */
export interface VolumeSnapshotter {
  /**
   * Makes a disk of a snapshot and resolves to its volume ID. `volumeType` is the disk's SKU, `zone` where it belongs, as
   * Velero kept them from `volumeInfo`; `iops` only for SKUs that let it be chosen.
   */
  createVolumeFromSnapshot(request: VolumeFromSnapshot, options: CallOptions): Promise<string>;

  /** What must be known of a disk to make another like it. */
  volumeInfo(volumeId: string, options: CallOptions): Promise<VolumeInfo>;

  /** Takes a snapshot and resolves to its ID. The tags are Velero's; the disk's and the location's are added. */
  createSnapshot(request: SnapshotOfVolume, options: CallOptions): Promise<string>;

  /** Deletes a snapshot; one that is not there counts as deleted, everything else that hinders it is an error. */
  deleteSnapshot(snapshotId: string, options: CallOptions): Promise<void>;

  /** The volume ID of a PersistentVolume; empty when it is not a disk of this kind. */
  volumeIdOf(volume: PersistentVolume): string;

  /** The PersistentVolume with another disk in it. */
  withVolumeId(volume: PersistentVolume, volumeId: string): PersistentVolume;

  /** Closes idle connections. No call may follow. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface VolumeInfo {
  /** The SKU, `Premium_LRS`; Azure's spelling. */
  readonly volumeType: string;
  /** Undefined where the SKU decides them, and for all of Azure's disks so far: the official plugin tells none. */
  readonly iops: bigint | undefined;
}

export interface VolumeFromSnapshot {
  readonly snapshotId: string;
  readonly volumeType: string;
  /** Empty for none. */
  readonly zone: string;
  readonly iops: bigint | undefined;
}

export interface SnapshotOfVolume {
  readonly volumeId: string;
  /** Empty for none. */
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
}
