import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import type { VolumeSnapshotterConfig } from "../../config/location-keys.ts";
import type { VolumeFromSnapshot } from "../snapshotter.ts";

export interface RestoreWish {
  /** The one that is restored: the first, or its copy in another region. */
  readonly snapshot: Snapshot;
  readonly request: VolumeFromSnapshot;
  readonly config: Pick<VolumeSnapshotterConfig, "restoreSkuMap" | "restoreZoneMap" | "diskEncryptionSetId">;
  /** Where the disk will be; another one than the disk's has other zones and perhaps not the same kinds. */
  readonly subscriptionId?: string | undefined;
}
