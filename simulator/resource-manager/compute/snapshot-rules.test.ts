import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUP, SUBSCRIPTION, simulatedWorld } from "../resource-manager.fixture.ts";
import { DISKS, PLACE, SNAPSHOTS, copy, copyStart, pathIn, target } from "./compute.fixture.ts";

const OTHER = SUBSCRIPTION.replaceAll("2", "5");
const OTHERS = `/subscriptions/${OTHER}/resourceGroups/others`;
const incremental = { incremental: true };

interface Refused {
  readonly name: string;
  readonly at?: string;
  readonly body: unknown;
  readonly status?: number;
  readonly code: string;
}

const REFUSED: readonly Refused[] = [
  {
    name: "no source",
    body: { location: "westeurope", properties: { creationData: { createOption: "Copy" } } },
    code: "InvalidParameter",
  },
  { name: "a source that is not there", body: copy(`${DISKS}/none`), status: 404, code: "NotFound" },
  {
    name: "a source in another region",
    body: copy(`${DISKS}/plain`, {}, { location: "northeurope" }),
    status: 404,
    code: "NotFound",
  },
  { name: "a whole one of a Premium SSD v2 disk", body: copy(`${DISKS}/v2`), code: "InvalidParameter" },
  { name: "a whole one of an Ultra disk", body: copy(`${DISKS}/ultra`), code: "InvalidParameter" },
  {
    name: "a kind that snapshots do not have",
    body: copy(`${DISKS}/plain`, {}, { sku: { name: "StandardSSD_LRS" } }),
    code: "InvalidParameter",
  },
  {
    name: "an incremental one on premium storage",
    body: copy(`${DISKS}/plain`, incremental, { sku: { name: "Premium_LRS" } }),
    code: "InvalidParameter",
  },
  {
    name: "a zone-redundant one in a region without zones",
    body: copy(`${DISKS}/western`, {}, { location: "westus", sku: { name: "Standard_ZRS" } }),
    code: "InvalidParameter",
  },
  {
    name: "an incremental one in another subscription",
    at: target("snapshots/s9", OTHERS),
    body: copy(`${DISKS}/plain`, incremental),
    code: "BadRequest",
  },
  { name: "a disk, by CopyStart", body: copyStart(`${DISKS}/plain`), code: "InvalidParameter" },
  { name: "a whole snapshot, by CopyStart", body: copyStart(`${SNAPSHOTS}/whole`), code: "InvalidParameter" },
  {
    name: "an incremental snapshot, by CopyStart into another subscription",
    at: target("snapshots/s9", OTHERS),
    body: copyStart(`${SNAPSHOTS}/incremental`),
    code: "BadRequest",
  },
  {
    name: "a snapshot that is encrypted with a customer's key, into a region without a set",
    body: copyStart(`${SNAPSHOTS}/sealed`),
    code: "BadRequest",
  },
  {
    name: "another kind of making",
    body: {
      location: "westeurope",
      properties: { creationData: { createOption: "Import", sourceResourceId: `${DISKS}/plain` } },
    },
    code: "InvalidParameter",
  },
  {
    name: "a name that ends with a dot",
    at: target("snapshots/s."),
    body: copy(`${DISKS}/plain`),
    code: "InvalidParameter",
  },
];

async function world() {
  const made = await simulatedWorld();
  const { inventory } = made;
  const tenantId = inventory.state.subscriptions[SUBSCRIPTION]?.tenantId ?? "";
  inventory.addSubscription({ subscriptionId: OTHER, tenantId });
  inventory.addResourceGroup({ subscriptionId: OTHER, name: "others" });
  const principalId = Object.values(inventory.state.roleAssignments)[0]?.principalId ?? "";
  inventory.assignRole({ principalId, role: "Contributor", scope: `/subscriptions/${OTHER}` });
  const set = inventory.addDiskEncryptionSet({ ...PLACE, name: "set" });
  const plain = inventory.addDisk({ ...PLACE, name: "plain" });
  inventory.addDisk({ ...PLACE, name: "v2", sku: "PremiumV2_LRS" });
  inventory.addDisk({ ...PLACE, name: "ultra", sku: "UltraSSD_LRS" });
  inventory.addDisk({ ...PLACE, name: "western", location: "westus" });
  const encryption = { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: set.id };
  const sealed = inventory.addDisk({ ...PLACE, name: "sealed", encryption });
  inventory.addSnapshot({ ...PLACE, name: "whole", sourceResourceId: plain.id });
  inventory.addSnapshot({ ...PLACE, name: "incremental", sourceResourceId: plain.id, incremental: true });
  inventory.addSnapshot({ ...PLACE, name: "sealed", sourceResourceId: sealed.id, incremental: true });
  return made;
}

for (const refused of REFUSED) {
  test(`a snapshot is refused: ${refused.name}`, async () => {
    const { call, inventory } = await world();
    const answer = await call("PUT", refused.at ?? target("snapshots/s9"), { body: refused.body });
    assert.deepEqual([answer.status, answer.code], [refused.status ?? 400, refused.code], answer.text);
    assert.equal(inventory.snapshots().length, 3);
  });
}

test("a whole snapshot may be in another subscription", async () => {
  const { call } = await world();
  const answer = await call("PUT", target("snapshots/s9", OTHERS), { body: copy(`${DISKS}/plain`) });
  assert.equal(answer.status, 202);
});

test("seven incremental snapshots of a disk are taken in five minutes", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const take = (name: number) =>
    call("PUT", target(`snapshots/s${name}`), { body: copy(disk.id, incremental) });
  for (let name = 1; name <= 7; name += 1) assert.equal((await take(name)).status, 202);
  const refused = await take(8);
  assert.deepEqual([refused.status, refused.code], [409, "OperationNotAllowed"]);
  assert.equal((await call("PUT", target("snapshots/whole"), { body: copy(disk.id) })).status, 202);
  clock.advance(5 * 60_000);
  assert.equal((await take(8)).status, 202);
});

test("three snapshots of an Ultra disk are copied in the background at a time", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ backgroundCopy: 60_000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sku: "UltraSSD_LRS" });
  const take = (name: number) =>
    call("PUT", target(`snapshots/s${name}`), { body: copy(disk.id, incremental) });
  for (let name = 1; name <= 3; name += 1) assert.equal((await take(name)).status, 202);
  assert.equal((await take(4)).code, "OperationNotAllowed");
  clock.advance(60_000);
  assert.equal((await take(4)).status, 202);
});

test("the 501st incremental snapshot of a disk is accepted, and fails", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const old = { sourceResourceId: disk.id, incremental: true, timeCreated: "2020-01-01T00:00:00.0000000Z" };
  for (let name = 1; name <= 500; name += 1) inventory.addSnapshot({ ...PLACE, name: `s${name}`, ...old });
  const begun = await call("PUT", target("snapshots/s501"), { body: copy(disk.id, incremental) });
  assert.equal(begun.status, 202);
  const status = await call("GET", pathIn(begun.headers["azure-asyncoperation"]));
  assert.deepEqual([status.body["status"], status.code], ["Failed", "SnapshotsLimitReached"]);
  assert.equal((await call("GET", pathIn(begun.headers["location"]))).code, "SnapshotsLimitReached");
  assert.equal(inventory.snapshot(`${SNAPSHOTS}/s501`)?.provisioningState, "Failed");
  await call("DELETE", target("snapshots/s1"));
  clock.advance(1);
  await call("PUT", target("snapshots/s501"), { body: copy(disk.id, incremental) });
  assert.equal(inventory.snapshot(`${SNAPSHOTS}/s501`)?.provisioningState, "Succeeded");
});

test("a snapshot that is not complete is made into nothing", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ backgroundCopy: 60_000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sku: "PremiumV2_LRS" });
  await call("PUT", target("snapshots/s1"), { body: copy(disk.id, incremental) });
  const restore = () =>
    call("PUT", target("disks/d2"), {
      body: copy(`${SNAPSHOTS}/s1`, {}, { sku: { name: "PremiumV2_LRS" } }),
    });
  const transfer = () => call("PUT", target("snapshots/far"), { body: copyStart(`${SNAPSHOTS}/s1`) });
  assert.deepEqual(
    [(await restore()).code, (await transfer()).code],
    ["OperationNotAllowed", "OperationNotAllowed"],
  );
  clock.advance(60_000);
  assert.deepEqual([(await restore()).status, (await transfer()).status], [202, 202]);
});

test("incremental snapshots of a disk share a family, and are zone-redundant where that is to be had", async () => {
  const { call, inventory } = await simulatedWorld();
  const one = inventory.addDisk({ ...PLACE, name: "one" });
  const two = inventory.addDisk({ ...PLACE, name: "two" });
  await call("PUT", target("snapshots/a"), { body: copy(one.id, incremental) });
  await call("PUT", target("snapshots/b"), { body: copy(one.id, incremental) });
  await call("PUT", target("snapshots/c"), { body: copy(two.id, incremental) });
  const [a, b, c] = ["a", "b", "c"].map((name) => inventory.snapshot(`${SNAPSHOTS}/${name}`));
  assert.equal(a?.familyId, b?.familyId);
  assert.notEqual(a?.familyId, c?.familyId);
  assert.deepEqual([a?.sku, a?.sourceUniqueId], ["Standard_ZRS", one.uniqueId]);
});

test("a PUT over a snapshot changes its tags, takes no new one, and cannot change what it is of", async () => {
  const { call, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const other = inventory.addDisk({ ...PLACE, name: "d2" });
  await call("PUT", target("snapshots/s1"), { body: copy(disk.id) });
  const before = inventory.snapshot(`${SNAPSHOTS}/s1`);
  inventory.writeDisk(disk.id);
  const again = await call("PUT", target("snapshots/s1"), { body: copy(disk.id, {}, { tags: { a: "b" } }) });
  assert.equal(again.status, 202);
  const after = inventory.snapshot(`${SNAPSHOTS}/s1`);
  assert.deepEqual(after, { ...before, tags: { a: "b" } });
  const moved = await call("PUT", target("snapshots/s1"), { body: copy(other.id) });
  assert.deepEqual([moved.status, moved.code], [400, "BadRequest"]);
  assert.match(moved.message ?? "", /not allowed for existing disk 's1'/);
  const elsewhere = await call("PUT", target("snapshots/s1"), {
    body: copy(disk.id, {}, { location: "westus" }),
  });
  assert.deepEqual([elsewhere.status, elsewhere.code], [409, "InvalidResourceLocation"]);
});

test("while one operation on a snapshot is under way another one is refused", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ snapshot: 5000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const put = () => call("PUT", target("snapshots/s1"), { body: copy(disk.id) });
  assert.equal((await put()).status, 202);
  for (const answer of [await put(), await call("DELETE", target("snapshots/s1"))]) {
    assert.deepEqual([answer.status, answer.code], [409, "Conflict"]);
  }
  clock.advance(5000);
  assert.equal((await put()).status, 202);
});

test("a group that is not there is told before anything about the snapshot", async () => {
  const { call } = await simulatedWorld();
  const nowhere = GROUP.replace("backups", "none");
  const answer = await call("PUT", target("snapshots/s1", nowhere), { body: copy(`${DISKS}/d1`) });
  assert.deepEqual([answer.status, answer.code], [404, "ResourceGroupNotFound"]);
});

test("snapshots are read when they are complete, in a format for their sectors, and five of a disk at a time", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ backgroundCopy: 60_000 });
  const disk = inventory.addDisk({ ...PLACE, name: "v2", sku: "PremiumV2_LRS" });
  const read = (name: string, more = {}) => {
    const body = { access: "Read", durationInSeconds: 600, ...more };
    return call("POST", target(`snapshots/${name}/beginGetAccess`), { body });
  };
  await call("PUT", target("snapshots/s0"), { body: copy(disk.id, incremental) });
  assert.equal((await read("s0")).code, "BadRequest");
  const large = { fileFormat: "VHDX" };
  assert.equal((await read("s0", large)).code, "OperationNotAllowed");
  clock.advance(60_000);
  for (const name of ["s1", "s2", "s3", "s4", "s5"]) {
    inventory.addSnapshot({ ...PLACE, name, sourceResourceId: disk.id, incremental: true });
    assert.equal((await read(name, large)).status, 202);
  }
  assert.equal((await read("s0", large)).code, "OperationNotAllowed");
  assert.equal((await call("POST", target("snapshots/s1/endGetAccess"))).status, 202);
  assert.equal((await read("s0", large)).status, 202);
});
