import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { COPIES, DISKS, snapshotIdOf, startCliWorld, type CliResult, type CliWorld } from "./world.ts";

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
beforeEach(() => world.clear());
afterEach(() => {
  try {
    world.azure.faults.assertSpent();
  } finally {
    world.azure.faults.clear();
  }
});
after(() => world[Symbol.asyncDispose]());

interface Found {
  readonly name: string;
  readonly code: string;
  readonly why: string;
}

interface Answer {
  readonly backupLocations: readonly { readonly name: string; readonly backups: number }[];
  readonly dryRun: boolean;
  readonly orphans: readonly Found[];
  readonly kept: readonly Found[];
  readonly deleted: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

async function gc(...args: string[]): Promise<CliResult> {
  return world.run(["gc", "--locations", await world.locations(), ...args]);
}

async function gcJson(...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await gc("--json", ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Answer;
}

/** One snapshot of a backup that is there, and one of a backup that is gone. */
async function oneOrphan(): Promise<{ readonly used: string; readonly orphan: string }> {
  const used = world.snapshot({ name: "used", backup: "there" });
  const orphan = world.snapshot({ name: "orphan", backup: "gone" });
  await world.backup("there", [used]);
  return { used, orphan };
}

test("a dry run shows the orphans and deletes nothing", async () => {
  await oneOrphan();
  const { code, stdout, stderr } = await gc();
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.match(stdout, /^Backup location "default": 1 backup\.$/m);
  assert.match(stdout, /^orphan +2d +of backup "gone", which is gone or does not refer to it$/m);
  assert.match(stdout, /^1 orphan; 1 other snapshot kept \(--verbose tells why\)\.$/m);
  assert.match(stdout, /^Nothing was deleted\. To delete the orphans, add --delete\.$/m);
  assert.doesNotMatch(stdout, /^used/m);
  assert.equal(world.snapshots().length, 2);
});

test("--verbose tells of each snapshot that is kept why it is", async () => {
  await oneOrphan();
  world.snapshot({ name: "young", age: 1 });
  world.snapshot({ name: "official", disks: null });
  const { stdout } = await gc("--verbose");
  assert.match(stdout, /^used +2d +of backup "there"$/m);
  assert.match(stdout, /^young +1h +younger than --min-age$/m);
  assert.match(stdout, /^official +2d +this plugin did not make it$/m);
});

test("no orphans: whether backups refer to what is there, or it is kept for another reason, is not left open", async () => {
  world.snapshot({ name: "young", age: 1 });
  const { stdout } = await gc();
  assert.match(stdout, /^No orphans among 1 snapshot \(--verbose tells why it is kept\)\.$/m);
});

test("JSON tells of each snapshot what is decided, and why in a word that stays", async () => {
  await oneOrphan();
  const answer = await gcJson();
  assert.deepEqual(answer.backupLocations, [{ name: "default", backups: 1 }]);
  assert.deepEqual(
    [answer.orphans, answer.kept].map((found) => found.map(({ name, code }) => [name, code])),
    [[["orphan", "no-backup"]], [["used", "referred"]]],
  );
  assert.deepEqual([answer.dryRun, answer.deleted, answer.failed], [true, [], []]);
});

test("--delete --yes deletes the orphans, with their copies, and nothing else", async () => {
  const used = world.snapshot({ name: "used", backup: "there", copy: COPIES });
  const orphan = world.snapshot({ name: "orphan", backup: "gone", copy: COPIES });
  const usedCopy = world.copy(used);
  world.copy(orphan);
  const official = world.snapshot({ name: "official", disks: null });
  const young = world.snapshot({ name: "young", age: 23 });
  const ofOthers = world.snapshot({
    name: "others",
    disks: { ...DISKS, resourceGroup: "MC_other" },
  });
  await world.backup("there", [used]);
  const { code, stdout, stderr } = await gc("--delete", "--yes");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^orphan +2d +.*; with its copy in northeurope$/m);
  assert.match(stderr, /^deleted orphan$/m);
  assert.match(stderr, /^1 snapshot deleted\.$/m);
  assert.deepEqual(world.snapshots().toSorted(), [used, usedCopy, official, young, ofOthers].toSorted());
});

test("a copy whose first is gone goes, too, unless a backup refers to the first", async () => {
  const { inventory } = world.azure;
  const copyWithoutFirst = (name: string): string => {
    const first = world.snapshot({ name, copy: COPIES });
    const copy = world.copy(first);
    delete inventory.state.snapshots[first.toLowerCase()];
    return copy;
  };
  copyWithoutFirst("lost");
  const needed = copyWithoutFirst("needed");
  // Names the group of the copies, which the location's config does not.
  const other = world.snapshot({ name: "other", copy: COPIES });
  await world.backup("b", [snapshotIdOf("needed"), other]);
  const { code, stderr } = await gc("--delete", "--yes");
  assert.equal(code, 0, stderr);
  assert.deepEqual(world.snapshots().toSorted(), [needed, other].toSorted());
});

test("--min-age decides what is young", async () => {
  const orphan = world.snapshot({ name: "orphan", age: 2 });
  await world.backup("b", []);
  assert.deepEqual((await gcJson()).orphans, []);
  assert.equal((await gcJson("--min-age", "3h")).orphans.length, 0);
  assert.equal((await gcJson("--min-age", "1h30m", "--delete", "--yes")).deleted[0], orphan);
});

test("snapshots of a backup location that is not read are kept", async () => {
  const locations = await world.locations({
    backupLocations: [{}, { name: "second", objectStorage: { bucket: "velero", prefix: "second" } }],
  });
  const second = world.snapshot({ name: "second", backupLocation: "second" });
  const first = world.snapshot({ name: "first" });
  await world.backup("b", []);
  await world.backup("c", [second], "second/");
  const run = async (...args: string[]): Promise<Answer> => {
    const { code, stdout, stderr } = await world.run(["gc", "--locations", locations, "--json", ...args]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Answer;
  };
  const all = await run();
  assert.deepEqual(
    all.kept.map(({ name, code }) => [name, code]),
    [["second", "referred"]],
  );
  const one = await run("--backup-location", "default");
  assert.deepEqual(
    one.kept.map(({ name, code }) => [name, code]),
    [["second", "location-not-read"]],
  );
  assert.deepEqual(
    one.orphans.map(({ name }) => name),
    ["first"],
  );
  assert.ok(world.snapshots().includes(first));
});

test("with --backup-location another one may be anybody's", async () => {
  const { orphan } = await oneOrphan();
  world.snapshot({ name: "elsewhere", backupLocation: "aws" });
  world.snapshot({ name: "nowhere", backupLocation: null });
  const locations = await world.locations({
    backupLocations: [{}, { name: "aws", provider: "velero.io/aws" }],
  });
  const args = ["gc", "--locations", locations, "--backup-location", "default", "--delete", "--yes"];
  const { code, stderr } = await world.run(args);
  assert.equal(code, 0, stderr);
  assert.ok(!world.snapshots().includes(orphan));
  assert.equal(world.snapshots().length, 3);
});

test("many orphans are all deleted", async () => {
  await world.backup("b", []);
  for (let number = 0; number < 25; number += 1) world.snapshot();
  const { code, stderr } = await gc("--delete", "--yes");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^25 snapshots deleted\.$/m);
  assert.deepEqual(world.snapshots(), []);
});

const obstacles: readonly {
  readonly what: string;
  readonly obstruct: () => Promise<unknown>;
  readonly says: RegExp;
  readonly backupLocations?: readonly Readonly<Record<string, unknown>>[];
}[] = [
  {
    what: "a backup is damaged",
    obstruct: () => world.object("backups/bad/bad-volumesnapshots.json.gz", "damaged"),
    says: /location "default".*"backups\/bad\/bad-volumesnapshots\.json\.gz"/,
  },
  {
    what: "a backup's list of snapshots is gone",
    obstruct: () =>
      world.object(
        "backups/bad/velero-backup.json",
        '{"kind":"Backup","status":{"volumeSnapshotsAttempted":1}}',
      ),
    says: /the backup counts 1 snapshots, but it is not there/,
  },
  {
    what: "a container is not there",
    obstruct: async () => {},
    says: /cannot read the backups of location "second".*container/,
    backupLocations: [{}, { name: "second", objectStorage: { bucket: "absent" } }],
  },
  {
    what: "a backup location is another provider's",
    obstruct: async () => {},
    says: /BackupStorageLocation "aws": its provider is "velero\.io\/aws"/,
    backupLocations: [{}, { name: "aws", provider: "velero.io/aws" }],
  },
  {
    what: "a backup location's config is wrong",
    obstruct: async () => {},
    says: /cannot use the config of the object store: storageAccount is required/,
    backupLocations: [{ config: {} }],
  },
  {
    what: "there is no backup location",
    obstruct: async () => {},
    says: /no BackupStorageLocation/,
    backupLocations: [],
  },
  {
    what: "the listing of snapshots fails",
    obstruct: async () =>
      world.azure.faults.add({
        ...{ service: "resource-manager", operation: "snapshots/listByResourceGroup" },
        effect: { kind: "fail", status: 403, code: "AuthorizationFailed" },
      }),
    says: /Microsoft\.Compute\/snapshots\/read/,
  },
];
for (const { what, obstruct, says, backupLocations = [{}] } of obstacles) {
  test(`nothing is deleted when ${what}`, async () => {
    await oneOrphan();
    await obstruct();
    const locations = await world.locations({ backupLocations });
    const { code, stdout, stderr } = await world.run(["gc", "--locations", locations, "--delete", "--yes"]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, says);
    assert.equal(world.snapshots().length, 2);
  });
}

test("a backup location without any backup is deleted for only when told that this is right", async () => {
  world.snapshot({ name: "orphan" });
  assert.equal((await gcJson()).orphans.length, 1);
  const refused = await gc("--delete", "--yes");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /"default" has no backups at all/);
  assert.equal(world.snapshots().length, 1);
  const { code } = await gc("--delete", "--yes", "--allow-empty");
  assert.equal(code, 0);
  assert.equal(world.snapshots().length, 0);
});

test("a snapshot that cannot be deleted is told, and does not keep the others", async () => {
  const { orphan } = await oneOrphan();
  world.snapshot({ name: "second-orphan", backup: "gone", age: 30 });
  world.azure.faults.add({
    ...{ service: "resource-manager", operation: "snapshots/delete" },
    effect: { kind: "fail", status: 403, code: "RequestDisallowedByPolicy", message: "Not today." },
  });
  const { code, stdout, stderr } = await gc("--delete", "--yes", "--json");
  assert.equal(code, 1);
  const answer = JSON.parse(stdout) as Answer;
  assert.equal(answer.deleted.length, 1);
  assert.deepEqual(
    answer.failed.map(({ id }) => id),
    [orphan],
  );
  assert.match(stderr, /^not deleted: orphan: /m);
  assert.match(stderr, /^1 snapshot deleted, 1 not\.$/m);
});

test("snapshots that no backup knows of are shown with a warning: the locations may be of two Veleros", async () => {
  world.snapshot({ name: "orphan" });
  await world.backup("other", [snapshotIdOf("elsewhere")]);
  const { stdout } = await gc();
  assert.match(
    stdout,
    /^No backup refers to any of these snapshots: make sure that the locations belong together\.$/m,
  );
});
