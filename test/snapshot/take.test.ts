import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { HttpResponse } from "../../src/azure/http/transport.ts";
import { readRecord } from "../../src/snapshot/record/disk-record.ts";
import {
  BACKUPS,
  diskWorld,
  grantTo,
  LIMITED,
  lost,
  NODES,
  OTHER_SUBSCRIPTION,
  take,
  VELERO,
} from "./world.ts";

const { signal } = new AbortController();

test("a snapshot takes two requests and its polling, the disk's type having been asked for before", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "StandardSSD_LRS" });
  const snapshotter = await world.open();
  const before = await world.asking(() => snapshotter.volumeInfo("d1", { signal }));
  assert.deepEqual(before, ["GET disks/d1"]);
  let id = "";
  const then = await world.asking(async () => {
    id = await take(snapshotter, "d1");
  });
  const name = id.slice(id.lastIndexOf("/") + 1);
  assert.deepEqual(then.slice(0, 2), [`GET snapshots/${name}`, `PUT snapshots/${name}`]);
  assert.ok(
    then.slice(2).every((line) => line.startsWith("GET DiskOperations/")),
    then.join(),
  );
  assert.equal(world.inventory.snapshot(id)?.provisioningState, "Succeeded");
});

test("a disk that was read serves one snapshot, and none after a minute", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open();
  await snapshotter.volumeInfo("d1", { signal });
  const readings = async (tags: Record<string, string>): Promise<number> => {
    const asked = await world.asking(() => take(snapshotter, "d1", tags));
    return asked.filter((line) => line === "GET disks/d1").length;
  };
  assert.equal(await readings({ ...VELERO, "velero.io/backup": "1" }), 0);
  assert.equal(await readings({ ...VELERO, "velero.io/backup": "2" }), 1);
  await snapshotter.volumeInfo("d1", { signal });
  world.clock.advance(61_000);
  assert.equal(await readings({ ...VELERO, "velero.io/backup": "3" }), 1);
});

test("twenty snapshots at once are twenty, with one look at each disk", async (t) => {
  const world = await diskWorld(t);
  const names = Array.from({ length: 20 }, (_, index) => `d${index}`);
  for (const name of names) world.inventory.addDisk({ ...NODES, name });
  const snapshotter = await world.open();
  const asked = await world.asking(() =>
    Promise.all(
      names.map(async (name) => {
        await snapshotter.volumeInfo(name, { signal });
        await take(snapshotter, name);
      }),
    ),
  );
  assert.equal(world.inventory.snapshots().length, 20);
  for (const name of names) assert.equal(asked.filter((line) => line === `GET disks/${name}`).length, 1);
});

test("a snapshot's tags are the disk's, Velero's, the location's and the record of what the disk was", async (t) => {
  const world = await diskWorld(t);
  const sku = "PremiumV2_LRS";
  const tags = { owner: "me", team: "a" };
  world.inventory.addDisk({ ...NODES, name: "d1", sku, tags, iops: 4000, throughput: 200, zones: ["2"] });
  const snapshotter = await world.open({ config: { tags: "team=b,env=test" } });
  const snapshot = world.inventory.snapshot(await take(snapshotter, "d1"));
  const record = readRecord(snapshot?.tags ?? {});
  assert.deepEqual(
    [record?.disk.sku, record?.disk.iops, record?.disk.throughput, record?.disk.zones, record?.place],
    [sku, 4000, 200, ["2"], NODES],
  );
  const { owner, team, env, "velero.io-backup": backup } = snapshot?.tags ?? {};
  assert.deepEqual([owner, team, env, backup], ["me", "b", "test", "nightly"]);
});

const kinds: readonly (readonly [sku: string, incremental: string | undefined, sent: boolean])[] = [
  ["Premium_LRS", undefined, false],
  ["Premium_LRS", "true", true],
  ["Premium_LRS", "false", false],
  ["PremiumV2_LRS", undefined, true],
  ["UltraSSD_LRS", undefined, true],
  ["UltraSSD_LRS", "true", true],
];

for (const [sku, incremental, sent] of kinds) {
  test(`of a ${sku} disk with incremental ${incremental ?? "unset"} Azure is asked for an incremental snapshot: ${sent}`, async (t) => {
    const world = await diskWorld(t);
    world.inventory.addDisk({ ...NODES, name: "d1", sku });
    const snapshotter = await world.open({ config: incremental === undefined ? {} : { incremental } });
    assert.equal(world.inventory.snapshot(await take(snapshotter, "d1"))?.incremental, sent);
  });
}

test("a full snapshot of a kind that has none is refused before Azure is asked", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "UltraSSD_LRS" });
  const snapshotter = await world.open({ config: { incremental: "false" } });
  await assert.rejects(take(snapshotter, "d1"), {
    code: "FailedPrecondition",
    message: /"d1".*UltraSSD_LRS/,
  });
  assert.deepEqual(world.asked, ["GET disks/d1"]);
});

test("an incremental snapshot outside its disk's subscription is refused before Azure is asked", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const config = { incremental: "true", subscriptionId: OTHER_SUBSCRIPTION };
  const snapshotter = await world.open({ config });
  await assert.rejects(take(snapshotter, "d1"), {
    code: "FailedPrecondition",
    message: new RegExp(`"d1".*${NODES.subscriptionId}.*${OTHER_SUBSCRIPTION}`),
  });
  assert.deepEqual(world.asked, ["GET disks/d1"]);
});

test("a full snapshot is put into another subscription and restored from there", async (t) => {
  const world = await diskWorld(t);
  const { id: diskId } = world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.writeDisk(diskId);
  const snapshotter = await world.open({ config: { subscriptionId: OTHER_SUBSCRIPTION } });
  const snapshotId = await take(snapshotter, "d1");
  assert.ok(snapshotId.startsWith(`/subscriptions/${OTHER_SUBSCRIPTION}/resourceGroups/backups/`));
  const other = await world.open();
  const request = { snapshotId, volumeType: "Premium_LRS", zone: "", iops: undefined };
  const name = await other.createVolumeFromSnapshot(request, { signal });
  const restored = world.inventory.disks().find((disk) => disk.name === name);
  assert.deepEqual([restored?.id.split("/")[4], restored?.generation], [NODES.resourceGroup, 1]);
});

test("a disk elsewhere, named by its resource ID, is snapshotted into the location's group", async (t) => {
  const world = await diskWorld(t);
  const { id } = world.inventory.addDisk({ ...BACKUPS, name: "d1" });
  const snapshot = world.inventory.snapshot(await take(await world.open(), id));
  assert.equal(snapshot?.sourceResourceId, id);
  assert.deepEqual(readRecord(snapshot?.tags ?? {})?.place, BACKUPS);
});

test("a PUT whose answer is lost is found again and makes no second snapshot", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  let puts = 0;
  world.meddle((request, proceed) => {
    if (request.method !== "PUT" || puts++ > 0) return undefined;
    return proceed().then(() => Promise.reject(lost(request)));
  });
  const id = await take(await world.open(), "d1", {});
  assert.deepEqual(
    world.inventory.snapshots().map((snapshot) => snapshot.id),
    [id],
  );
});

test("a snapshot that takes longer than apiTimeout is named by the error as begun", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.setComputePace({ snapshot: 10 * 60_000 });
  const snapshotter = await world.open({ config: { apiTimeout: "30s" } });
  const error = await take(snapshotter, "d1").catch((caught: unknown) => caught);
  const [begun] = world.inventory.snapshots();
  assert.ok(begun !== undefined && error instanceof Error);
  assert.deepEqual(Reflect.get(error, "code"), "DeadlineExceeded");
  for (const text of [begun.id, '"d1"']) assert.ok(error.message.includes(text), error.message);
});

test("a snapshot that is cancelled while Azure takes it is named by the error, and left", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const controller = new AbortController();
  const snapshotter = await world.open();
  world.meddle((request) => {
    if (request.path.includes("DiskOperations")) controller.abort();
    return undefined;
  });
  const request = { volumeId: "d1", zone: "", tags: VELERO };
  const error = await snapshotter
    .createSnapshot(request, { signal: controller.signal })
    .catch((caught: unknown) => caught);
  const [begun] = world.inventory.snapshots();
  assert.ok(begun !== undefined && error instanceof Error);
  assert.equal(Reflect.get(error, "code"), "Canceled");
  assert.ok(error.message.includes(begun.id), error.message);
});

for (const [what, status] of [
  ["throttled for longer than apiTimeout", 429],
  ["forbidden", 403],
] as const) {
  test(`a snapshot that Azure has begun is named by the error when looking after it is ${what}`, async (t) => {
    const world = await diskWorld(t);
    world.inventory.addDisk({ ...NODES, name: "d1" });
    let begun = false;
    world.meddle((request) => {
      begun ||= request.method === "PUT";
      return begun && request.method === "GET" ? refusedBy(status) : undefined;
    });
    const error = await take(await world.open(), "d1").catch((caught: unknown) => caught);
    const [snapshot] = world.inventory.snapshots();
    assert.ok(snapshot !== undefined && error instanceof Error);
    for (const text of [snapshot.id, '"d1"']) assert.ok(error.message.includes(text), error.message);
  });
}

async function refusedBy(status: number): Promise<HttpResponse> {
  const body = Buffer.from(JSON.stringify({ error: { code: "Refused", message: "No." } }));
  return { status, headers: { "retry-after": "600" }, body: Readable.from([body]) };
}

test("who may not make snapshots is told the role that is missing, and no snapshot is said to be begun", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  grantTo(world, LIMITED, "Reader");
  const snapshotter = await world.open({ as: LIMITED });
  await assert.rejects(take(snapshotter, "d1"), (error: Error) => {
    assert.equal(Reflect.get(error, "code"), "PermissionDenied");
    assert.match(String(Reflect.get(error, "hint")), /Disk Snapshot Contributor/);
    assert.doesNotMatch(error.message, /begun/);
    return true;
  });
});

test("a disk that is gone is NotFound, by name", async (t) => {
  const world = await diskWorld(t);
  await assert.rejects(take(await world.open(), "d1"), { code: "NotFound", message: /"d1"/ });
});

test("tags that do not fit are cut, in one line that names the disk", async (t) => {
  const world = await diskWorld(t);
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`tag${index}`, "x"]));
  world.inventory.addDisk({ ...NODES, name: "d1", tags });
  const snapshot = world.inventory.snapshot(await take(await world.open(), "d1"));
  assert.equal(Object.keys(snapshot?.tags ?? {}).length, 50);
  const said = world.said("warn");
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /"d1"/);
});
