import type { NewDisk } from "../azure/resource-manager/disk.ts";
import type { DiskSku } from "../azure/resource-manager/disk-skus.ts";
import type { Snapshot } from "../azure/resource-manager/snapshot.ts";
import type { VolumeSnapshotterConfig } from "../config/location-keys.ts";
import type { VolumeFromSnapshot } from "./snapshotter.ts";

export interface RestoreWish {
  /** The one that is restored: the first, or its copy in another region. */
  readonly snapshot: Snapshot;
  readonly request: VolumeFromSnapshot;
  readonly config: Pick<
    VolumeSnapshotterConfig,
    "restoreSkuMap" | "restoreZoneMap" | "diskEncryptionSetId"
  >;
}

export interface RestorePlan {
  readonly disk: NewDisk;
  /** What of the disk cannot come back as it was, and why; for the log at warn. */
  readonly warnings: readonly string[];
  /**
   * Whether kind, zone or region differ from what there was once, so that it must be asked whether the region has them;
   * otherwise the disk itself is the proof.
   */
  readonly unproven: boolean;
}

/**
 * The disk to make: as the record in the snapshot's tags has it, with the kind and zone that Velero asks for, changed by
 * the location's maps. Pure.
 *
 * Throws `Failure`: FailedPrecondition for what Azure would refuse whatever the region has (a snapshot with 4096-byte sectors
 * to a kind without them, a customer's key that is in another region), DataLoss for a damaged record.
 */
export declare function planRestore(wish: RestoreWish): RestorePlan;

/** Throws `Failure` FailedPrecondition when the region has no such kind of disk, or not in the zone. Pure. */
export declare function checkAvailable(plan: RestorePlan, skus: readonly DiskSku[]): void;
