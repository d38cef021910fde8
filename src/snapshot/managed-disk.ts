import { deleteDisk, findDisk } from "../azure/resource-manager/disk.ts";
import { DiskReads } from "./take/disk-reads.ts";
import { removeSnapshot } from "./remove-snapshot.ts";
import { formatResourceId } from "./resource-id.ts";
import { restoreDisk } from "./restore/restore-disk.ts";
import type { SnapshotterParts } from "./snapshotter-parts.ts";
import type {
  CallOptions,
  SnapshotOfVolume,
  VolumeFromSnapshot,
  VolumeInfo,
  VolumeSnapshotter,
} from "./snapshotter.ts";
import { takeSnapshot } from "./take/take-snapshot.ts";
import { apiLimit, within } from "./waiting/time-limit.ts";
import { type AbandonedDisk, UnfinishedRestores } from "./restore/unfinished-restores.ts";
import type { RestoredDisk } from "./restore/volume-place.ts";
import { diskOf, type PersistentVolume, volumeIdOf, withVolumeId } from "./volume-spec.ts";

export interface ManagedDiskOptions extends SnapshotterParts {
  readonly close: () => void;
}

/** States of disks that a machine has, which Velero must have been told of. */
const USED: ReadonlySet<string> = new Set(["attached", "reserved", "frozen"]);

/** Azure's managed disks. Each operation is in a file of its own. */
export class ManagedDiskSnapshotter implements VolumeSnapshotter {
  readonly #parts: ManagedDiskOptions;
  readonly #reads: DiskReads;
  readonly #unfinished: UnfinishedRestores;
  /** By volume ID. Velero puts a disk into its volume right after this process has made it. */
  readonly #restored = new Map<string, RestoredDisk>();
  #tidied: Promise<void> | undefined;

  constructor(parts: ManagedDiskOptions) {
    this.#parts = parts;
    this.#reads = new DiskReads(parts);
    this.#unfinished = new UnfinishedRestores(parts);
  }

  async volumeInfo(volumeId: string, { signal }: CallOptions): Promise<VolumeInfo> {
    return await this.#tidying(signal, async () => {
      const { sku } = await this.#reads.read(diskOf(volumeId, this.#parts.disks), signal);
      return { volumeType: sku, iops: undefined };
    });
  }

  async createSnapshot(request: SnapshotOfVolume, { signal }: CallOptions): Promise<string> {
    return await this.#tidying(signal, () => takeSnapshot(this.#parts, this.#reads, request, signal));
  }

  async createVolumeFromSnapshot(request: VolumeFromSnapshot, { signal }: CallOptions): Promise<string> {
    return await this.#tidying(signal, async () => {
      const { volumeId, disk } = await restoreDisk(this.#parts, this.#unfinished, request, signal);
      this.#restored.set(volumeId, disk);
      return volumeId;
    });
  }

  async deleteSnapshot(snapshotId: string, { signal }: CallOptions): Promise<void> {
    await this.#tidying(signal, () => removeSnapshot(this.#parts, snapshotId, signal));
  }

  volumeIdOf(volume: PersistentVolume): string {
    return volumeIdOf(volume, this.#parts.disks);
  }

  withVolumeId(volume: PersistentVolume, volumeId: string): PersistentVolume {
    const { disks } = this.#parts;
    const changed = withVolumeId(volume, volumeId, disks, this.#restored.get(volumeId));
    this.#unfinished.confirm(diskOf(volumeId, disks).name);
    return changed;
  }

  async close(): Promise<void> {
    this.#parts.close();
  }

  /** The first call also deletes what processes that were killed have left, side by side with its own work. */
  async #tidying<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const tidied = (this.#tidied ??= this.#tidy(signal));
    try {
      return await work();
    } finally {
      await tidied;
    }
  }

  /** Never rejects: what is left is no fault of the call that finds it. */
  async #tidy(signal: AbortSignal): Promise<void> {
    const { clock, config, logger } = this.#parts;
    for (const abandoned of this.#unfinished.abandoned()) {
      const { id } = abandoned;
      const fields = { phase: "tidy", diskId: formatResourceId("disks", id) };
      const limit = { clock, limit: apiLimit(config), what: `delete disk "${id.name}"` };
      try {
        const found = await within(limit, signal, (limited) => this.#setRight(abandoned, limited));
        if (found === "deleted") {
          logger.log("info", "deleted the disk of a restore whose process was killed", fields);
        } else if (found === "unclear") {
          const message = `a process was killed as it told Velero of disk "${id.name}": if no PersistentVolume has the disk, delete it`;
          logger.log("warn", message, fields);
        }
      } catch (error) {
        const message =
          "cannot delete the disk of a restore whose process was killed: it is tried again later";
        logger.log("warn", message, { ...fields, error });
      }
    }
  }

  /** One that may still come is left to a later process; one that a machine has, to that; one that Velero may know, to people. */
  async #setRight(
    { id, mayCome, told, remove }: AbandonedDisk,
    signal: AbortSignal,
  ): Promise<"nothing" | "deleted" | "unclear"> {
    const manager = await this.#parts.manager(signal);
    const disk = await findDisk(manager, id, signal);
    const used = USED.has(disk?.diskState?.toLowerCase() ?? "");
    const unclaimed = disk !== undefined && !used;
    if (unclaimed && !told) await deleteDisk(manager, id, signal);
    if (disk !== undefined || !mayCome || told) remove();
    return unclaimed ? (told ? "unclear" : "deleted") : "nothing";
  }
}
