import type { PersistentVolume } from "./volume-spec.ts";

/**
 * Takes snapshots of disks and makes disks of them: the contract of Velero's VolumeSnapshotter (its
 * pkg/plugin/velero/volumesnapshotter/v1) in this project's words.
 *
 * - A *volume ID* names a disk, a *snapshot ID* a snapshot. Both are kept in backups for years: what older versions
 *   or the official plugin wrote must be understood for ever.
 * - `volumeIdOf` and `withVolumeId` are pure: no request, no waiting. The other calls make requests and may run
 *   side by side. When their signal fires they end soon, with a `Failure` Canceled that has `signal.reason` for its cause and
 *   names what was begun; only a restore first does away with its disk.
 * - Everything thrown is a `Failure`: NotFound for a disk or snapshot that does not exist, PermissionDenied with the
 *   role that is missing, InvalidArgument for an ID or volume that cannot be understood, FailedPrecondition for what the
 *   service or the location's config rules out, ResourceExhausted for a limit of the service's, DeadlineExceeded for what
 *   took longer than the location allows. It names the disk or snapshot, and what is left of a call that failed.
 */
export interface VolumeSnapshotter {
  /**
   * Makes a disk of a snapshot and resolves to its volume ID; done when the disk can be attached. `volumeType` is the disk's
   * SKU, `zone` where it belongs, as Velero kept them from `volumeInfo`; `iops` only for SKUs that let it be chosen. Waits
   * until all data of the snapshot can be restored, however long ago it was taken.
   *
   * Each call makes a disk of its own. One that fails or is cancelled leaves none: where the disk cannot be deleted, the error
   * names it; where the process is killed, the next one deletes it.
   */
  createVolumeFromSnapshot(request: VolumeFromSnapshot, options: CallOptions): Promise<string>;

  /** What must be known of a disk to make another like it. */
  volumeInfo(volumeId: string, options: CallOptions): Promise<VolumeInfo>;

  /**
   * Takes a snapshot and resolves to its ID. Done when its point in time is safe: what is written to the disk from then on is
   * not in it, although data may still be copied in the background. The tags are Velero's; the disk's and the
   * location's are added.
   *
   * The point in time is never earlier than the location's time limit for one operation (apiTimeout) before the call. Within
   * that, the tags of one backup and volume mean one snapshot: the call after one that was killed, timed out or was cancelled
   * goes on with what that one began. Nothing is deleted by a call that fails: what was begun is good, or is named by the error.
   */
  createSnapshot(request: SnapshotOfVolume, options: CallOptions): Promise<string>;

  /**
   * Deletes a snapshot and its copies; what is not there counts as deleted, everything else that hinders it is an error. May
   * be repeated after one.
   */
  deleteSnapshot(snapshotId: string, options: CallOptions): Promise<void>;

  /** The volume ID of a PersistentVolume; empty when it is not a disk of this kind. */
  volumeIdOf(volume: PersistentVolume): string;

  /**
   * The PersistentVolume with another disk in it. When this snapshotter made the disk, the volume is also bound to the zone and
   * region where that is, if those are others than before.
   */
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
