import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKUPS, type DiskWorld, diskWorld, FAR, NODES, take } from "./world.ts";

const MINUTE = 60_000;

function backup(number: number): Readonly<Record<string, string>> {
  return { "velero.io/backup": `backup-${number}`, "velero.io/pv": "pv-1" };
}

function limitedLines({ lines }: DiskWorld): number {
  return lines.filter(({ level, fields }) => level === "info" && fields["phase"] === "limited").length;
}

test("the eighth incremental snapshot in five minutes waits until Azure takes it", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open({ config: { incremental: "true" } });
  const begun = world.clock.now();
  for (let number = 1; number <= 7; number++) await take(snapshotter, "d1", backup(number));
  assert.ok(world.clock.now() - begun < MINUTE);
  assert.equal(limitedLines(world), 0);
  const asked = await world.asking(() => take(snapshotter, "d1", backup(8)));
  const waited = world.clock.now() - begun;
  assert.ok(waited >= 5 * MINUTE && waited < 5.2 * MINUTE, String(waited));
  assert.equal(world.inventory.snapshots().length, 8);
  assert.equal(asked.filter((line) => line.startsWith("PUT")).length, 2);
  assert.equal(limitedLines(world), 1);
});

test("the fourth pending snapshot of a Premium SSD v2 disk waits for the data of the first", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 20 * MINUTE });
  const snapshotter = await world.open();
  const begun = world.clock.now();
  for (let number = 1; number <= 4; number++) await take(snapshotter, "d1", backup(number));
  const waited = world.clock.now() - begun;
  assert.ok(waited >= 20 * MINUTE && waited < 21 * MINUTE, String(waited));
  assert.equal(world.inventory.snapshots().length, 4);
});

test("a limit that does not pass within copyTimeout is an error that names disk and limit", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS" });
  world.inventory.setComputePace({ backgroundCopy: 20 * MINUTE });
  const snapshotter = await world.open({ config: { copyTimeout: "5m" } });
  for (let number = 1; number <= 3; number++) await take(snapshotter, "d1", backup(number));
  await assert.rejects(take(snapshotter, "d1", backup(4)), {
    code: "ResourceExhausted",
    message: /"d1".* 3 snapshots .*5m/,
    hint: /copyTimeout/,
  });
  assert.equal(world.inventory.snapshots().length, 3);
});

test("the 501st incremental snapshot of a disk is an error with a remedy, and leaves none that failed", async (t) => {
  const world = await diskWorld(t);
  const { id: sourceResourceId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  const timeCreated = new Date(world.clock.now() - 60 * MINUTE).toISOString();
  for (let number = 1; number <= 500; number++) {
    const made = { ...BACKUPS, name: `s${number}`, sourceResourceId, incremental: true, timeCreated };
    world.inventory.addSnapshot(made);
  }
  const snapshotter = await world.open({ config: { incremental: "true" } });
  await assert.rejects(take(snapshotter, "d1"), {
    code: "ResourceExhausted",
    message: /"d1".*500/,
    hint: /snapshots gc/,
  });
  assert.equal(world.inventory.snapshots().length, 500);
});

test("what Azure calls a limit and nothing in sight explains is tried for some minutes", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const message = "The maximum number of snapshots is reached.";
  const effect = { kind: "fail", status: 409, code: "OperationNotAllowed", message } as const;
  const fault = { service: "resource-manager", operation: "snapshots/create", effect } as const;
  const snapshotter = await world.open();
  world.faults.add({ ...fault, count: 3 });
  await take(snapshotter, "d1");
  world.faults.assertSpent();
  world.faults.add({ ...fault, count: 100 });
  const begun = world.clock.now();
  await assert.rejects(take(snapshotter, "d1", backup(2)), { code: "ResourceExhausted", message: /"d1"/ });
  const waited = world.clock.now() - begun;
  assert.ok(waited >= 6 * MINUTE && waited < 8 * MINUTE, String(waited));
});

test("a refusal that is no limit is told at once", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const message = "The disk is frozen.";
  const effect = { kind: "fail", status: 409, code: "OperationNotAllowed", message } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
  await assert.rejects(take(await world.open(), "d1"), {
    code: "FailedPrecondition",
    message: /"d1".*frozen/,
  });
  world.faults.assertSpent();
});

for (const code of ["ScopeLocked", "KeyVaultAccessForbidden", "MissingSubscriptionRegistration"]) {
  test(`${code} is told at once, although as many snapshots are pending as Azure allows`, async (t) => {
    const world = await diskWorld(t);
    world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS" });
    world.inventory.setComputePace({ backgroundCopy: 180 * MINUTE });
    const snapshotter = await world.open();
    for (let number = 1; number <= 3; number++) await take(snapshotter, "d1", backup(number));
    const effect = { kind: "fail", status: 409, code, message: "No." } as const;
    world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect, count: 100 });
    const begun = world.clock.now();
    await assert.rejects(take(snapshotter, "d1", backup(4)), { code: "FailedPrecondition" });
    assert.ok(world.clock.now() - begun < MINUTE);
  });
}

test("throttling beyond apiTimeout is an error that names the disk, and is not waited for any longer", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const effect = { kind: "throttle", retryAfterSeconds: 600 } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
  const begun = world.clock.now();
  await assert.rejects(take(await world.open(), "d1"), { code: "ResourceExhausted", message: /"d1"/ });
  assert.ok(world.clock.now() - begun < MINUTE);
});

test("throttling within apiTimeout is waited for", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const effect = { kind: "throttle", retryAfterSeconds: 20 } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect, count: 3 });
  await take(await world.open(), "d1");
  world.faults.assertSpent();
});

test("throttling of the first look at a disk is waited for as long as apiTimeout allows, and no longer", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const effect = { kind: "throttle", retryAfterSeconds: 300 } as const;
  const fault = { service: "resource-manager", operation: "disks/get", effect } as const;
  world.faults.add(fault);
  const begun = world.clock.now();
  await take(await world.open({ config: { apiTimeout: "10m" } }), "d1");
  const waited = world.clock.now() - begun;
  assert.ok(waited >= 5 * MINUTE && waited < 6 * MINUTE, String(waited));
  world.faults.add(fault);
  const hurried = await world.open({ config: { apiTimeout: "1m" } });
  await assert.rejects(take(hurried, "d1", backup(2)), { code: "ResourceExhausted", message: /300 s/ });
  assert.ok(world.clock.now() - begun - waited < MINUTE / 2);
});

test("the copy of a disk's next snapshot waits for the copy before", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ regionCopy: 30 * MINUTE });
  const config = { copyToRegion: "northeurope", copyResourceGroup: FAR.resourceGroup };
  const snapshotter = await world.open({ config });
  const begun = world.clock.now();
  for (let number = 1; number <= 2; number++) await take(snapshotter, "d1", backup(number));
  assert.ok(world.clock.now() - begun >= 30 * MINUTE);
  assert.equal(world.inventory.snapshots().filter(({ location }) => location === "northeurope").length, 2);
  assert.deepEqual(world.said("error"), []);
});

test("a copy that can never be is told at once, although others are under way", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.addDisk({ ...NODES, name: "d2" });
  world.inventory.setComputePace({ regionCopy: 60 * MINUTE });
  const config = { copyToRegion: "northeurope", copyResourceGroup: FAR.resourceGroup };
  const snapshotter = await world.open({ config });
  await take(snapshotter, "d1");
  const effect = { kind: "fail", status: 400, code: "InvalidParameter", message: "No." } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect, after: 1 });
  const begun = world.clock.now();
  await take(snapshotter, "d2");
  world.faults.assertSpent();
  assert.ok(world.clock.now() - begun < MINUTE);
  assert.equal(world.said("error").length, 1);
});
