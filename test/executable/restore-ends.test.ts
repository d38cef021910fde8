import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { HostedPlugin } from "../host/host.ts";
import { untilEnded } from "../host/process.ts";
import { type AzureWorld, startAzureWorld } from "./azure-world.ts";
import { newEstate, somebody, volumeLocation } from "./disk-world.ts";
import { listenTo } from "./kill-points.ts";

const { signal } = new AbortController();
const PATIENCE = 20_000;
/** By the simulated clock: the disk is never there before the test says so. */
const PACE = 5 * 60_000;

const ends: readonly (readonly [how: string, end: (plugin: HostedPlugin) => Promise<unknown>])[] = [
  ["Velero is done with the plugin", (plugin) => plugin.end()],
  ["the plugin gets SIGTERM", async ({ pid }) => process.kill(pid, "SIGTERM")],
];

describe("a restore under way", () => {
  let world: AzureWorld;
  before(async () => {
    world = await startAzureWorld();
    world.azure.inventory.setComputePace({ disk: PACE });
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [how, end] of ends) {
    test(`deletes its disk when ${how}, before the process ends`, async () => {
      const { inventory, clock } = world.azure;
      const estate = newEstate(world);
      const { subscriptionId, disks } = estate;
      inventory.addDisk({ subscriptionId, resourceGroup: disks, name: "data" });
      const { values } = somebody(world, { Contributor: [`/subscriptions/${subscriptionId}`] });
      const { volumes, plugin } = await volumeLocation(world, estate, { values });
      const tags = { "velero.io/backup": "nightly", "velero.io/pv": "pv-1" };
      const snapshotId = await volumes.createSnapshot({ volumeId: "data", zone: "", tags }, { signal });
      const accepted = Promise.withResolvers<void>();
      const ear = listenTo(world, estate, (heard) => {
        if (heard.at(-1) === `disks/create in ${disks} answered`) accepted.resolve();
        // Azure deletes no disk that it is making.
        if (heard.at(-1) === `disks/delete in ${disks} arrived`) clock.advance(PACE);
      });
      const wish = { snapshotId, volumeType: "Premium_LRS", zone: "", iops: undefined };
      const restored = volumes.createVolumeFromSnapshot(wish, { signal }).catch((error: unknown) => error);
      await accepted.promise;
      await end(plugin);
      await untilEnded(plugin.pid, PATIENCE);
      ear.stop();
      assert.ok((await restored) instanceof Error);
      const names = inventory.disks().filter(({ id }) => id.includes(subscriptionId));
      assert.deepEqual(
        names.map(({ name }) => name),
        ["data"],
      );
    });
  }
});
