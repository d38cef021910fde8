import type { ComputePlace, ComputeResource } from "../../../src/snapshot/resource-id.ts";
import type { VolumeSnapshotter } from "../../../src/snapshot/snapshotter.ts";
import type { PersistentVolume } from "../../../src/snapshot/volume-spec.ts";

/** A snapshotter whose pure calls may have to cross a process: through Velero's client they are calls like the others. */
export type AnySnapshotter = Omit<VolumeSnapshotter, "volumeIdOf" | "withVolumeId"> & {
  volumeIdOf(volume: PersistentVolume): string | Promise<string>;
  withVolumeId(volume: PersistentVolume, volumeId: string): PersistentVolume | Promise<PersistentVolume>;
};

export interface SeenDisk {
  readonly sku: string;
  readonly zones: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Which of its states the disk holds: counted up by each write. */
  readonly generation: number;
}

export interface SeenSnapshot {
  /** Resource ID. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The disks behind the snapshotter's back: what a cluster does to them, and what became of them. IDs are resource IDs. */
export interface Disks {
  addDisk(disk: ComputeResource & Partial<Omit<SeenDisk, "generation">>): void;
  writeDisk(id: string): void;
  removeDisk(id: string): void;
  /** Undefined where there is none, and while one is only being made. */
  disk(id: string): SeenDisk | undefined;
  /** The IDs of all disks, being made or not, that were restored of a volume: they have Velero's tag of it. */
  restoredOf(volume: string): readonly string[];
  snapshots(): readonly SeenSnapshot[];
}

export interface SnapshotterUnderTest {
  readonly snapshotter: AnySnapshotter;
  readonly disks: Disks;
  /** Where the location's disks are: a volume ID that is a plain name means one there. */
  readonly here: ComputePlace;
  /** Another place whose disks the location may use. */
  readonly elsewhere: ComputePlace;
  close(): Promise<void>;
}

export interface VolumeCapabilities {
  /** A short while in which a call gets a little further; calls are cancelled after 0, 1, 2, … of them. */
  readonly beat: () => Promise<unknown>;
  /** How many tests may run at once; more than one where most of a test is waiting. Default: 1. */
  readonly concurrency?: number;
}

export interface VolumeSubject extends Omit<SnapshotterUnderTest, "close"> {
  /** A name that no other test has. */
  readonly fresh: (name: string) => string;
}
