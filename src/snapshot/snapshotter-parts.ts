import type { Clock } from "../azure/http/pipeline.ts";
import type { ResourceManager } from "../azure/resource-manager/resource-manager.ts";
import type { VolumeSnapshotterConfig } from "../config/location-keys.ts";
import type { Logger } from "../log/logger.ts";
import type { ComputePlace } from "./resource-id.ts";

/** What the operations of managed-disk.ts share; each has a file of its own. */
export interface SnapshotterParts {
  readonly config: VolumeSnapshotterConfig;
  /** Where the cluster's disks are; a volume ID that is a plain name means a disk there. */
  readonly disks: ComputePlace;
  /** Where snapshots go. */
  readonly snapshots: ComputePlace;
  /** Where disks are restored to. */
  readonly restores: ComputePlace;
  /** The Resource Manager of the location's cloud, which may have to be found first. */
  readonly manager: (signal: AbortSignal) => Promise<ResourceManager>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Where this Velero runs; empty where nobody tells. */
  readonly veleroNamespace: string;
  /** The folder for temporary files. */
  readonly temporaryFolder: string;
}
