import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { canceled, Failure } from "../errors/error.ts";
import { type ComputePlace, type ComputeResource, formatResourceId, parseResourceId } from "./resource-id.ts";
import type {
  CallOptions,
  SnapshotOfVolume,
  VolumeFromSnapshot,
  VolumeInfo,
  VolumeSnapshotter,
} from "./snapshotter.ts";
import { diskOf, type PersistentVolume, volumeIdOf, withVolumeId } from "./volume-spec.ts";

/** A disk that exists in memory alone. Its content is a number that each write counts up. */
export interface MemoryDisk {
  /** Resource ID. */
  readonly id: string;
  readonly sku: string;
  readonly zones: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly generation: number;
}

export interface MemorySnapshot {
  /** Resource ID. */
  readonly id: string;
  readonly disk: MemoryDisk;
  readonly tags: Readonly<Record<string, string>>;
  readonly purpose: string | undefined;
  /** Milliseconds since 1970. */
  readonly taken: number;
}

export interface MemoryPlaces {
  /** Where a volume ID that is a plain name means a disk, and where disks are restored to. */
  readonly disks: ComputePlace;
  readonly snapshots: ComputePlace;
}

/** How long a call for the same purpose counts as a repetition, and not as another backup of the same name. */
const REPETITION_MILLISECONDS = 120_000;

/**
 * Keeps disks and snapshots in this process's memory: the contract in its plainest form, for tests of what stands on a
 * snapshotter. `addDisk`, `writeDisk` and `removeDisk` are what a cluster does to its disks meanwhile.
 */
export class MemoryVolumeSnapshotter implements VolumeSnapshotter {
  readonly #places: MemoryPlaces;
  /** By resource ID in lower case, as the other. */
  readonly #disks = new Map<string, MemoryDisk>();
  readonly #snapshots = new Map<string, MemorySnapshot>();

  constructor(places: MemoryPlaces) {
    this.#places = places;
  }

  addDisk(disk: ComputeResource & Partial<Pick<MemoryDisk, "sku" | "zones" | "tags">>): MemoryDisk {
    const { subscriptionId, resourceGroup, name, ...traits } = disk;
    const id = formatResourceId("disks", { subscriptionId, resourceGroup, name });
    const made = { id, sku: "Premium_LRS", zones: [], tags: {}, generation: 0, ...traits };
    this.#disks.set(id.toLowerCase(), made);
    return made;
  }

  writeDisk(id: string): void {
    const disk = this.#diskAt(id, "write");
    this.#disks.set(id.toLowerCase(), { ...disk, generation: disk.generation + 1 });
  }

  removeDisk(id: string): void {
    this.#disks.delete(id.toLowerCase());
  }

  disks(): readonly MemoryDisk[] {
    return [...this.#disks.values()];
  }

  snapshots(): readonly MemorySnapshot[] {
    return [...this.#snapshots.values()];
  }

  async createVolumeFromSnapshot(request: VolumeFromSnapshot, { signal }: CallOptions): Promise<string> {
    const { snapshotId, volumeType, zone } = request;
    const what = `cannot restore snapshot ${JSON.stringify(snapshotId)}`;
    await alive(signal, what);
    const found = this.#snapshots.get(keyOfSnapshot(snapshotId, what));
    if (found === undefined) throw new Failure("NotFound", `${what}: there is no such snapshot`);
    const { disk, tags } = found;
    const name = `restore-${randomUUID()}`;
    const sku = volumeType === "" ? disk.sku : volumeType;
    const made = this.addDisk({ ...this.#places.disks, name, sku, zones: zonesOf(sku, zone, disk), tags });
    this.#disks.set(made.id.toLowerCase(), { ...made, generation: disk.generation });
    try {
      await alive(signal, what);
    } catch (error) {
      this.removeDisk(made.id);
      throw error;
    }
    return name;
  }

  async volumeInfo(volumeId: string, { signal }: CallOptions): Promise<VolumeInfo> {
    const what = "look up";
    await alive(signal, `cannot ${what} disk ${JSON.stringify(volumeId)}`);
    const { sku } = this.#diskAt(this.#idOf(volumeId), what);
    return { volumeType: sku, iops: undefined };
  }

  async createSnapshot(request: SnapshotOfVolume, { signal }: CallOptions): Promise<string> {
    const what = `cannot snapshot disk ${JSON.stringify(request.volumeId)}`;
    await alive(signal, what);
    const id = this.#idOf(request.volumeId);
    const disk = this.#diskAt(id, "snapshot");
    const purpose = purposeOf(id, request.tags);
    const snapshot = this.#takenFor(purpose) ?? this.#take(disk, purpose, request.tags);
    // Its point in time stands: a caller who gives up now gets the same one when it asks again.
    await alive(signal, what);
    return snapshot.id;
  }

  async deleteSnapshot(snapshotId: string, { signal }: CallOptions): Promise<void> {
    const what = `cannot delete snapshot ${JSON.stringify(snapshotId)}`;
    await alive(signal, what);
    if (snapshotId === "") return;
    this.#snapshots.delete(keyOfSnapshot(snapshotId, what));
  }

  volumeIdOf(volume: PersistentVolume): string {
    return volumeIdOf(volume, this.#places.disks);
  }

  withVolumeId(volume: PersistentVolume, volumeId: string): PersistentVolume {
    return withVolumeId(volume, volumeId, this.#places.disks);
  }

  async close(): Promise<void> {}

  #take(disk: MemoryDisk, purpose: string | undefined, veleroTags: MemoryDisk["tags"]): MemorySnapshot {
    const name = `${disk.id.slice(disk.id.lastIndexOf("/") + 1)}-${randomUUID()}`;
    const id = formatResourceId("snapshots", { ...this.#places.snapshots, name });
    const velero = Object.entries(veleroTags).map(([tag, value]) => [tag.replaceAll("/", "-"), value]);
    const tags = { ...disk.tags, ...Object.fromEntries(velero) };
    const snapshot = { id, disk, tags, purpose, taken: Date.now() };
    this.#snapshots.set(id.toLowerCase(), snapshot);
    return snapshot;
  }

  #takenFor(purpose: string | undefined): MemorySnapshot | undefined {
    if (purpose === undefined) return undefined;
    const since = Date.now() - REPETITION_MILLISECONDS;
    return this.snapshots().find((snapshot) => snapshot.purpose === purpose && snapshot.taken >= since);
  }

  #idOf(volumeId: string): string {
    return formatResourceId("disks", diskOf(volumeId, this.#places.disks));
  }

  #diskAt(id: string, action: string): MemoryDisk {
    const disk = this.#disks.get(id.toLowerCase());
    if (disk === undefined) throw new Failure("NotFound", `cannot ${action} disk "${id}": it does not exist`);
    return disk;
  }
}

/** Lets others go on, and throws when the caller has left. */
async function alive(signal: AbortSignal, what: string): Promise<void> {
  await turn();
  if (signal.aborted) throw canceled(what, signal.reason);
}

function keyOfSnapshot(snapshotId: string, what: string): string {
  const snapshot = parseResourceId("snapshots", snapshotId);
  if (snapshot === undefined) {
    throw new Failure("InvalidArgument", `${what}: that is not the resource ID of a snapshot`);
  }
  return formatResourceId("snapshots", snapshot).toLowerCase();
}

function purposeOf(diskId: string, tags: Readonly<Record<string, string>>): string | undefined {
  const { "velero.io/backup": backup, "velero.io/pv": volume } = tags;
  return backup === undefined || volume === undefined
    ? undefined
    : JSON.stringify([diskId.toLowerCase(), backup, volume]);
}

/** Velero names a zone as the nodes' label does: `westeurope-2`. */
function zonesOf(sku: string, zone: string, disk: MemoryDisk): readonly string[] {
  if (sku.endsWith("_ZRS")) return [];
  if (zone === "") return disk.zones;
  const [, number] = /-(\d+)$/.exec(zone) ?? [];
  return number === undefined ? [] : [number];
}
