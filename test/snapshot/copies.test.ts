import assert from "node:assert/strict";
import { test } from "node:test";
import { type DiskWorld, diskWorld, FAR, NODES, OTHER_SUBSCRIPTION, take } from "./world.ts";

const COPY = { copyToRegion: "North Europe", copyResourceGroup: FAR.resourceGroup };

function farSnapshots({ inventory }: DiskWorld) {
  return inventory.snapshots().filter(({ location }) => location === "northeurope");
}

test("a snapshot is copied to the other region with the same tags, and its data is not waited for", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ regionCopy: 3_600_000 });
  const id = await take(await world.open({ config: COPY }), "d1");
  const [copy, ...others] = farSnapshots(world);
  assert.ok(copy !== undefined);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [copy.sourceResourceId, copy.incremental, copy.createOption, copy.id.split("/")[4]],
    [id, true, "CopyStart", FAR.resourceGroup],
  );
  assert.deepEqual(copy.tags, world.inventory.snapshot(id)?.tags);
  assert.ok(copy.completionPercent < 100);
});

for (const [policy, closed] of [
  ["AllowAll", false],
  ["AllowPrivate", true],
  ["DenyAll", true],
] as const) {
  test(`nobody exports from the snapshots of a disk with ${policy} what the disk keeps in: ${closed}`, async (t) => {
    const world = await diskWorld(t);
    const access =
      policy === "AllowPrivate"
        ? { diskAccessId: world.inventory.addDiskAccess({ ...NODES, name: "a" }).id }
        : {};
    world.inventory.addDisk({ ...NODES, name: "d1", networkAccessPolicy: policy, ...access });
    const first = world.inventory.snapshot(await take(await world.open({ config: COPY }), "d1"));
    const wanted = closed ? ["DenyAll", "Disabled"] : ["AllowAll", "Enabled"];
    for (const each of [first, ...farSnapshots(world)])
      assert.deepEqual([each?.networkAccessPolicy, each?.publicNetworkAccess], wanted);
  });
}

test("with waitForCopy the copy's data is waited for, with progress in the log", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ regionCopy: 3_600_000 });
  const begun = world.clock.now();
  await take(await world.open({ config: { ...COPY, waitForCopy: "true" } }), "d1");
  const [copy] = farSnapshots(world);
  assert.equal(copy?.completionPercent, 100);
  const waited = world.clock.now() - begun;
  assert.ok(waited >= 3_600_000 && waited < 3_700_000, String(waited));
  const told = world.lines.filter(({ fields }) => fields["phase"] === "copying");
  assert.ok(told.length >= 10 && told.length <= 62, String(told.length));
  assert.equal(told[0]?.level, "info");
});

test("a Premium SSD v2 disk's snapshot is copied when its own data is there", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 480_000 });
  const begun = world.clock.now();
  await take(await world.open({ config: COPY }), "d1");
  assert.equal(farSnapshots(world).length, 1);
  assert.ok(world.clock.now() - begun >= 480_000);
});

test("a Premium SSD v2 disk's snapshot without a copy is done when Azure has taken it", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 480_000 });
  const id = await take(await world.open(), "d1");
  assert.ok((world.inventory.snapshot(id)?.completionPercent ?? 100) < 100);
});

test("data that takes longer than copyTimeout is an error that names the snapshot, which is left", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 7_200_000 });
  const config = { waitForCopy: "true", copyTimeout: "1h" };
  const error = await take(await world.open({ config }), "d1").catch((caught: unknown) => caught);
  const [snapshot] = world.inventory.snapshots();
  assert.ok(error instanceof Error && snapshot !== undefined);
  assert.equal(Reflect.get(error, "code"), "DeadlineExceeded");
  assert.ok(error.message.includes(snapshot.id), error.message);
  assert.match(String(Reflect.get(error, "hint")), /copyTimeout/);
});

test("data that Azure gives up is an error that names the snapshot and Azure's reason", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 60_000 });
  world.inventory.failCopies({ code: "DiskResized", message: "The disk was resized meanwhile." });
  const error = await take(await world.open({ config: { waitForCopy: "true" } }), "d1").catch(
    (caught: unknown) => caught,
  );
  const [snapshot] = world.inventory.snapshots();
  assert.ok(error instanceof Error && snapshot !== undefined);
  assert.equal(Reflect.get(error, "code"), "FailedPrecondition");
  assert.equal(Reflect.get(error, "serviceCode"), "DiskResized");
  for (const text of [snapshot.id, "The disk was resized meanwhile"]) assert.ok(error.message.includes(text));
});

test("a copy that fails costs the backup an error in its log, and not the snapshot", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ regionCopy: 60_000 });
  world.inventory.failCopies();
  const id = await take(await world.open({ config: { ...COPY, waitForCopy: "true" } }), "d1");
  assert.equal(world.inventory.snapshot(id)?.provisioningState, "Succeeded");
  const [line, ...others] = world.lines.filter(({ level }) => level === "error");
  assert.deepEqual(others, []);
  assert.match(line?.message ?? "", /northeurope/);
  assert.equal(line?.fields["snapshotId"], id);
});

test("a region that is out of service costs the backup an error in its log, and not the snapshot", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.loseRegion("northeurope", "unavailable");
  const id = await take(await world.open({ config: COPY }), "d1");
  assert.equal(world.inventory.snapshot(id)?.provisioningState, "Succeeded");
  assert.equal(world.said("error").length, 1);
});

test("a disk that is in the region of the copies is snapshotted without one, and that is said", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const config = { copyToRegion: "westeurope", copyResourceGroup: FAR.resourceGroup };
  const id = await take(await world.open({ config }), "d1");
  assert.deepEqual(
    world.inventory.snapshots().map((snapshot) => snapshot.id),
    [id],
  );
  assert.equal(
    world.lines.filter(({ level, fields }) => level === "info" && fields["phase"] === "copy").length,
    1,
  );
});

test("copies are refused where snapshots are in another subscription than their disks", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open({ config: { ...COPY, subscriptionId: OTHER_SUBSCRIPTION } });
  await assert.rejects(take(snapshotter, "d1"), { code: "FailedPrecondition" });
});
