import { setTimeout as sleep } from "node:timers/promises";
import { describeVolumeSnapshotter } from "../conformance/volume-snapshotter.ts";
import { simulatedDisks } from "../conformance/volumes/simulated-disks.ts";
import { startAzureWorld } from "./azure-world.ts";
import { newEstate, somebody, volumeLocation } from "./disk-world.ts";

describeVolumeSnapshotter(
  "the executable, driven by Velero's client",
  async () => {
    const world = await startAzureWorld();
    const estate = newEstate(world);
    const { subscriptionId, disks, restores } = estate;
    const { values } = somebody(world, { Contributor: [`/subscriptions/${subscriptionId}`] });
    const { volumes } = await volumeLocation(world, estate, { values });
    return {
      snapshotter: volumes,
      disks: simulatedDisks(world.azure.inventory),
      here: { subscriptionId, resourceGroup: disks },
      elsewhere: { subscriptionId, resourceGroup: restores },
      close: async () => world[Symbol.asyncDispose](),
    };
  },
  { beat: () => sleep(5), concurrency: 8 },
);
