import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { HttpResponse } from "../../src/azure/http/transport.ts";
import { BACKUPS, type DiskWorld, diskWorld, FAR, NODES, restore, take } from "./world.ts";

const COPY = { copyToRegion: "northeurope", copyResourceGroup: FAR.resourceGroup };
const THERE = { restoreResourceGroup: FAR.resourceGroup };

/** The one disk whose name is the volume ID. */
function restored({ inventory }: DiskWorld, volumeId: string) {
  const found = inventory.disks().find(({ name, id }) => name === volumeId || id === volumeId);
  assert.ok(found !== undefined, volumeId);
  return found;
}

test("a disk comes back as it was, with the data of the moment when the snapshot was taken", async (t) => {
  const world = await diskWorld(t);
  const { id } = world.inventory.addDisk({
    ...NODES,
    name: "d1",
    sku: "PremiumV2_LRS",
    zones: ["2"],
    tags: { owner: "me" },
    iops: 4000,
    throughput: 200,
    maxShares: 2,
    networkAccessPolicy: "DenyAll",
    publicNetworkAccess: "Disabled",
  });
  world.inventory.writeDisk(id);
  const snapshotter = await world.open();
  const snapshot = await take(snapshotter, "d1");
  world.inventory.writeDisk(id);
  const disk = restored(world, await restore(await world.open(), snapshot, { volumeType: "PremiumV2_LRS" }));
  const { sku, zones, tags, iops, throughput, maxShares, logicalSectorSize, generation } = disk;
  assert.deepEqual(
    { sku, zones, iops, throughput, maxShares, logicalSectorSize, generation },
    {
      ...{ sku: "PremiumV2_LRS", zones: ["2"], iops: 4000, throughput: 200, maxShares: 2 },
      ...{ logicalSectorSize: 4096, generation: 1 },
    },
  );
  assert.deepEqual([disk.networkAccessPolicy, disk.publicNetworkAccess], ["DenyAll", "Disabled"]);
  assert.deepEqual(tags, { owner: "me", "velero.io-backup": "nightly", "velero.io-pv": "pv-1" });
  assert.deepEqual(world.said("warn"), []);
});

test("a disk whose kind and zone stay is restored without asking what the region has", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", zones: ["1"] });
  const snapshotter = await world.open();
  const snapshot = await take(snapshotter, "d1");
  const asked = await world.asking(() => restore(snapshotter, snapshot, { zone: "westeurope-1" }));
  const name = snapshot.slice(snapshot.lastIndexOf("/") + 1);
  assert.equal(asked[0], `GET snapshots/${name}`);
  assert.match(asked[1] ?? "", /^PUT disks\/restore-/);
  assert.ok(
    asked.slice(2).every((line) => line.startsWith("GET DiskOperations/")),
    asked.join(),
  );
});

test("a restore waits for the data of a Premium SSD v2 disk's snapshot, with progress in the log", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS", zones: ["1"] });
  world.inventory.setComputePace({ backgroundCopy: 480_000 });
  const snapshotter = await world.open();
  const snapshot = await take(snapshotter, "d1");
  await restore(snapshotter, snapshot, { volumeType: "PremiumV2_LRS", zone: "westeurope-1" });
  assert.ok(world.lines.filter(({ fields }) => fields["phase"] === "copying").length >= 9);
});

test("a restore whose data does not come within copyTimeout makes no disk and names the snapshot", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1", sku: "PremiumV2_LRS", zones: ["1"] });
  world.inventory.setComputePace({ backgroundCopy: 7_200_000 });
  const snapshotter = await world.open({ config: { copyTimeout: "10m" } });
  const snapshot = await take(snapshotter, "d1");
  await assert.rejects(restore(snapshotter, snapshot, { volumeType: "PremiumV2_LRS" }), {
    code: "DeadlineExceeded",
    message: /snapshot "d1-/,
  });
  assert.equal(world.inventory.disks().length, 1);
});

test("a disk restored to another group is named by its resource ID, in the credentials' group by its name", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshot = await take(await world.open(), "d1");
  assert.match(await restore(await world.open(), snapshot), /^restore-[0-9a-f-]{36}$/);
  const config = { restoreResourceGroup: BACKUPS.resourceGroup };
  const volumeId = await restore(await world.open({ config }), snapshot);
  assert.match(volumeId, /\/resourceGroups\/backups\/providers\/Microsoft\.Compute\/disks\/restore-/);
  assert.equal(restored(world, volumeId).generation, 0);
});

test("the official plugin's snapshots are restored with the kind and zone that Velero knows", async (t) => {
  const world = await diskWorld(t);
  const source = world.inventory.addDisk({ ...NODES, name: "d1", sku: "StandardSSD_LRS", zones: ["3"] });
  const tags = { owner: "me", "velero.io-backup": "b" };
  const made = { ...BACKUPS, name: "d1-old", sourceResourceId: source.id, tags };
  const snapshot = world.inventory.addSnapshot(made);
  const wish = { volumeType: "StandardSSD_LRS", zone: "westeurope-3" };
  const disk = restored(world, await restore(await world.open(), snapshot.id, wish));
  assert.deepEqual([disk.sku, disk.zones, disk.tags], ["StandardSSD_LRS", ["3"], tags]);
});

test("a copy is restored where disks are restored to its region", async (t) => {
  const world = await diskWorld(t);
  const { id } = world.inventory.addDisk({ ...NODES, name: "d1" });
  world.inventory.writeDisk(id);
  world.inventory.setComputePace({ regionCopy: 600_000 });
  const snapshot = await take(await world.open({ config: COPY }), "d1");
  // The record alone tells where the copy is.
  const volumeId = await restore(await world.open({ config: THERE }), snapshot);
  const disk = restored(world, volumeId);
  assert.deepEqual([disk.location, disk.generation], ["northeurope", 1]);
});

test("a disk with a customer's key is copied under the other region's key, and restored with it", async (t) => {
  const world = await diskWorld(t);
  const key = (place: typeof NODES) => {
    const set = world.inventory.addDiskEncryptionSet({ ...place, name: "key" });
    return { type: set.encryptionType, diskEncryptionSetId: set.id };
  };
  const [near, far] = [key(NODES), key(FAR)];
  world.inventory.addDisk({ ...NODES, name: "d1", encryption: near });
  const config = { ...COPY, copyDiskEncryptionSetId: far.diskEncryptionSetId };
  const snapshot = await take(await world.open({ config }), "d1");
  assert.deepEqual(restored(world, await restore(await world.open({ config }), snapshot)).encryption, near);
  const there = restored(world, await restore(await world.open({ config: THERE }), snapshot));
  assert.deepEqual([there.location, there.encryption], ["northeurope", far]);
});

test("the first snapshot is restored in its own region, although there is a copy", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open({ config: COPY });
  const snapshot = await take(snapshotter, "d1");
  assert.equal(restored(world, await restore(snapshotter, snapshot)).location, "westeurope");
});

const losses: readonly (readonly [what: string, lose: (world: DiskWorld, snapshot: string) => void])[] = [
  ["is deleted", ({ inventory }, id) => void delete inventory.state.snapshots[id.toLowerCase()]],
  ["is lost with its region", ({ inventory }) => inventory.loseRegion("westeurope")],
  ["is in a region out of service", ({ inventory }) => inventory.loseRegion("westeurope", "unavailable")],
  [
    "is lost with its resource group",
    ({ inventory }, id) => {
      delete inventory.state.snapshots[id.toLowerCase()];
      const groups = inventory.state.resourceGroups;
      for (const key of Object.keys(groups)) if (key.endsWith("/backups")) delete groups[key];
    },
  ],
];

for (const [what, lose] of losses) {
  test(`the copy is restored when the first snapshot ${what}`, async (t) => {
    const world = await diskWorld(t);
    const { id } = world.inventory.addDisk({ ...NODES, name: "d1" });
    world.inventory.writeDisk(id);
    const snapshot = await take(await world.open({ config: COPY }), "d1");
    lose(world, snapshot);
    const disk = restored(
      world,
      await restore(await world.open({ config: { ...COPY, ...THERE } }), snapshot),
    );
    assert.deepEqual([disk.location, disk.generation], ["northeurope", 1]);
    assert.ok(world.said("warn").some((line) => line.includes("northeurope")));
  });
}

test("a first snapshot that just now cannot be looked up is not replaced by a copy in a region that has no machines", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open({ config: COPY });
  const snapshot = await take(snapshotter, "d1");
  const effect = { kind: "fail", status: 503, code: "ServiceUnavailable", message: "Not now." } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/get", effect, count: 5 });
  await assert.rejects(restore(snapshotter, snapshot), { code: "Unavailable" });
  assert.deepEqual(
    world.asked.filter((line) => line.startsWith("PUT disks/")),
    [],
  );
});

test("a snapshot that is gone is NotFound, also where the location has copies but there is none", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshot = await take(await world.open(), "d1");
  delete world.inventory.state.snapshots[snapshot.toLowerCase()];
  const refused = { code: "NotFound", message: /"d1-/ };
  await assert.rejects(restore(await world.open(), snapshot), refused);
  await assert.rejects(restore(await world.open({ config: COPY }), snapshot), refused);
});

test("who may not read the resource group restores the first snapshot, with a warning", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshot = await take(await world.open({ config: COPY }), "d1");
  const effect = { kind: "fail", status: 403, code: "AuthorizationFailed" } as const;
  world.faults.add({ service: "resource-manager", operation: "resourceGroups/get", effect });
  const disk = restored(world, await restore(await world.open({ config: THERE }), snapshot));
  world.faults.assertSpent();
  assert.equal(disk.location, "westeurope");
  assert.equal(world.said("warn").length, 1);
});

test("a kind that the region has not is refused before any disk is made", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addResourceGroup({ ...NODES, name: "west", location: "westcentralus" });
  world.inventory.addDisk({ ...NODES, name: "d1", location: "westcentralus" });
  const snapshot = await take(await world.open(), "d1");
  const snapshotter = await world.open({ config: { restoreSkuMap: "Premium_LRS=Premium_ZRS" } });
  await assert.rejects(restore(snapshotter, snapshot), {
    code: "FailedPrecondition",
    message: /Premium_ZRS/,
  });
  assert.deepEqual(
    world.asked.filter((line) => line.startsWith("PUT disks/")),
    [],
  );
});

test("a snapshot ID that is none is refused without asking anybody", async (t) => {
  const world = await diskWorld(t);
  const snapshotter = await world.open();
  const { signal } = new AbortController();
  await assert.rejects(restore(snapshotter, "d1-s1"), { code: "InvalidArgument" });
  await assert.rejects(snapshotter.deleteSnapshot("d1-s1", { signal }), { code: "InvalidArgument" });
  assert.deepEqual(world.asked, []);
});

test("an older apiVersion is asked for where the location says so", async (t) => {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const versions = new Set<string | null>();
  world.meddle(({ query, path }) => {
    if (path.includes("Microsoft.Compute")) versions.add(new URLSearchParams(query).get("api-version"));
    return undefined;
  });
  const snapshotter = await world.open({ config: { apiVersion: "2019-07-01" } });
  await restore(snapshotter, await take(snapshotter, "d1"));
  assert.deepEqual([...versions], ["2019-07-01"]);
});

for (const [what, kind] of [
  ["the kinds of disks of a region", "skus"],
  ["resource groups", "nodes"],
] as const) {
  test(`a cloud that cannot be asked for ${what} restores all the same, with a warning`, async (t) => {
    const world = await diskWorld(t);
    world.inventory.addDisk({ ...NODES, name: "d1" });
    const snapshot = await take(await world.open({ config: COPY }), "d1");
    world.meddle(({ path }) => (path.endsWith(`/${kind}`) ? unsupported() : undefined));
    const config = { ...COPY, restoreSkuMap: "Premium_LRS=StandardSSD_LRS", apiVersion: "2019-07-01" };
    const disk = restored(world, await restore(await world.open({ config }), snapshot));
    assert.equal(disk.sku, "StandardSSD_LRS");
    assert.equal(world.said("warn").filter((line) => line.startsWith("not known")).length, 1);
  });
}

async function unsupported(): Promise<HttpResponse> {
  const error = { code: "InvalidApiVersionParameter", message: "The api-version '2019-07-01' is invalid." };
  return { status: 400, headers: {}, body: Readable.from([Buffer.from(JSON.stringify({ error }))]) };
}
