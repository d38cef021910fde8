import assert from "node:assert/strict";
import type {
  DiskSettings,
  SnapshotView,
} from "../../simulator/resource-manager/compute/compute-inventory.ts";
import type { DiskRecord } from "../../simulator/resource-manager/compute/records.ts";
import { formatResourceId } from "../../src/snapshot/resource-id.ts";
import { diskOf } from "../../src/snapshot/volume-spec.ts";
import type { AzureWorld, Part } from "./azure-world.ts";
import {
  type Estate,
  leastRoles,
  newEstate,
  somebody,
  type VolumeLocation,
  volumeLocation,
} from "./disk-world.ts";

type Words = Readonly<Record<string, string>>;
const { signal } = new AbortController();

export const DISK = "data";

/** Most of a test is waiting for Azure, and each has an estate of its own. */
export const SIDE_BY_SIDE = 6;

export interface Wishes {
  /** Of the location, beside its `resourceGroup`. */
  readonly config?: (estate: Estate) => Words;
  /** What the disk is, beside a Premium SSD in westeurope, written to once. */
  readonly disk?: (estate: Estate) => Partial<DiskSettings>;
  /** By their names, the scopes. Default: what is needed, and no more. */
  readonly roles?: (estate: Estate) => Readonly<Record<string, readonly string[]>>;
  readonly values?: Words;
  readonly cloud?: Part;
}

/** A disk in an estate of its own, and a location that is to back it up. */
export interface Scene {
  readonly world: AzureWorld;
  readonly estate: Estate;
  readonly location: VolumeLocation;
  readonly secret: string;
  /** Of who signs in. */
  readonly objectId: string;
  readonly diskId: string;
}

export async function scene(world: AzureWorld, wishes: Wishes = {}): Promise<Scene> {
  const { config, disk, roles = leastRoles, values, cloud } = wishes;
  const estate = newEstate(world);
  const { subscriptionId, disks } = estate;
  const settings = { subscriptionId, resourceGroup: disks, name: DISK, ...disk?.(estate) };
  const { id } = world.azure.inventory.addDisk(settings);
  world.azure.inventory.writeDisk(id);
  const who = somebody(world, roles(estate));
  const more = {
    ...(config === undefined ? {} : { config: config(estate) }),
    ...(cloud === undefined ? {} : { cloud }),
  };
  const location = await volumeLocation(world, estate, { values: { ...who.values, ...values }, ...more });
  const { secret, objectId } = who;
  return { world, estate, location, secret, objectId, diskId: id };
}

/** Takes a snapshot of the scene's disk as Velero does: it asks for the disk's type first. */
export async function take(
  { location: { volumes } }: Pick<Scene, "location">,
  backup = "nightly",
): Promise<{ readonly id: string; readonly volumeType: string }> {
  const { volumeType } = await volumes.volumeInfo(DISK, { signal });
  const tags = { "velero.io/backup": backup, "velero.io/pv": "pv-1" };
  const id = await volumes.createSnapshot({ volumeId: DISK, zone: "", tags }, { signal });
  return { id, volumeType };
}

/** Restores it as Velero does; resolves to the disk. */
export async function restore(
  { world, estate, location: { volumes } }: Pick<Scene, "world" | "estate" | "location">,
  taken: { readonly id: string; readonly volumeType: string },
  zone = "",
): Promise<DiskRecord> {
  const request = { snapshotId: taken.id, volumeType: taken.volumeType, zone, iops: undefined };
  const volumeId = await volumes.createVolumeFromSnapshot(request, { signal });
  const here = { subscriptionId: estate.subscriptionId, resourceGroup: estate.disks };
  const disk = world.azure.inventory.disk(formatResourceId("disks", diskOf(volumeId, here)));
  assert.ok(disk !== undefined, `there is no disk "${volumeId}"`);
  return disk;
}

export async function remove({ location: { volumes } }: Scene, snapshotId: string): Promise<void> {
  await volumes.deleteSnapshot(snapshotId, { signal });
}

/** A snapshot that must be there. */
export function snapshotAt({ world }: Pick<Scene, "world">, id: string): SnapshotView {
  const snapshot = world.azure.inventory.snapshot(id);
  assert.ok(snapshot !== undefined, `there is no snapshot "${id}"`);
  return snapshot;
}

/** The IDs of what a group of the estate has. */
export function snapshotsIn({ world, estate }: Scene, group: string): readonly string[] {
  return within(estate, group, world.azure.inventory.snapshots());
}

export function disksIn({ world, estate }: Scene, group: string): readonly string[] {
  return within(estate, group, world.azure.inventory.disks());
}

function within(
  { scopeOf }: Estate,
  group: string,
  all: readonly { readonly id: string }[],
): readonly string[] {
  const prefix = `${scopeOf(group)}/`.toLowerCase();
  return all.map(({ id }) => id).filter((id) => id.toLowerCase().startsWith(prefix));
}

/** What the plugin logged, at all levels: Velero shows errors and warnings of it in the backup's log. */
export async function logOf({ location }: Scene): Promise<string> {
  return location.plugin.stderr();
}
