import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DiskSettings } from "../../simulator/resource-manager/compute/compute-inventory.ts";
import type { DiskRecord } from "../../simulator/resource-manager/compute/records.ts";
import { tierOfSize } from "../../simulator/resource-manager/compute/performance.ts";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import {
  disksIn,
  logOf,
  remove,
  restore,
  type Scene,
  scene,
  SIDE_BY_SIDE,
  snapshotAt,
  snapshotsIn,
  take,
  type Wishes,
} from "./disk-scene.ts";
import {
  COPY_REGION,
  encryptedWith,
  encryptionSet,
  type Estate,
  leastRoles,
  somebody,
  volumeLocation,
} from "./disk-world.ts";
import { refusedWith } from "./sign-in-calls.ts";

const NO_TIME = { disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 };
const HOME = "westeurope";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

const andReader: Wishes["roles"] = (estate) => ({
  ...leastRoles(estate),
  Reader: [`/subscriptions/${estate.subscriptionId}`],
});

const kinds: Readonly<Record<string, (estate: Estate) => Partial<DiskSettings>>> = {
  "a standard disk": () => ({ sku: "Standard_LRS", sizeGiB: 32 }),
  "a standard SSD that three machines share": () => ({ sku: "StandardSSD_LRS", zones: ["3"], maxShares: 3 }),
  "a zone-redundant standard SSD": () => ({ sku: "StandardSSD_ZRS" }),
  "a premium SSD of a higher tier": () => ({ sku: "Premium_LRS", zones: ["1"], sizeGiB: 128, tier: "P30" }),
  "a premium SSD with bursting, shared": () => ({
    ...{ sku: "Premium_LRS", zones: ["2"], sizeGiB: 1024, burstingEnabled: true, maxShares: 5 },
  }),
  "a zone-redundant premium SSD with a key of one's own": (estate) => ({
    sku: "Premium_ZRS",
    ...encryptedWith(encryptionSet(world, estate)),
  }),
  "a premium SSD with two keys": (estate) => {
    const type = "EncryptionAtRestWithPlatformAndCustomerKeys";
    const diskEncryptionSetId = encryptionSet(world, estate, { encryptionType: type });
    return { encryption: { type, diskEncryptionSetId } };
  },
  "a premium SSD that only a private endpoint reaches": ({ subscriptionId }) => ({
    networkAccessPolicy: "AllowPrivate",
    publicNetworkAccess: "Disabled",
    diskAccessId: world.azure.inventory.addDiskAccess({
      subscriptionId,
      resourceGroup: "restores",
      name: "access",
    }).id,
  }),
  "a disk that nobody can export": () => ({
    networkAccessPolicy: "DenyAll",
    publicNetworkAccess: "Disabled",
  }),
  "a premium SSD v2": () => ({
    ...{
      sku: "PremiumV2_LRS",
      zones: ["2"],
      sizeGiB: 100,
      iops: 6000,
      throughput: 300,
      logicalSectorSize: 512,
    },
  }),
  "an ultra disk with sectors of 4096 bytes, shared": () => ({
    ...{
      sku: "UltraSSD_LRS",
      zones: ["1"],
      sizeGiB: 64,
      iops: 9000,
      throughput: 800,
      logicalSectorSize: 4096,
    },
    maxShares: 2,
  }),
  "a system disk": () => ({ osType: "Linux", hyperVGeneration: "V2", securityType: "TrustedLaunch" }),
};

/** What each disk has of its own. */
const OWN: ReadonlySet<string> = new Set([
  ...["id", "name", "uniqueId", "timeCreated", "tags"],
  ...["createOption", "sourceResourceId", "sourceUniqueId"],
]);

/** What must come back, and what it holds. A tier that is not chosen is the one of the size. */
function essence(disk: DiskRecord): Readonly<Record<string, unknown>> {
  const tier = disk.sku.startsWith("Premium_") ? { tier: tierOfSize(disk.sizeGiB) } : {};
  return { ...tier, ...Object.fromEntries(Object.entries(disk).filter(([name]) => !OWN.has(name))) };
}

describe("a disk of each kind", { concurrency: SIDE_BY_SIDE }, () => {
  for (const [kind, disk] of Object.entries(kinds)) {
    test(`${kind} comes back as it was`, async () => {
      const at = await scene(world, { disk, roles: andReader });
      const was = world.azure.inventory.disk(at.diskId);
      assert.ok(was !== undefined);
      const expected = essence(was);
      const taken = await take(at);
      world.azure.inventory.writeDisk(at.diskId);
      const [zone] = was.zones ?? [];
      const restored = await restore(at, taken, zone === undefined ? "" : `${HOME}-${zone}`);
      assert.deepEqual(essence(restored), expected);
      assert.equal(restored.generation, 1);
      // Of the next process, which has nothing but the snapshot's ID.
      const { volumes } = await at.location.next();
      const again = await restore({ ...at, location: { ...at.location, volumes } }, taken);
      assert.deepEqual(essence(again), expected);
    });
  }
});

test("a process asks for no more than it needs: three requests and a poll a snapshot, the first with a token", async () => {
  const at = await scene(world);
  world.forget();
  const { id } = await take(at);
  const poll = "resource-manager diskOperations/get";
  const [token, disk, look, put] = ["entra token", "disks/get", "snapshots/get", "snapshots/create"].map(
    (name) => (name.startsWith("entra") ? name : `resource-manager ${name}`),
  );
  assert.deepEqual(world.asked(), [token, disk, look, put, poll]);
  world.forget();
  await remove(at, id);
  assert.deepEqual(world.asked(), [look, "resource-manager snapshots/delete", poll]);
});

const copied: NonNullable<Wishes["config"]> = ({ copies }) => ({
  ...{ copyToRegion: "North Europe", copyResourceGroup: copies },
});

/** The copies of a scene's snapshots. */
function copiesOf(at: Scene): readonly string[] {
  return snapshotsIn(at, at.estate.copies);
}

test("with its region lost a disk comes back in the other one, from the copy, by a location of a new cluster there", async () => {
  const at = await scene(world, { config: copied, disk: () => ({ zones: ["2"], tags: { app: "db" } }) });
  const taken = await take(at);
  assert.equal(copiesOf(at).length, 1);
  world.azure.inventory.loseRegion(HOME);
  try {
    const { subscriptionId, copies } = at.estate;
    const name = "north-nodes";
    world.azure.inventory.addResourceGroup({ subscriptionId, name, location: COPY_REGION });
    const values = valuesOf(at, { Contributor: [`/subscriptions/${subscriptionId}`] }, name);
    const config = { copyToRegion: COPY_REGION, copyResourceGroup: copies };
    const location = await volumeLocation(world, at.estate, { values, config });
    const there = { ...at, location, estate: { ...at.estate, disks: name } };
    const disk = await restore(there, taken, `${COPY_REGION}-2`);
    assert.deepEqual([disk.location, disk.zones, disk.generation], [COPY_REGION, ["2"], 1]);
    assert.equal(disk.tags["app"], "db");
    await remove(there, taken.id);
    assert.deepEqual(copiesOf(at), []);
  } finally {
    world.azure.inventory.restoreRegion(HOME);
  }
});

function valuesOf(
  at: Scene,
  roles: Readonly<Record<string, readonly string[]>>,
  group: string,
): Readonly<Record<string, string>> {
  return { ...somebody(at.world, roles).values, AZURE_RESOURCE_GROUP: group };
}

test("in the copy's region the copy is restored although the first snapshot is there", async () => {
  const at = await scene(world, { config: copied });
  const taken = await take(at);
  const { subscriptionId } = at.estate;
  const name = "north-nodes";
  world.azure.inventory.addResourceGroup({ subscriptionId, name, location: COPY_REGION });
  const values = valuesOf(at, { Contributor: [`/subscriptions/${subscriptionId}`] }, name);
  // The snapshot's tags say where its copy is: a location without copyToRegion finds it, too.
  const location = await volumeLocation(world, at.estate, { values });
  const there = { ...at, location, estate: { ...at.estate, disks: name } };
  const disk = await restore(there, taken);
  assert.deepEqual([disk.location, disk.generation], [COPY_REGION, 1]);
});

test("a copy that cannot be begun is an error in the backup's log, and the snapshot is good", async () => {
  const at = await scene(world, {
    config: () => ({ copyToRegion: COPY_REGION, copyResourceGroup: "nowhere" }),
    roles: ({ subscriptionId }) => ({ Contributor: [`/subscriptions/${subscriptionId}`] }),
  });
  const taken = await take(at);
  assert.equal(snapshotAt(at, taken.id).completionPercent, 100);
  const log = await logOf(at);
  assert.match(log, /"@level":"error"[^\n]*has no copy in northeurope/);
  assert.match(
    log,
    /there is no resource group \\"nowhere\\"[^\n]*hint: check resourceGroup and copyResourceGroup/,
  );
  assert.equal((await restore(at, taken)).generation, 1);
});

test("a copy that fails on its way is an error in the backup's log where that waits for it", async () => {
  world.azure.inventory.setComputePace({ regionCopy: 500 });
  try {
    const at = await scene(world, { config: (estate) => ({ ...copied(estate), waitForCopy: "true" }) });
    world.azure.inventory.failCopies();
    const taken = await take(at);
    assert.match(await logOf(at), /"@level":"error"[^\n]*northeurope[^\n]*copy/);
    assert.equal((await restore(at, taken)).generation, 1);
  } finally {
    world.azure.inventory.setComputePace(NO_TIME);
  }
});

test("a disk of the region that snapshots are copied to has no copy, and its backup is whole", async () => {
  const at = await scene(world, {
    config: ({ copies }) => ({ copyToRegion: HOME, copyResourceGroup: copies }),
  });
  await take(at);
  assert.deepEqual(copiesOf(at), []);
  assert.doesNotMatch(await logOf(at), /"@level":"(error|warn)"/);
});

test("a restore waits until Azure has copied the snapshot's data, and says how far that is", async () => {
  world.azure.inventory.setComputePace({ backgroundCopy: 1500 });
  try {
    const at = await scene(world, { disk: () => ({ sku: "UltraSSD_LRS", zones: ["1"] }) });
    const taken = await take(at);
    assert.ok(snapshotAt(at, taken.id).completionPercent < 100);
    assert.equal((await restore(at, taken, `${HOME}-1`)).generation, 1);
    assert.match(await logOf(at), /"@level":"info"[^\n]*"completionPercent":/);
  } finally {
    world.azure.inventory.setComputePace(NO_TIME);
  }
});

test("a snapshot of the official plugin, which has no description of its disk, is restored by what Velero remembers", async () => {
  const at = await scene(world, { disk: () => ({ zones: ["1"] }), roles: andReader });
  const { subscriptionId, snapshots } = at.estate;
  const tags = { owner: "me", "velero.io-backup": "old", "velero.io-pv": "pv-1" };
  const { id } = world.azure.inventory.addSnapshot({
    ...{ subscriptionId, resourceGroup: snapshots, name: "data-5f0b", sourceResourceId: at.diskId, tags },
  });
  const disk = await restore(at, { id, volumeType: "Premium_LRS" }, `${HOME}-1`);
  assert.deepEqual([disk.sku, disk.zones, disk.generation], ["Premium_LRS", ["1"], 1]);
  assert.deepEqual(disk.tags, tags);
  await remove(at, id);
  assert.deepEqual(snapshotsIn(at, snapshots), []);
});

test("a disk that Azure fails to make is not left behind, and the reason is told", async () => {
  const at = await scene(world);
  const taken = await take(at);
  world.azure.inventory.failOperations({ type: "disks", message: "Something went wrong." });
  await assert.rejects(restore(at, taken), refusedWith("Unavailable", "Something went wrong", "restore-"));
  assert.deepEqual(disksIn(at, at.estate.disks), [at.diskId]);
});
