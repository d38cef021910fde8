import { getDisk } from "../azure/resource-manager/disk.ts";
import type { ResourceManager } from "../azure/resource-manager/resource-manager.ts";
import { canceled, Failure } from "../errors/error.ts";
import type { ComputePlace } from "./resource-id.ts";
import type { CallOptions, VolumeInfo, VolumeSnapshotter } from "./snapshotter.ts";
import { diskOf, type PersistentVolume, volumeIdOf, withVolumeId } from "./volume-spec.ts";

export interface ManagedDiskOptions {
  /** Where the cluster's disks are; a volume ID that is a plain name means a disk there. */
  readonly disks: ComputePlace;
  /** The Resource Manager of the location's cloud, which may have to be found first. */
  readonly manager: (signal: AbortSignal) => Promise<ResourceManager>;
  readonly close: () => void;
}

/** Azure's managed disks. */
export class ManagedDiskSnapshotter implements VolumeSnapshotter {
  readonly #options: ManagedDiskOptions;

  constructor(options: ManagedDiskOptions) {
    this.#options = options;
  }

  async volumeInfo(volumeId: string, { signal }: CallOptions): Promise<VolumeInfo> {
    const { disks, manager } = this.#options;
    const disk = diskOf(volumeId, disks);
    try {
      const { sku } = await getDisk(await manager(signal), disk, signal);
      return { volumeType: sku, iops: undefined };
    } catch (error) {
      throw signal.aborted ? canceled(`cannot look up disk "${disk.name}"`, signal.reason) : error;
    }
  }

  volumeIdOf(volume: PersistentVolume): string {
    return volumeIdOf(volume, this.#options.disks);
  }

  withVolumeId(volume: PersistentVolume, volumeId: string): PersistentVolume {
    return withVolumeId(volume, volumeId, this.#options.disks);
  }

  async createVolumeFromSnapshot(): Promise<never> {
    throw notYet("make a disk of a snapshot");
  }

  async createSnapshot(): Promise<never> {
    throw notYet("snapshot an Azure disk");
  }

  async deleteSnapshot(): Promise<never> {
    throw notYet("delete a snapshot");
  }

  async close(): Promise<void> {
    this.#options.close();
  }
}

function notYet(what: string): Failure {
  return new Failure("Unimplemented", `cannot ${what}: this version of velero-azure stores objects only`, {
    hint: "back up without disk snapshots (velero backup create --snapshot-volumes=false), or use Velero's file-system backup",
  });
}
