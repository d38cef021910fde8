import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { locationKeys, type VolumeSnapshotterConfig } from "../../src/config/location-keys.ts";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import {
  disksIn,
  remove,
  restore,
  scene,
  SIDE_BY_SIDE,
  snapshotAt,
  snapshotsIn,
  take,
  type Wishes,
} from "./disk-scene.ts";
import { COPY_REGION, encryptedWith, encryptionSet, leastRoles, newEstate } from "./disk-world.ts";
import { refusedWith } from "./sign-in-calls.ts";
import { cloudDocument } from "./sign-in-clouds.ts";

const NO_TIME = { disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 };
const HOUR = 3_600_000;
const V2 = { sku: "PremiumV2_LRS", zones: ["1"] };

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

type Key = keyof VolumeSnapshotterConfig;
const covered = new Set<Key>(["credentialsFile"]);

type Run = () => Promise<void>;
const together: (readonly [name: string, run: Run])[] = [];

/** A test of what keys do; which of them, so that none is left out. */
function keyTest(keys: readonly Key[], name: string, run: Run): void {
  for (const key of keys) covered.add(key);
  together.push([`${keys.join(", ")}: ${name}`, run]);
}

/** One in which Azure takes its time, for everybody. */
function slowKeyTest(keys: readonly Key[], name: string, run: Run): void {
  for (const key of keys) covered.add(key);
  test(`${keys.join(", ")}: ${name}`, async () => {
    try {
      await run();
    } finally {
      world.azure.inventory.setComputePace(NO_TIME);
    }
  });
}

/** The whole subscription, for what asks which kinds of disk there are. */
const andReader: Wishes["roles"] = (estate) => ({
  ...leastRoles(estate),
  Reader: [`/subscriptions/${estate.subscriptionId}`],
});

keyTest(["resourceGroup"], "snapshots are put there", async () => {
  const at = await scene(world);
  const { id } = await take(at);
  assert.deepEqual(snapshotsIn(at, at.estate.snapshots), [id]);
});

keyTest(["resourceGroup"], "without it snapshots are beside the disks", async () => {
  const at = await scene(world, {
    config: () => ({ resourceGroup: "" }),
    roles: ({ scopeOf, disks }) => ({ Contributor: [scopeOf(disks)] }),
  });
  const { id } = await take(at);
  assert.deepEqual(snapshotsIn(at, at.estate.disks), [id]);
});

keyTest(
  ["subscriptionId"],
  "snapshots are put there, and restored from there by whoever has their ID",
  async () => {
    const other = newEstate(world);
    const both: Wishes["roles"] = ({ subscriptionId }) => ({
      Contributor: [`/subscriptions/${subscriptionId}`, `/subscriptions/${other.subscriptionId}`],
    });
    const at = await scene(world, { config: () => ({ subscriptionId: other.subscriptionId }), roles: both });
    const taken = await take(at);
    assert.deepEqual(snapshotsIn({ ...at, estate: other }, other.snapshots), [taken.id]);
    const disk = await restore(at, taken);
    assert.equal(disk.generation, 1);
    assert.deepEqual(disksIn(at, at.estate.disks), [at.diskId, disk.id]);
    await remove(at, taken.id);
    assert.deepEqual(snapshotsIn({ ...at, estate: other }, other.snapshots), []);
  },
);

const incremental = [
  { set: "true", sku: "Premium_LRS", is: true },
  { set: "T", sku: "StandardSSD_LRS", is: true },
  { set: "false", sku: "Premium_LRS", is: false },
  { set: "", sku: "Premium_LRS", is: false },
  { set: "", sku: "PremiumV2_LRS", is: true },
  { set: "", sku: "UltraSSD_LRS", is: true },
];
for (const { set, sku, is } of incremental) {
  keyTest(
    ["incremental"],
    `"${set}" makes ${is ? "incremental" : "full"} snapshots of ${sku} disks`,
    async () => {
      const at = await scene(world, {
        config: () => ({ incremental: set }),
        disk: () => ({ sku, zones: ["1"] }),
      });
      const { id } = await take(at);
      assert.equal(snapshotAt(at, id).incremental, is);
    },
  );
}

keyTest(["tags"], "snapshots have them, and the disk's, and go before the disk's", async () => {
  const at = await scene(world, {
    config: () => ({ tags: "team=storage,cost-center=42" }),
    disk: () => ({ tags: { team: "unknown", owner: "me" } }),
  });
  const { tags } = snapshotAt(at, (await take(at)).id);
  assert.deepEqual([tags["team"], tags["cost-center"], tags["owner"]], ["storage", "42", "me"]);
});

keyTest(["snapshotSku"], "snapshots are stored so", async () => {
  for (const snapshotSku of ["Standard_LRS", "Standard_ZRS", "Premium_LRS"]) {
    const at = await scene(world, { config: () => ({ snapshotSku }) });
    assert.equal(snapshotAt(at, (await take(at)).id).sku, snapshotSku);
  }
});

keyTest(["restoreSkuMap"], "disks come back as another kind", async () => {
  const at = await scene(world, {
    config: () => ({ restoreSkuMap: "premium_lrs=Premium_ZRS,UltraSSD_LRS=PremiumV2_LRS" }),
    disk: () => ({ zones: ["2"] }),
    roles: andReader,
  });
  const disk = await restore(at, await take(at), "westeurope-2");
  assert.deepEqual([disk.sku, disk.zones, disk.generation], ["Premium_ZRS", undefined, 1]);
});

for (const [map, zones] of [
  ["1=3", ["3"]],
  ["westeurope-1=2,2=1", ["2"]],
  ["1=none", undefined],
] as const) {
  keyTest(
    ["restoreZoneMap"],
    `with "${map}" a disk of zone 1 comes back in ${zones?.[0] ?? "none"}`,
    async () => {
      const at = await scene(world, {
        config: () => ({ restoreZoneMap: map }),
        disk: () => ({ zones: ["1"] }),
        roles: andReader,
      });
      assert.deepEqual((await restore(at, await take(at), "westeurope-1")).zones, zones);
    },
  );
}

keyTest(["restoreZoneMap"], "the PersistentVolume is bound to the zone of its new disk", async () => {
  const at = await scene(world, {
    config: () => ({ restoreZoneMap: "1=3" }),
    disk: () => ({ zones: ["1"] }),
    roles: andReader,
  });
  const volumeIn = (zone: string, volumeHandle: string) => {
    const matchExpressions = [{ key: "topology.disk.csi.azure.com/zone", operator: "In", values: [zone] }];
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
    const spec = { csi: { driver: "disk.csi.azure.com", volumeHandle }, nodeAffinity };
    return { apiVersion: "v1", kind: "PersistentVolume", spec };
  };
  const disk = await restore(at, await take(at), "westeurope-1");
  // Velero asks the process that made the disk.
  const changed = await at.location.volumes.withVolumeId(volumeIn("westeurope-1", at.diskId), disk.name);
  assert.deepEqual(changed, volumeIn("westeurope-3", disk.id));
});

keyTest(["diskEncryptionSetId"], "disks come back with this key instead of theirs", async () => {
  const at = await scene(world, {
    config: (estate) => ({ diskEncryptionSetId: encryptionSet(world, estate, { name: "new" }) }),
    disk: (estate) => encryptedWith(encryptionSet(world, estate)),
    roles: andReader,
  });
  const { encryption } = await restore(at, await take(at));
  assert.match(encryption.diskEncryptionSetId ?? "", /\/new$/);
});

keyTest(["restoreResourceGroup"], "disks come back there, and the PersistentVolume says so", async () => {
  const at = await scene(world, { config: ({ restores }) => ({ restoreResourceGroup: restores }) });
  const { volumes } = at.location;
  const disk = await restore(at, await take(at));
  assert.deepEqual(disksIn(at, at.estate.restores), [disk.id]);
  const csi = { driver: "disk.csi.azure.com", volumeHandle: at.diskId };
  const volume = { apiVersion: "v1", kind: "PersistentVolume", spec: { csi } };
  const changed = await volumes.withVolumeId(volume, disk.id);
  assert.deepEqual(changed, { ...volume, spec: { csi: { ...csi, volumeHandle: disk.id } } });
  assert.equal(await volumes.volumeIdOf(changed), disk.id);
});

for (const [waitForCopy, complete] of [
  ["true", true],
  ["false", false],
] as const) {
  slowKeyTest(
    ["waitForCopy"],
    `${waitForCopy}: a backup ends ${complete ? "after" : "before"} the data is copied`,
    async () => {
      world.azure.inventory.setComputePace({ backgroundCopy: complete ? 600 : HOUR });
      const at = await scene(world, { config: () => ({ waitForCopy }), disk: () => V2 });
      assert.equal(snapshotAt(at, (await take(at)).id).completionPercent === 100, complete);
    },
  );
}

slowKeyTest(["copyTimeout"], "a restore waits no longer for the data, and makes no disk", async () => {
  world.azure.inventory.setComputePace({ backgroundCopy: HOUR });
  const at = await scene(world, { config: () => ({ copyTimeout: "1s" }), disk: () => V2 });
  const taken = await take(at);
  await assert.rejects(restore(at, taken), refusedWith("DeadlineExceeded", "copyTimeout", "1s"));
  assert.deepEqual(disksIn(at, at.estate.disks), [at.diskId]);
  world.azure.clock.advance(HOUR);
  assert.equal((await restore(at, taken)).generation, 1);
});

keyTest(
  ["copyToRegion", "copyResourceGroup"],
  "each snapshot has a copy there, and goes with it",
  async () => {
    const at = await scene(world, {
      config: ({ copies }) => ({ copyToRegion: COPY_REGION, copyResourceGroup: copies }),
    });
    const { id } = await take(at);
    const [copy, ...more] = snapshotsIn(at, at.estate.copies).map((one) => snapshotAt(at, one));
    assert.deepEqual(more, []);
    assert.deepEqual([copy?.location, copy?.sourceResourceId, copy?.generation], [COPY_REGION, id, 1]);
    await remove(at, id);
    assert.deepEqual([...snapshotsIn(at, at.estate.copies), ...snapshotsIn(at, at.estate.snapshots)], []);
  },
);

keyTest(
  ["copyDiskEncryptionSetId"],
  "copies have this key instead of the disk's, which serves another region",
  async () => {
    const at = await scene(world, {
      config: (estate) => ({
        ...{ copyToRegion: COPY_REGION, copyResourceGroup: estate.copies },
        copyDiskEncryptionSetId: encryptionSet(world, estate, { name: "copies", location: COPY_REGION }),
      }),
      disk: (estate) => encryptedWith(encryptionSet(world, estate)),
      roles: andReader,
    });
    await take(at);
    const [copy = ""] = snapshotsIn(at, at.estate.copies);
    assert.match(snapshotAt(at, copy).encryption.diskEncryptionSetId ?? "", /\/copies$/);
  },
);

slowKeyTest(
  ["apiTimeout"],
  "Azure is given no more time; what it was asked for is named, and not asked for twice",
  async () => {
    world.azure.inventory.setComputePace({ snapshot: 30_000 });
    const at = await scene(world, { config: () => ({ apiTimeout: "1500ms" }) });
    await assert.rejects(
      take(at),
      refusedWith("DeadlineExceeded", "apiTimeout", "within 1.5 s", "/snapshots/data-"),
    );
    const [begun] = snapshotsIn(at, at.estate.snapshots);
    world.azure.clock.advance(30_000);
    assert.equal((await take(at)).id, begun);
    assert.equal(snapshotsIn(at, at.estate.snapshots).length, 1);
  },
);

keyTest(
  ["apiVersion", "activeDirectoryAuthorityURI", "caCert", "caCertEncoded"],
  "a cloud of one's own with older versions is signed in to and used",
  async () => {
    const { endpoints, authority } = world.azure;
    // Only what the location's config says leads to the sign-in.
    const document = { ...cloudDocument(world), activeDirectoryEndpoint: "https://login.invalid/" };
    const path = await world.file("cloud.json", JSON.stringify(document));
    const at = await scene(world, {
      values: { AZURE_CLOUD_NAME: "AZURESTACKCLOUD", AZURE_ENVIRONMENT_FILEPATH: path },
      cloud: {},
      config: () => ({
        activeDirectoryAuthorityURI: endpoints.entra,
        apiVersion: "2019-07-01",
        caCert: Buffer.from(authority.certificate).toString("base64"),
        caCertEncoded: "true",
      }),
    });
    const taken = await take(at);
    assert.equal((await restore(at, taken)).generation, 1);
    await remove(at, taken.id);
  },
);

describe("a location", { concurrency: SIDE_BY_SIDE }, () => {
  for (const [name, run] of together) test(name, run);
});

test("no key of a volume snapshot location is without a test here", () => {
  const all = Object.entries(locationKeys)
    .filter(([, { locations }]) => (locations as readonly string[]).includes("volume snapshotter"))
    .map(([key]) => key);
  assert.deepEqual(
    all.filter((key) => !(covered as ReadonlySet<string>).has(key)),
    [],
  );
});
