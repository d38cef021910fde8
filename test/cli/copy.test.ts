import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { readRecord } from "../../src/snapshot/record/disk-record.ts";
import { COPIES, DISKS, startCliWorld, type CliResult, type CliWorld } from "./world.ts";

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

const TO = ["--to-region", "North Europe", "--to-resource-group", COPIES.resourceGroup];

async function copy(...args: string[]): Promise<CliResult> {
  return world.run(["copy", "--locations", await world.locations(), ...TO, ...args]);
}

function idOfCopy(id: string): string {
  return `${id.replace(/resourceGroups\/snapshots/i, "resourceGroups/copies")}-${COPIES.region}`;
}

const view = (id: string) => world.azure.inventory.snapshot(id);

test("a snapshot is copied, and its record names the copy, so that deletion removes both", async () => {
  const id = world.snapshot({ name: "one" });
  const before = view(id)?.tags ?? {};
  const { code, stderr } = await copy("one");
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "one: copy begun: one-northeurope\n");
  const copied = view(idOfCopy(id));
  assert.equal(copied?.location, COPIES.region);
  assert.equal(copied.sourceResourceId?.toLowerCase(), id.toLowerCase());
  const tags = view(id)?.tags ?? {};
  assert.deepEqual(readRecord(tags as Record<string, string>)?.copy, COPIES);
  assert.deepEqual(copied.tags, tags);
  const veleros = (all: object) => Object.entries(all).filter(([name]) => name.startsWith("velero.io-"));
  assert.deepEqual(veleros(tags), veleros(before));
  assert.equal(veleros(tags).length, 3);
  await world.backup("b", []);
  const deletion = await world.run(["gc", "--locations", await world.locations(), "--delete", "--yes"]);
  assert.equal(deletion.code, 0, deletion.stderr);
  assert.deepEqual(world.snapshots(), []);
});

test("all snapshots of a backup are copied, by resource ID as well as by name, and JSON tells each", async () => {
  const ids = ["one", "two"].map((name) => world.snapshot({ name, backup: "weekly" }));
  world.snapshot({ name: "other" });
  const { code, stdout } = await copy("--backup", "weekly", "--json");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), {
    to: COPIES,
    snapshots: ids.map((id) => ({ id, copyId: idOfCopy(id), result: "begun", error: null })),
  });
  assert.equal(world.snapshots().length, 5);
  const again = await copy(ids[0] ?? "", "two", "--json");
  assert.equal(again.code, 0);
  const { snapshots } = JSON.parse(again.stdout) as { snapshots: { result: string }[] };
  assert.deepEqual(
    snapshots.map(({ result }) => result),
    ["already there", "already there"],
  );
  assert.match(again.stderr, /^one: has its copy already: one-northeurope$/m);
});

test("--wait ends when the copy can be restored, with progress", async () => {
  const { inventory } = world.azure;
  const former = inventory.state.compute.pace.regionCopy;
  inventory.setComputePace({ regionCopy: 3_000 });
  const id = world.snapshot({ name: "one" });
  const { code, stderr } = await copy("one", "--wait");
  inventory.setComputePace({ regionCopy: former });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^one-northeurope: \d+ %$/m);
  assert.match(stderr, /^one-northeurope: ready$/m);
  assert.equal(view(idOfCopy(id))?.completionPercent, 100);
});

test("a copy that fails on its way fails a command that waits, and is made anew by the next", async () => {
  const { inventory } = world.azure;
  const former = inventory.state.compute.pace.regionCopy;
  inventory.setComputePace({ regionCopy: 500 });
  inventory.failCopies({ message: "The source is lost." });
  const id = world.snapshot({ name: "one" });
  const failed = await copy("one", "--wait");
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /has failed: The source is lost \(hint: copy it again/);
  const again = await copy("one", "--wait");
  inventory.setComputePace({ regionCopy: former });
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /^one: copy begun/m);
  assert.equal(view(idOfCopy(id))?.completionPercent, 100);
});

test("a copy whose snapshot does not name it, since the command was killed, is found again", async () => {
  const id = world.snapshot({ name: "one" });
  world.copy(id);
  const { code, stderr } = await copy("one");
  assert.equal(code, 0);
  assert.match(stderr, /has its copy already/);
  assert.deepEqual(readRecord((view(id)?.tags ?? {}) as Record<string, string>)?.copy, COPIES);
  assert.equal(world.snapshots().length, 2);
});

const refusals: readonly {
  readonly what: string;
  readonly make: () => unknown;
  readonly says: RegExp;
  readonly args?: readonly string[];
}[] = [
  {
    what: "a full snapshot",
    make: () => world.snapshot({ name: "one", incremental: false }),
    says: /it is a full snapshot, and Azure copies only incremental ones/,
  },
  {
    what: "a snapshot of another plugin",
    make: () => world.snapshot({ name: "one", disks: null }),
    says: /this plugin did not make it/,
  },
  {
    what: "a snapshot that has a copy elsewhere",
    make: () => world.copy(world.snapshot({ name: "one", copy: COPIES })),
    says: /it has a copy in northeurope, resource group "copies", and can have one only/,
    args: ["--to-region", "uksouth", "--to-resource-group", "copies"],
  },
  {
    what: "a snapshot to its own region",
    make: () => world.snapshot({ name: "one" }),
    says: /it is in that region/,
    args: ["--to-region", "West Europe"],
  },
  { what: "a snapshot that is not there", make: () => {}, says: /there is no such snapshot/ },
];
for (const { what, make, says, args = [] } of refusals) {
  test(`${what} is not copied, and the reason is told`, async () => {
    make();
    const before = world.snapshots();
    const { code, stderr } = await copy("one", ...args);
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.deepEqual(world.snapshots(), before);
  });
}

test("one that cannot be copied does not keep the others", async () => {
  world.snapshot({ name: "full", backup: "b", incremental: false });
  world.snapshot({ name: "good", backup: "b" });
  const { code, stderr } = await copy("--backup", "b");
  assert.equal(code, 1);
  assert.match(stderr, /^full: cannot copy/m);
  assert.match(stderr, /^good: copy begun/m);
});

test("a backup without snapshots of ours is an error, whatever others' backups of the name have", async () => {
  world.snapshot({ name: "official", backup: "b", disks: null });
  world.snapshot({ name: "others", backup: "b", disks: { ...DISKS, resourceGroup: "MC_other" } });
  const { code, stderr } = await copy("--backup", "b");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /cannot copy the snapshots of backup "b": there are none of this location's disks in resource group "snapshots"/,
  );
});

test("a snapshot of a disk with a customer's key is copied under the key that the command names", async () => {
  const { inventory } = world.azure;
  const set = (place: { subscriptionId: string; resourceGroup: string; location?: string }, name: string) =>
    inventory.addDiskEncryptionSet({ ...place, name });
  const near = set(DISKS, "near");
  const far = set({ ...DISKS, resourceGroup: COPIES.resourceGroup, location: COPIES.region }, "far");
  const id = world.snapshot({ name: "one" });
  const record = inventory.state.snapshots[id.toLowerCase()];
  assert.ok(record !== undefined);
  record.encryption = { type: near.encryptionType, diskEncryptionSetId: near.id };
  const { code, stderr } = await copy("one", "--disk-encryption-set", far.id);
  assert.equal(code, 0, stderr);
  assert.equal(view(idOfCopy(id))?.encryption.diskEncryptionSetId, far.id);
});
