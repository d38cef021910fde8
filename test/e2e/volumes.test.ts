/**
 * Disk snapshots by a real Velero: PersistentVolumes of each kind, whose disks are a local Azure's. One story: the tests
 * stand in its order, each on the state that the one before left.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/errors/error.ts";
import { VeleroCluster } from "../cluster/cluster.ts";
import type { KubernetesObject } from "../cluster/kubernetes.ts";
import {
  apartFromDisk,
  claimDisks,
  type ClaimedDisk,
  deleteClaims,
  untilBound,
  volumesOf,
} from "./claims.ts";
import { assertAsBefore, DiskStory } from "./disk-story.ts";
import { DiskWorld } from "./disk-world.ts";
import { everyKind, hostPath, pair } from "./volume-kinds.ts";
import { endAfterwards } from "./story-end.ts";

const builtPlugin = fileURLToPath(new URL("../../dist/linux-amd64/velero-azure", import.meta.url));
const plugin = process.env["VELERO_AZURE_EXECUTABLE"] ?? builtPlugin;

const shop = "shop";
const office = "office";

interface Running {
  readonly cluster: VeleroCluster;
  readonly world: DiskWorld;
  readonly story: DiskStory;
}

let started: Running | undefined;

before(async () => {
  let made: DiskWorld | undefined;
  const cluster = await VeleroCluster.start({
    plugin,
    itemBlockWorkers: 4,
    report: (line) => process.stderr.write(`cluster: ${line}\n`),
    locations: async (parts) => {
      made = await DiskWorld.start(parts);
      return [made.location];
    },
  });
  assert.ok(made);
  started = { cluster, world: made, story: new DiskStory(cluster, made) };
  await made.addProtection();
  // A moment for what Azure takes seconds for: long enough that not to wait would be noticed.
  const pace = { snapshot: 200, disk: 200, deletion: 200, backgroundCopy: 600_000, regionCopy: 2000 };
  await made.azure.inventory("setComputePace", pace);
  for (const location of [
    made.snapshotLocation("default"),
    made.snapshotLocation("vault", { subscriptionId: made.vault, incremental: "false" }),
    made.snapshotLocation("hurried", { apiTimeout: "10s" }),
    made.snapshotLocation("distant", {
      copyToRegion: "northeurope",
      copyResourceGroup: "copies",
      waitForCopy: "true",
    }),
    made.snapshotLocation("nowhere", { copyToRegion: "northeurope", copyResourceGroup: "missing" }),
  ])
    await cluster.addSnapshotLocation(location);
});

endAfterwards(() => started?.cluster);

test("a backup takes a snapshot of the disk of each kind of PersistentVolume, and of nothing else", async () => {
  const { cluster, world, story } = running();
  await story.claim(shop, everyKind(world), [hostPath]);
  await story.backUp("whole", shop, "default");
  const snapshots = await world.snapshotsOf("whole");
  const disks = await story.disksOf(shop);
  assert.deepEqual(
    new Set(snapshots.map(({ sourceResourceId }) => sourceResourceId?.toLowerCase())),
    new Set([...disks.values()].map(({ id }) => id.toLowerCase())),
  );
  assert.equal(snapshots.length, disks.size);
  const described = await cluster.velero("backup", "describe", "whole", "--details");
  for (const { id } of snapshots) assert.ok(described.includes(id), id);
});

test("namespace and volumes deleted: each volume comes back with a disk as it was, with what it held when it was backed up", async () => {
  const { cluster, world, story } = running();
  const before = { disks: await story.disksOf(shop), volumes: await volumesOf(cluster.kubernetes, shop) };
  for (const { id } of before.disks.values()) await world.write(id);
  assert.equal(
    annotationOf(before.volumes.get("catalog"), "pv.kubernetes.io/migrated-to"),
    "disk.csi.azure.com",
  );
  await deleteClaims(cluster, shop);
  // Of the Premium SSD v2 disk, the snapshot is not there in full yet: nothing can be made of it.
  await world.untilCopiedBut(3);
  await story.restore("whole-again", "whole");
  await untilBound(cluster, shop, [...before.volumes.keys()]);
  assertAsBefore(before.disks, await story.disksOf(shop));
  const log = await cluster.velero("restore", "logs", "whole-again");
  assert.match(log, /waiting for a snapshot's data.* completionPercent=99 .*snapshot=search-/);
  for (const [name, volume] of await volumesOf(cluster.kubernetes, shop)) {
    const former = before.volumes.get(name);
    assert.ok(former, name);
    assert.deepEqual(apartFromDisk(volume), apartFromDisk(former));
  }
});

test("a deleted backup's snapshots are gone; the disks that were restored from them are not", async () => {
  const { cluster, world, story } = running();
  await story.deleteBackup("whole");
  assert.deepEqual(await world.snapshotsOf("whole"), []);
  assert.equal((await story.disksOf(shop)).size, 7);
  await deleteClaims(cluster, shop);
});

test("a location in another subscription has full snapshots there, and disks come back where the cluster's are", async () => {
  const { cluster, world, story } = running();
  await story.claim(office, pair);
  const before = await story.disksOf(office);
  await story.backUp("elsewhere", office, "vault");
  const snapshots = await world.snapshotsOf("elsewhere");
  assert.deepEqual(
    snapshots.map(({ id, incremental }) => [id.split("/")[2], incremental]),
    pair.map(() => [world.vault, false]),
  );
  await deleteClaims(cluster, office);
  await story.restore("from-elsewhere", "elsewhere");
  assertAsBefore(before, await story.disksOf(office));
});

test("one disk throttled for longer than the plugin may wait: the backup ends PartiallyFailed and names that disk alone", async () => {
  const { cluster, world, story } = running();
  const effect = { kind: "throttle", retryAfterSeconds: 600 } as const;
  // The first snapshot passes, the second one is refused.
  await world.azure.addFaults({
    service: "resource-manager",
    operation: "snapshots/create",
    effect,
    after: 1,
  });
  await story.backUp("half", office, "hurried", "PartiallyFailed");
  const disks = await story.disksOf(office);
  const [taken, ...others] = await world.snapshotsOf("half");
  assert.ok(taken);
  assert.deepEqual(others, []);
  const refused = [...disks.values()].find(({ id }) => !isSame(id, taken.sourceResourceId));
  assert.ok(refused);
  for (const told of [
    await cluster.velero("backup", "describe", "half", "--details"),
    await cluster.velero("backup", "logs", "half"),
  ]) {
    const lines = told.split("\n").filter((line) => /error.*600/i.test(line) || /message:.*600/.test(line));
    assert.notEqual(lines.length, 0, told);
    for (const line of lines) assert.ok(line.includes(refused.name), line);
  }
});

test("a copy to another region that cannot be begun: PartiallyFailed, and the first snapshot is kept", async () => {
  const { cluster, world, story } = running();
  await story.backUp("uncopied", office, "nowhere", "PartiallyFailed");
  const snapshots = await world.snapshotsOf("uncopied");
  assert.equal(snapshots.length, pair.length);
  const log = await cluster.velero("backup", "logs", "uncopied");
  for (const { name } of snapshots)
    assert.ok(
      log
        .split("\n")
        .some((line) => line.includes("level=error") && line.includes(name) && line.includes("northeurope")),
      name,
    );
  await story.deleteBackup("uncopied");
  assert.deepEqual(await world.snapshotsOf("uncopied"), []);
});

test("a volume whose disk is no managed one is said in words, and nothing is left out in silence", async () => {
  const { cluster, world, story } = running();
  const blob = "https://account.blob.core.windows.net/vhds/old.vhd";
  const unmanaged: ClaimedDisk = {
    name: "old",
    disk: {},
    source: (diskURI, diskName) => ({ azureDisk: { diskName, diskURI, kind: "Dedicated" } }),
  };
  await claimDisks(cluster, "museum", [[unmanaged, blob]]);
  await story.backUp("museum", "museum", "default", "PartiallyFailed");
  assert.deepEqual(await world.snapshotsOf("museum"), []);
  const log = await cluster.velero("backup", "logs", "museum");
  assert.match(log, /level=error.*\bold\b.*managed/);
});

test("a region is lost: a location of the other one restores the disks from their copies", async () => {
  const { cluster, world, story } = running();
  const before = await story.disksOf(office);
  await story.backUp("travelling", office, "distant");
  const copies = (await world.snapshotsOf("travelling")).filter(({ location }) => location === "northeurope");
  assert.equal(copies.length, pair.length);
  await deleteClaims(cluster, office);
  await world.azure.inventory("loseRegion", "westeurope");
  // As in a cluster of the other region, which has a location of that name.
  const config = { copyToRegion: "northeurope", copyResourceGroup: "copies", restoreZoneMap: "1=2" };
  await cluster.addSnapshotLocation(world.snapshotLocation("distant", config, "cluster-north"));
  await story.restore("in-the-north", "travelling");
  const otherwise = { location: "northeurope", zones: ["2"] };
  assertAsBefore(before, await story.disksOf(office), otherwise);
  // Pods follow their volumes.
  for (const { metadata } of (await volumesOf(cluster.kubernetes, office)).values())
    assert.equal(metadata.labels?.["topology.kubernetes.io/zone"], "northeurope-2");
});

test("a backup whose region is lost can still be deleted with its copies once the region is back", async () => {
  const { world, story } = running();
  await world.azure.inventory("restoreRegion", "westeurope");
  await story.deleteBackup("travelling");
  assert.deepEqual(await world.snapshotsOf("travelling"), []);
});

test("no fault was left unspent, and no log of the story holds the secret", async () => {
  const { cluster, world } = running();
  assert.deepEqual(await world.azure.unspentFaults(), []);
  for (const file of readdirSync(cluster.namespace.logs)) {
    const log = readFileSync(join(cluster.namespace.logs, file), "utf8");
    assert.ok(!log.includes(world.secret), file);
    assert.doesNotMatch(log, /eyJ[\w-]+\.eyJ/, file);
  }
});

function running(): Running {
  if (started === undefined)
    throw new Failure("FailedPrecondition", "cannot go on: the cluster was not started");
  return started;
}

function annotationOf(object: KubernetesObject | undefined, name: string): unknown {
  const annotations = object?.metadata["annotations"];
  return typeof annotations === "object" && annotations !== null ? Reflect.get(annotations, name) : undefined;
}

function isSame(id: string, other: string | undefined): boolean {
  return id.toLowerCase() === other?.toLowerCase();
}
