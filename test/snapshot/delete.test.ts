import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { BACKUPS, diskWorld, FAR, NODES, OTHER_SUBSCRIPTION, take } from "./world.ts";

const { signal } = new AbortController();
const COPY = { copyToRegion: "northeurope", copyResourceGroup: FAR.resourceGroup };
const REFUSED = { kind: "fail", status: 409, code: "ScopeLocked", message: "It is locked." } as const;

async function withSnapshot(t: TestContext, config: Readonly<Record<string, string>> = {}) {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open({ config });
  return { world, snapshotter, snapshot: await take(snapshotter, "d1") };
}

test("a snapshot without a copy is deleted with one look and one deletion", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  const asked = await world.asking(() => snapshotter.deleteSnapshot(snapshot, { signal }));
  const name = snapshot.slice(snapshot.lastIndexOf("/") + 1);
  assert.deepEqual(asked.slice(0, 2), [`GET snapshots/${name}`, `DELETE snapshots/${name}`]);
  assert.deepEqual(world.inventory.snapshots(), []);
});

test("a snapshot that is not there counts as deleted, and so does one whose group is gone", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  await snapshotter.deleteSnapshot(snapshot, { signal });
  await snapshotter.deleteSnapshot(snapshot, { signal });
  await snapshotter.deleteSnapshot(snapshot.replace("/backups/", "/nowhere/"), { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
});

test("a snapshot is deleted in the subscription that its ID names", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t, { subscriptionId: OTHER_SUBSCRIPTION });
  assert.ok(snapshot.includes(OTHER_SUBSCRIPTION));
  await (await world.open()).deleteSnapshot(snapshot, { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
  void snapshotter;
});

test("the copy that the record names is deleted, too, by a location that knows of no copies", async (t) => {
  const { world, snapshot } = await withSnapshot(t, COPY);
  assert.equal(world.inventory.snapshots().length, 2);
  await (await world.open()).deleteSnapshot(snapshot, { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
});

test("the copy of a snapshot that is gone is deleted where the location says copies are", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t, COPY);
  delete world.inventory.state.snapshots[snapshot.toLowerCase()];
  await snapshotter.deleteSnapshot(snapshot, { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
});

test("a copy that is gone already is no trouble", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t, COPY);
  for (const { id, location } of world.inventory.snapshots()) {
    if (location === "northeurope") delete world.inventory.state.snapshots[id.toLowerCase()];
  }
  await snapshotter.deleteSnapshot(snapshot, { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
});

test("a copy that cannot be deleted is an error, and a later call deletes both", async (t) => {
  for (const config of [COPY, {}]) {
    const { world, snapshot } = await withSnapshot(t, COPY);
    const snapshotter = await world.open({ config });
    world.faults.add({ service: "resource-manager", operation: "snapshots/delete", effect: REFUSED });
    await assert.rejects(snapshotter.deleteSnapshot(snapshot, { signal }), { code: "FailedPrecondition" });
    world.faults.assertSpent();
    assert.ok(world.inventory.snapshots().length > 0);
    await snapshotter.deleteSnapshot(snapshot, { signal });
    assert.deepEqual(world.inventory.snapshots(), []);
  }
});

test("when neither can be deleted, both are told", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t, COPY);
  world.faults.add({ service: "resource-manager", operation: "snapshots/delete", effect: REFUSED, count: 2 });
  const name = snapshot.slice(snapshot.lastIndexOf("/") + 1);
  await assert.rejects(snapshotter.deleteSnapshot(snapshot, { signal }), {
    code: "FailedPrecondition",
    message: new RegExp(`"${name}".*"${name}-northeurope"`),
  });
});

test("a deletion that is refused is an error that names the snapshot", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  world.faults.add({ service: "resource-manager", operation: "snapshots/delete", effect: REFUSED });
  await assert.rejects(snapshotter.deleteSnapshot(snapshot, { signal }), {
    code: "FailedPrecondition",
    message: /snapshot "d1-/,
  });
});

test("a deletion that takes longer than apiTimeout is an error that names the snapshot", async (t) => {
  const { world, snapshot } = await withSnapshot(t);
  world.inventory.setComputePace({ deletion: 3_600_000 });
  const snapshotter = await world.open({ config: { apiTimeout: "1m" } });
  await assert.rejects(snapshotter.deleteSnapshot(snapshot, { signal }), {
    code: "DeadlineExceeded",
    message: /"d1-/,
  });
});

test("the official plugin's snapshots are deleted", async (t) => {
  const world = await diskWorld(t);
  const disk = world.inventory.addDisk({ ...NODES, name: "d1" });
  const { id } = world.inventory.addSnapshot({ ...BACKUPS, name: "s1", sourceResourceId: disk.id });
  await (await world.open()).deleteSnapshot(id, { signal });
  assert.deepEqual(world.inventory.snapshots(), []);
});
