import { volumeIdOf } from "../../src/snapshot/volume-spec.ts";
import {
  type DiskWorld,
  diskWorld,
  grantTo,
  LIMITED,
  NODES,
  OTHER_SUBSCRIPTION,
  restore,
  take,
} from "../snapshot/world.ts";

type Act = (world: DiskWorld) => Promise<unknown>;

/** What is told of disks and snapshots, each refusal in a world of its own. */
export async function diskFailures(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const act of [...takings, ...restores]) {
    const cleanUps: (() => unknown)[] = [];
    const world = await diskWorld({ after: (cleanUp) => void cleanUps.push(cleanUp as () => unknown) });
    const failure = await act(world).then(
      () => undefined,
      (error: unknown) => error,
    );
    for (const cleanUp of cleanUps) cleanUp();
    if (failure === undefined) throw new Error(`this was no failure: ${act.toString()}`);
    found.push(failure);
  }
  return [...found, ...volumeFailures()];
}

const takings: readonly Act[] = [
  withoutPlace,
  async (world) => take(await world.open(), "d1"),
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    return take(await world.open({ as: LIMITED }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    grantTo(world, LIMITED, "Reader");
    return take(await world.open({ as: LIMITED }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    return take(await world.open({ config: { resourceGroup: "nowhere" } }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    const config = { incremental: "true", subscriptionId: OTHER_SUBSCRIPTION };
    return take(await world.open({ config }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS" });
    return take(await world.open({ config: { incremental: "false" } }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    world.inventory.setComputePace({ snapshot: 10 * 60_000 });
    return take(await world.open({ config: { apiTimeout: "30s" } }), "d1");
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    world.faults.add({
      service: "resource-manager",
      operation: "snapshots/create",
      effect: { kind: "throttle", retryAfterSeconds: 600 },
    });
    return take(await world.open(), "d1");
  },
];

const restores: readonly Act[] = [
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1" });
    const snapshotter = await world.open();
    const id = await take(snapshotter, "d1");
    await snapshotter.deleteSnapshot(id, { signal: new AbortController().signal });
    return restore(snapshotter, id);
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS", zones: ["1"] });
    const snapshotter = await world.open({ config: { restoreSkuMap: "UltraSSD_LRS=Premium_LRS" } });
    return restore(snapshotter, await take(snapshotter, "d1"), { volumeType: "UltraSSD_LRS" });
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS", zones: ["1"] });
    world.inventory.setComputePace({ backgroundCopy: 3_600_000 });
    const snapshotter = await world.open({ config: { copyTimeout: "5m" } });
    return restore(snapshotter, await take(snapshotter, "d1"), { volumeType: "PremiumV2_LRS" });
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS", zones: ["1"] });
    const snapshotter = await world.open();
    world.inventory.setComputePace({ backgroundCopy: 3_600_000 });
    world.inventory.failCopies();
    return restore(snapshotter, await take(snapshotter, "d1"), { volumeType: "PremiumV2_LRS" });
  },
  async (world) => {
    world.inventory.addDisk({ ...NODES, name: "d1", zones: ["1"] });
    const snapshotter = await world.open({ config: { restoreZoneMap: "1=9" } });
    return restore(snapshotter, await take(snapshotter, "d1"), { zone: "westeurope-1" });
  },
  async (world) => {
    const set = world.inventory.addDiskEncryptionSet({ ...NODES, name: "key" });
    const encryption = { type: set.encryptionType, diskEncryptionSetId: set.id };
    world.inventory.addDisk({ ...NODES, name: "d1", encryption });
    const snapshotter = await world.open();
    const id = await take(snapshotter, "d1");
    delete world.inventory.state.diskEncryptionSets[set.id.toLowerCase()];
    return restore(snapshotter, id);
  },
];

/** A credentials file without the two lines that say where disks are. */
async function withoutPlace(world: DiskWorld): Promise<unknown> {
  return world.open({ config: { credentialsFile: "" } });
}

function volumeFailures(): unknown[] {
  const volumes = [
    {
      azureDisk: {
        kind: "Dedicated",
        diskName: "d1.vhd",
        diskURI: "https://a.blob.core.windows.net/vhds/d1.vhd",
      },
    },
    { csi: { driver: "disk.csi.azure.com", volumeHandle: "d1" } },
  ];
  return volumes.map((spec) => {
    try {
      return volumeIdOf({ metadata: { name: "pv-1" }, spec }, NODES);
    } catch (error) {
      return error;
    }
  });
}
