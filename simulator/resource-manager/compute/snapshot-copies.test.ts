import assert from "node:assert/strict";
import { test } from "node:test";

import { simulatedWorld } from "../resource-manager.fixture.ts";
import { PLACE, SNAPSHOTS, copy, copyStart, target } from "./compute.fixture.ts";

async function world() {
  const made = await simulatedWorld();
  const { inventory } = made;
  inventory.setComputePace({ regionCopy: 100_000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sizeGiB: 4 });
  inventory.writeDisk(disk.id);
  const source = inventory.addSnapshot({
    ...PLACE,
    name: "s1",
    sourceResourceId: disk.id,
    incremental: true,
  });
  return { ...made, disk, source };
}

type World = Awaited<ReturnType<typeof world>>;

async function properties({ call }: World, name: string): Promise<Record<string, unknown>> {
  return (await call("GET", target(`snapshots/${name}`))).body["properties"] as Record<string, unknown>;
}

test("a copy in another region fills while it says Succeeded, and is made a disk there when it is full", async () => {
  const here = await world();
  const { call, clock, inventory, disk, source } = here;
  inventory.writeDisk(disk.id);
  const begun = await call("PUT", target("snapshots/far"), { body: copyStart(source.id) });
  assert.equal(begun.status, 202);
  assert.match(begun.headers["azure-asyncoperation"] ?? "", /\/locations\/northeurope\/DiskOperations\//);
  const first = await properties(here, "far");
  assert.deepEqual([first["provisioningState"], first["completionPercent"]], ["Succeeded", 0]);
  const body = copy(`${SNAPSHOTS}/far`, {}, { location: "northeurope", sku: { name: "Premium_LRS" } });
  assert.equal((await call("PUT", target("disks/d2"), { body })).code, "OperationNotAllowed");
  clock.advance(40_000);
  assert.equal((await properties(here, "far"))["completionPercent"], 40);
  clock.advance(60_000);
  const last = await properties(here, "far");
  assert.deepEqual(last["creationData"], {
    createOption: "CopyStart",
    sourceResourceId: source.id,
    sourceUniqueId: source.uniqueId,
  });
  assert.notEqual(last["incrementalSnapshotFamilyId"], source.familyId);
  assert.equal((await call("PUT", target("disks/d2"), { body })).status, 202);
  assert.equal(inventory.disks().find(({ name }) => name === "d2")?.generation, 1);
});

test("a copy whose source is deleted fails for good and says why", async () => {
  const here = await world();
  const { call, clock, source } = here;
  await call("PUT", target("snapshots/far"), { body: copyStart(source.id) });
  clock.advance(30_000);
  assert.equal((await call("DELETE", target("snapshots/s1"))).status, 202);
  clock.advance(1_000_000);
  const read = await properties(here, "far");
  assert.deepEqual([read["provisioningState"], read["completionPercent"]], ["Succeeded", 30]);
  assert.equal((read["copyCompletionError"] as { errorCode: string }).errorCode, "CopySourceNotFound");
});

test("a copy that a test makes fail goes as far as it shall", async () => {
  const here = await world();
  const { call, clock, inventory, source } = here;
  inventory.failCopies({ atPercent: 70, message: "lost" });
  await call("PUT", target("snapshots/far"), { body: copyStart(source.id) });
  assert.equal((await properties(here, "far"))["copyCompletionError"], undefined);
  clock.advance(100_000);
  const read = await properties(here, "far");
  assert.equal(read["completionPercent"], 70);
  assert.deepEqual(read["copyCompletionError"], { errorCode: "CopySourceNotFound", errorMessage: "lost" });
  assert.equal(inventory.snapshot(`${SNAPSHOTS}/far`)?.copyFailed, true);
  await call("PUT", target("snapshots/again"), { body: copyStart(source.id) });
  clock.advance(100_000);
  assert.equal((await properties(here, "again"))["completionPercent"], 100);
});

test("snapshots of a disk are copied one at a time, in the order of their taking", async () => {
  const here = await world();
  const { call, clock, inventory, disk, source } = here;
  clock.advance(1000);
  const later = inventory.addSnapshot({ ...PLACE, name: "s2", sourceResourceId: disk.id, incremental: true });
  const begin = (name: string, id: string) =>
    call("PUT", target(`snapshots/${name}`), { body: copyStart(id) });
  assert.equal((await begin("far2", later.id)).status, 202);
  assert.equal((await begin("far1", source.id)).code, "OperationNotAllowed");
  clock.advance(100_000);
  const early = await begin("far1", source.id);
  assert.deepEqual([early.status, early.code], [409, "OperationNotAllowed"]);
  assert.match(early.message ?? "", /order/);
});

test("a copy is encrypted with a set of its own region", async () => {
  const { call, inventory } = await world();
  const set = inventory.addDiskEncryptionSet({ ...PLACE, name: "here" });
  const far = inventory.addDiskEncryptionSet({ ...PLACE, name: "far", location: "northeurope" });
  const type = "EncryptionAtRestWithCustomerKey";
  const disk = inventory.addDisk({ ...PLACE, name: "d2", encryption: { type, diskEncryptionSetId: set.id } });
  await call("PUT", target("snapshots/sealed"), { body: copy(disk.id, { incremental: true }) });
  assert.equal(inventory.snapshot(`${SNAPSHOTS}/sealed`)?.encryption.diskEncryptionSetId, set.id);
  const encryption = { type, diskEncryptionSetId: far.id };
  const body = copyStart(`${SNAPSHOTS}/sealed`, "northeurope", { encryption });
  assert.equal((await call("PUT", target("snapshots/copy"), { body })).status, 202);
});
