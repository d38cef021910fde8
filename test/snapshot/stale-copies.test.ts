import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { diskWorld, FAR, NODES, restore, take } from "./world.ts";

const COPY = { copyToRegion: "North Europe", copyResourceGroup: FAR.resourceGroup };
const THERE = { restoreResourceGroup: FAR.resourceGroup };

/** A copy is left whose first snapshot was deleted by hand; then a backup of the same name is made, with newer data. */
async function withStaleCopy(t: TestContext) {
  const world = await diskWorld(t);
  const { id: diskId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  const first = await take(await world.open({ config: COPY }), "d1");
  const stale = world.inventory.snapshots().find(({ location }) => location === "northeurope");
  assert.ok(stale !== undefined);
  delete world.inventory.state.snapshots[first.toLowerCase()];
  world.inventory.writeDisk(diskId);
  world.clock.advance(3_600_000);
  return { world, stale };
}

test("a copy of an earlier snapshot of the same name is not taken for the new one's", async (t) => {
  const { world, stale } = await withStaleCopy(t);
  const id = await take(await world.open({ config: COPY }), "d1");
  assert.equal(world.inventory.snapshot(id)?.generation, 1);
  assert.equal(world.inventory.snapshot(stale.id)?.generation, 0);
  assert.match(world.said("error").join(), /no copy in northeurope.*earlier/);
});

test("a copy of an earlier snapshot of the same name is not restored in the new one's place", async (t) => {
  const { world } = await withStaleCopy(t);
  const id = await take(await world.open({ config: COPY }), "d1");
  const volumeId = await restore(await world.open({ config: { ...COPY, ...THERE } }), id);
  const disk = world.inventory.disks().find((each) => volumeId.endsWith(each.name));
  assert.deepEqual([disk?.generation, disk?.location], [1, "westeurope"]);
  assert.match(world.said("warn").join(), /earlier snapshot/);
});
