import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type DiskWorld, diskWorld, NODES, take, VELERO } from "./world.ts";

/** Begins a snapshot with a process that is killed as soon as Azure has it. */
async function beginAndDie(t: TestContext, world: DiskWorld): Promise<string> {
  const killed = await world.open();
  const death = new AbortController();
  // Its timers would keep the test's process.
  t.after(() => death.abort());
  const accepted = new Promise<void>((resolve) => {
    let died = false;
    world.meddle((request, proceed, signal) => {
      if (died || request.method !== "PUT") return undefined;
      died = true;
      return proceed().then(() => {
        resolve();
        return new Promise<never>((_, reject) => signal.addEventListener("abort", reject));
      });
    });
  });
  const call = { volumeId: "d1", zone: "", tags: VELERO };
  void killed.createSnapshot(call, { signal: death.signal }).catch(() => {});
  await accepted;
  const [begun] = world.inventory.snapshots();
  assert.ok(begun !== undefined);
  return begun.id;
}

test("the process after one that was killed takes over the snapshot that it began", async (t) => {
  const world = await diskWorld(t);
  const { id: diskId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ snapshot: 30_000 });
  const begun = await beginAndDie(t, world);
  world.inventory.writeDisk(diskId);
  const next = await world.open();
  const asked = await world.asking(async () => assert.equal(await take(next, "d1"), begun));
  assert.deepEqual(
    asked.filter((line) => line.startsWith("PUT")),
    [],
  );
  assert.equal(world.inventory.snapshot(begun)?.provisioningState, "Succeeded");
  assert.equal(world.inventory.snapshots().length, 1);
});

test("a snapshot of the same purpose that is older than apiTimeout is left, and another is taken", async (t) => {
  const world = await diskWorld(t);
  const { id: diskId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open();
  const first = await take(snapshotter, "d1");
  world.inventory.writeDisk(diskId);
  world.clock.advance(121_000);
  const second = await take(snapshotter, "d1");
  assert.notEqual(second, first);
  assert.deepEqual(
    [first, second].map((id) => world.inventory.snapshot(id)?.generation),
    [0, 1],
  );
  assert.equal(world.said("warn").length, 1);
  world.inventory.writeDisk(diskId);
  world.clock.advance(121_000);
  const third = await take(await world.open(), "d1");
  assert.deepEqual(
    [new Set([first, second, third]).size, world.inventory.snapshot(third)?.generation],
    [3, 2],
  );
});

test("a leftover that Azure could not take is deleted, whatever its age, and taken anew by its name", async (t) => {
  const world = await diskWorld(t);
  const { id: diskId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  const begun = await beginAndDie(t, world);
  world.clock.advance(300_000);
  const record = world.inventory.state.snapshots[begun.toLowerCase()];
  assert.ok(record !== undefined);
  record.provisioningState = "Failed";
  world.inventory.writeDisk(diskId);
  assert.equal(await take(await world.open(), "d1"), begun);
  assert.equal(world.inventory.snapshot(begun)?.generation, 1);
  assert.equal(world.inventory.snapshots().length, 1);
});

test("a leftover whose data never came is deleted and taken anew", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 10_000 });
  world.inventory.failCopies();
  const snapshotter = await world.open({ config: { waitForCopy: "true" } });
  await assert.rejects(take(snapshotter, "d1"), { code: "FailedPrecondition" });
  const again = await take(snapshotter, "d1");
  assert.deepEqual(
    world.inventory.snapshots().map(({ id, completionPercent }) => [id, completionPercent]),
    [[again, 100]],
  );
});

test("what somebody else made under the name is neither returned nor deleted", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open();
  const first = await take(snapshotter, "d1");
  const record = world.inventory.state.snapshots[first.toLowerCase()];
  assert.ok(record !== undefined);
  record.tags = {};
  const second = await take(snapshotter, "d1");
  assert.notEqual(second, first);
  assert.equal(world.inventory.snapshots().length, 2);
});

test("the copy that a killed process began is not begun again", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ regionCopy: 30_000 });
  const config = { copyToRegion: "northeurope", copyResourceGroup: "far" };
  const first = await take(await world.open({ config }), "d1");
  const next = await world.open({ config });
  const asked = await world.asking(async () => assert.equal(await take(next, "d1"), first));
  assert.deepEqual(
    asked.filter((line) => line.startsWith("PUT")),
    [],
  );
  assert.equal(world.inventory.snapshots().length, 2);
});

test("four calls at once for one purpose are one snapshot", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open();
  const ids = await Promise.all([1, 2, 3, 4].map(() => take(snapshotter, "d1")));
  assert.equal(new Set(ids).size, 1);
  assert.equal(world.inventory.snapshots().length, 1);
});

const others: readonly (readonly [
  who: string,
  env: Readonly<Record<string, string>>,
  tags: Readonly<Record<string, string>>,
])[] = [
  ["another Velero of the cluster", { VELERO_NAMESPACE: "velero-2" }, {}],
  [
    "a backup in another storage location",
    { VELERO_NAMESPACE: "velero" },
    { "velero.io/storage-location": "b" },
  ],
];

for (const [who, env, tags] of others) {
  test(`${who} has a snapshot of its own for a backup of the same name at the same time`, async (t) => {
    const world = await diskWorld(t);
    world.inventory.addDisk({ ...NODES, name: "d1" });
    const first = await world.open({ env: { VELERO_NAMESPACE: "velero" } });
    const ids = await Promise.all([
      take(first, "d1", { ...VELERO, "velero.io/storage-location": "a" }),
      take(await world.open({ env }), "d1", { ...VELERO, "velero.io/storage-location": "a", ...tags }),
    ]);
    assert.equal(new Set(ids).size, 2);
    assert.equal(world.inventory.snapshots().length, 2);
  });
}
