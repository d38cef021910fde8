import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { SDKS } from "./client.ts";
import type { ComputeResource } from "./compute-orders.ts";
import {
  addDisk,
  copyOf,
  copyStartOf,
  fresh,
  idOf,
  OTHER_REGION,
  startComputeWorld,
  type ComputeWorld,
} from "./compute-world.ts";
import type { Order } from "./order.ts";
import { SUBSCRIPTION } from "./world.ts";

const HOUR = 3_600_000;
const INCREMENTAL = { properties: { incremental: true } } as const;
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
});
afterEach(() => {
  world.inventory.setComputePace({ disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 });
  world.inventory.setComputePageSize(200);
});
after(() => world[Symbol.asyncDispose]());

/** Kinds that are copied in the background take incremental snapshots alone. */
const snapshotted = [
  { kind: "Standard_LRS", incremental: false },
  { kind: "StandardSSD_ZRS", incremental: true },
  { kind: "Premium_LRS", incremental: false },
  { kind: "Premium_LRS", incremental: true },
  { kind: "PremiumV2_LRS", incremental: true },
  { kind: "UltraSSD_LRS", incremental: true },
] as const;

for (const sdk of SDKS) {
  for (const { kind, incremental } of snapshotted) {
    const how = incremental ? "an incremental" : "a full";
    test(`${sdk} takes ${how} snapshot of a ${kind} disk, and gets back what was on it then`, async () => {
      const client = await world.client(sdk);
      const signIn = world.owner;
      const disk = addDisk(world, { sku: kind, sizeGiB: 64 });
      const then = world.inventory.writeDisk(disk.id);
      const snapshot = fresh("snapshot");
      const tags = { backup: "nightly", owner: "velero" };
      const taken = await client.ask({
        ...{ do: "snapshots.create", signIn },
        with: { ...snapshot, body: copyOf(disk.id, { tags, properties: { incremental } }) },
      });
      assert.deepEqual([taken.id, taken.tags], [idOf("snapshots", snapshot), tags]);
      const sourceUniqueId = world.inventory.disk(disk.id)?.uniqueId ?? "";
      assert.partialDeepStrictEqual(taken.properties, {
        ...{ incremental, provisioningState: "Succeeded", diskSizeGB: 64 },
        creationData: { createOption: "Copy", sourceResourceId: disk.id, sourceUniqueId },
      });
      assert.deepEqual(await client.ask({ do: "snapshots.get", signIn, with: snapshot }), taken);
      world.inventory.writeDisk(disk.id);
      await client.ask({ do: "disks.delete", signIn, with: disk });

      const restored = fresh("restored");
      const body = copyOf(taken.id ?? "", { sku: { name: kind } });
      const made = await client.ask({ do: "disks.create", signIn, with: { ...restored, body } });
      assert.partialDeepStrictEqual(made, { sku: { name: kind }, properties: { diskSizeGB: 64 } });
      assert.equal(world.inventory.disk(made.id ?? "")?.generation, then);
      await client.ask({ do: "snapshots.delete", signIn, with: snapshot });
      const { status, code } = await client.refused({ do: "snapshots.get", signIn, with: snapshot });
      assert.deepEqual([status, code], [404, "ResourceNotFound"]);
    });
  }

  test(`${sdk} sees a snapshot of a Premium SSD v2 disk fill, and can restore it only when it is full`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    world.inventory.setComputePace({ backgroundCopy: HOUR });
    const disk = addDisk(world, { sku: "PremiumV2_LRS", logicalSectorSize: 512 });
    const then = world.inventory.writeDisk(disk.id);
    const snapshot = fresh("snapshot");
    const taken = await client.ask({
      ...{ do: "snapshots.create", signIn, with: { ...snapshot, body: copyOf(disk.id, INCREMENTAL) } },
    });
    world.inventory.writeDisk(disk.id);
    assert.equal(taken.properties?.["provisioningState"], "Succeeded");
    assert.equal(taken.properties?.["completionPercent"], 0);
    const body = copyOf(taken.id ?? "", { sku: { name: "Premium_LRS" } });
    const order = { do: "disks.create", signIn, with: { ...fresh("restored"), body } } as const;
    const refusal = await client.refused(order);
    assert.deepEqual([refusal.status, refusal.code], [409, "OperationNotAllowed"], refusal.message);
    world.clock.advance(HOUR / 2);
    const half = await client.ask({ do: "snapshots.get", signIn, with: snapshot });
    const percent = Number(half.properties?.["completionPercent"]);
    assert.ok(percent >= 50 && percent < 100, String(percent));
    world.clock.advance(HOUR / 2);
    const full = await client.ask({ do: "snapshots.get", signIn, with: snapshot });
    assert.equal(full.properties?.["completionPercent"], 100);
    const made = await client.ask(order);
    assert.equal(world.inventory.disk(made.id ?? "")?.generation, then);
  });

  test(`${sdk} takes three incremental snapshots of a disk, and they are one family`, async () => {
    const client = await world.client(sdk);
    const disk = addDisk(world);
    const families: unknown[] = [];
    for (const count of [1, 2, 3]) {
      world.inventory.writeDisk(disk.id);
      const body = copyOf(disk.id, INCREMENTAL);
      const taken = await client.ask({
        ...{ do: "snapshots.create", signIn: world.owner, with: { ...fresh("snapshot"), body } },
      });
      families.push(taken.properties?.["incrementalSnapshotFamilyId"]);
      assert.equal(world.inventory.snapshot(taken.id ?? "")?.generation, count);
    }
    assert.match(String(families[0]), /^[0-9a-f-]{36}$/);
    assert.equal(new Set(families).size, 1);
  });

  test(`${sdk} sends a snapshot a second time, and it stays the one that was taken first`, async () => {
    const client = await world.client(sdk);
    const disk = addDisk(world);
    const then = world.inventory.writeDisk(disk.id);
    const order: Order<"snapshots.create"> = {
      ...{ do: "snapshots.create", signIn: world.owner },
      with: { ...fresh("snapshot"), body: copyOf(disk.id, INCREMENTAL) },
    };
    const first = await client.ask(order);
    world.inventory.writeDisk(disk.id);
    const again = await client.ask(order);
    assert.equal(again.properties?.["uniqueId"], first.properties?.["uniqueId"]);
    assert.equal(again.properties?.["timeCreated"], first.properties?.["timeCreated"]);
    assert.equal(world.inventory.snapshot(first.id ?? "")?.generation, then);
  });

  test(`${sdk} copies a snapshot to another region, and restores it there when the first one is gone`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    world.inventory.setComputePace({ regionCopy: HOUR });
    const disk = addDisk(world);
    const then = world.inventory.writeDisk(disk.id);
    const snapshot = fresh("snapshot");
    const taken = await client.ask({
      ...{ do: "snapshots.create", signIn, with: { ...snapshot, body: copyOf(disk.id, INCREMENTAL) } },
    });
    const place = fresh("copy");
    const order = { do: "snapshots.create", signIn } as const;
    const copy = await client.ask({ ...order, with: { ...place, body: copyStartOf(taken.id ?? "") } });
    assert.equal(copy.location, OTHER_REGION);
    const { sourceResourceId, createOption, sourceUniqueId } = {
      ...Object(copy.properties?.["creationData"]),
    };
    assert.deepEqual(
      [createOption, sourceResourceId, sourceUniqueId],
      ["CopyStart", taken.id, taken.properties?.["uniqueId"]],
    );
    assert.deepEqual(
      [copy.properties?.["provisioningState"], copy.properties?.["completionPercent"]],
      ["Succeeded", 0],
    );
    world.clock.advance(HOUR);
    const done = await client.ask({ do: "snapshots.get", signIn, with: place });
    assert.equal(done.properties?.["completionPercent"], 100);
    await client.ask({ do: "snapshots.delete", signIn, with: snapshot });
    const body = copyOf(copy.id ?? "", { location: OTHER_REGION, sku: { name: "StandardSSD_LRS" } });
    const restored = { ...fresh("restored"), body };
    const made = await client.ask({ do: "disks.create", signIn, with: restored });
    assert.equal(made.location, OTHER_REGION);
    assert.equal(world.inventory.disk(made.id ?? "")?.generation, then);
  });

  test(`${sdk} is told why a copy failed on its way`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    world.inventory.setComputePace({ regionCopy: HOUR });
    const disk = addDisk(world);
    const order = { do: "snapshots.create", signIn } as const;
    const taken = await client.ask({
      ...{ ...order, with: { ...fresh("snapshot"), body: copyOf(disk.id, INCREMENTAL) } },
    });
    world.inventory.failCopies({ atPercent: 30 });
    const place = fresh("copy");
    await client.ask({ ...order, with: { ...place, body: copyStartOf(taken.id ?? "") } });
    world.clock.advance(HOUR);
    const { properties } = await client.ask({ do: "snapshots.get", signIn, with: place });
    assert.equal(properties?.["completionPercent"], 30);
    const { errorCode, errorMessage } = { ...Object(properties?.["copyCompletionError"]) };
    assert.equal(errorCode, "CopySourceNotFound");
    assert.ok(String(errorMessage).length > 0);
  });

  test(`${sdk} changes a snapshot's tags and who may reach it, and nothing else changes`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const { subscriptionId, group: resourceGroup, name } = fresh("snapshot");
    const sourceResourceId = addDisk(world).id;
    const { id, generation } = world.inventory.addSnapshot({
      ...{ subscriptionId, resourceGroup, name, sourceResourceId, incremental: true, tags: { old: "yes" } },
    });
    const snapshot = { subscriptionId, group: resourceGroup, name };
    const before = await client.ask({ do: "snapshots.get", signIn, with: snapshot });
    const body = { tags: { team: "store" }, properties: { networkAccessPolicy: "DenyAll" } };
    const changed = await client.ask({ do: "snapshots.update", signIn, with: { ...snapshot, body } });
    assert.deepEqual(changed.tags, { team: "store" });
    const properties = { ...before.properties, ...body.properties };
    assert.deepEqual(changed.properties, properties);
    assert.equal(world.inventory.snapshot(id)?.generation, generation);
  });

  test(`${sdk} lists all pages of a group's and of a subscription's snapshots`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const resourceGroup = fresh("group").name;
    world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: resourceGroup });
    const sourceResourceId = addDisk(world).id;
    const place = { subscriptionId: SUBSCRIPTION, resourceGroup, sourceResourceId };
    const names = ["a", "b", "c", "d", "e"].map((end) => `${resourceGroup}-${end}`);
    for (const name of names) world.inventory.addSnapshot({ ...place, name });
    world.inventory.setComputePageSize(2);
    const inGroup = { subscriptionId: SUBSCRIPTION, group: resourceGroup };
    const found = await client.ask({ do: "snapshots.list", signIn, with: inGroup });
    assert.deepEqual(found.names.toSorted(), names);
    const wanted = { subscriptionId: SUBSCRIPTION };
    const all = await client.ask({ do: "snapshots.list", signIn, with: wanted });
    assert.ok(names.every((name) => all.names.includes(name)));
  });

  test(`${sdk} is given an address to read a snapshot at, and gives it back`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const { subscriptionId, group: resourceGroup, name } = fresh("snapshot");
    const sourceResourceId = addDisk(world).id;
    world.inventory.addSnapshot({ subscriptionId, resourceGroup, name, sourceResourceId });
    const snapshot = { subscriptionId, group: resourceGroup, name };
    const body = { access: "Read", durationInSeconds: 600 } as const;
    const { sas } = await client.ask({ do: "snapshots.grant", signIn, with: { ...snapshot, body } });
    assert.match(sas, /^https:\/\//);
    const shown = await client.ask({ do: "snapshots.get", signIn, with: snapshot });
    assert.equal(shown.properties?.["diskState"], "ActiveSAS");
    const { status, code } = await client.refused({ do: "snapshots.delete", signIn, with: snapshot });
    assert.deepEqual([status, code], [409, "OperationNotAllowed"]);
    await client.ask({ do: "snapshots.revoke", signIn, with: snapshot });
    await client.ask({ do: "snapshots.delete", signIn, with: snapshot });
  });

  test(`${sdk} takes a snapshot of an encrypted disk under the same key, and has to name it for a new disk`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const { subscriptionId, group: resourceGroup, name } = fresh("set");
    const set = world.inventory.addDiskEncryptionSet({ subscriptionId, resourceGroup, name });
    const encryption = { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: set.id };
    const disk = addDisk(world, { encryption });
    const snapshot = { ...fresh("snapshot"), body: copyOf(disk.id, INCREMENTAL) };
    const { id = "", ...taken } = await client.ask({ do: "snapshots.create", signIn, with: snapshot });
    assert.deepEqual(taken.properties?.["encryption"], encryption);
    const restored = async (properties: NonNullable<ComputeResource["properties"]>) => {
      const wanted = { ...fresh("restored"), body: copyOf(id, { properties }) };
      const made = await client.ask({ do: "disks.create", signIn, with: wanted });
      return made.properties?.["encryption"];
    };
    assert.deepEqual(await restored({ encryption }), encryption);
    assert.deepEqual(await restored({}), { type: "EncryptionAtRestWithPlatformKey" });
  });
}
