import assert from "node:assert/strict";
import { test } from "node:test";

import { DISKS, PLACE, copy, empty, pathIn, target } from "../compute/compute.fixture.ts";
import { COMPUTE, SUBSCRIPTION, simulatedWorld } from "../resource-manager.fixture.ts";

test("a disk is read as it was put there", async () => {
  const { call, inventory } = await simulatedWorld();
  const { id } = inventory.addDisk({
    ...PLACE,
    ...{ name: "d1", zones: ["1"], tags: { owner: "me" }, sizeGiB: 128, osType: "Linux", tier: "P30" },
    ...{ hyperVGeneration: "V2", securityType: "TrustedLaunch" },
  });
  const disk = await call("GET", `${id}?api-version=2022-07-02`);
  assert.equal(disk.status, 200);
  assert.deepEqual([disk.body["zones"], disk.body["tags"]], [["1"], { owner: "me" }]);
  const { uniqueId, timeCreated, ...properties } = disk.body["properties"] as Record<string, unknown>;
  assert.ok(uniqueId !== undefined && timeCreated !== undefined);
  assert.deepEqual(properties, {
    ...{ osType: "Linux", hyperVGeneration: "V2", securityProfile: { securityType: "TrustedLaunch" } },
    ...{ creationData: { createOption: "Empty" }, diskSizeGB: 128, diskSizeBytes: 128 * 1024 ** 3 },
    ...{ encryption: { type: "EncryptionAtRestWithPlatformKey" }, networkAccessPolicy: "AllowAll" },
    ...{ publicNetworkAccess: "Enabled", provisioningState: "Succeeded", tier: "P30" },
    ...{ diskIOPSReadWrite: 5000, diskMBpsReadWrite: 200, diskState: "Unattached" },
  });
});

test("a disk is accepted at once and made in time, and both addresses tell", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ disk: 3000, retryAfterSeconds: 2 });
  const begun = await call("PUT", target("disks/d1"), { body: empty() });
  assert.deepEqual([begun.status, begun.headers["retry-after"]], [202, "2"]);
  assert.equal((begun.body["properties"] as { provisioningState: string }).provisioningState, "Updating");
  const status = () => call("GET", pathIn(begun.headers["azure-asyncoperation"]));
  const result = () => call("GET", pathIn(begun.headers["location"]));
  assert.deepEqual([(await status()).body["status"], (await result()).status], ["InProgress", 202]);
  assert.equal((await status()).headers["retry-after"], "2");
  clock.advance(3000);
  const done = await status();
  const { output } = done.body["properties"] as { output: Record<string, unknown> };
  assert.deepEqual([done.body["status"], output], ["Succeeded", (await result()).body]);
  assert.deepEqual(output, (await call("GET", target("disks/d1"))).body);
  assert.equal(done.headers["retry-after"], undefined);
});

test("without a time to wait none is told", async () => {
  const { call } = await simulatedWorld();
  const begun = await call("PUT", target("disks/d1"), { body: empty() });
  assert.equal(begun.headers["retry-after"], undefined);
});

test("a disk that is attached or read by somebody is not deleted", async () => {
  const { call, inventory } = await simulatedWorld();
  const { id } = inventory.addDisk({ ...PLACE, name: "d1" });
  const remove = () => call("DELETE", target("disks/d1"));
  inventory.attachDisk(id, "/subscriptions/s/virtualMachines/vm1");
  const attached = await remove();
  assert.deepEqual([attached.status, attached.code], [409, "OperationNotAllowed"]);
  assert.match(attached.message ?? "", /^Disk d1 is attached to VM .*vm1\.$/);
  assert.equal(
    (await call("GET", target("disks/d1"))).body["managedBy"],
    "/subscriptions/s/virtualMachines/vm1",
  );
  inventory.attachDisk(id);
  const body = { access: "Read", durationInSeconds: 600 };
  const granted = await call("POST", `${id}/beginGetAccess?${COMPUTE}`, { body });
  const address = await call("GET", pathIn(granted.headers["location"]));
  assert.match(String(address.body["accessSAS"]), /^https:\/\/md-.*&sig=/);
  const state = async () =>
    ((await call("GET", target("disks/d1"))).body["properties"] as { diskState: string }).diskState;
  assert.equal(await state(), "ActiveSAS");
  assert.equal((await remove()).code, "OperationNotAllowed");
  assert.equal((await call("POST", `${id}/endGetAccess?${COMPUTE}`)).status, 202);
  assert.equal(await state(), "Unattached");
  assert.equal((await remove()).status, 202);
  assert.equal((await remove()).status, 204);
});

test("an address to read at ends by the clock, and a disk that denies all has none", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  const open = inventory.addDisk({ ...PLACE, name: "open" });
  const shut = inventory.addDisk({ ...PLACE, name: "shut", networkAccessPolicy: "DenyAll" });
  const body = { access: "Read", durationInSeconds: 600 };
  await call("POST", `${open.id}/beginGetAccess?${COMPUTE}`, { body });
  clock.advance(600_000);
  assert.equal((await call("DELETE", target("disks/open"))).status, 202);
  assert.equal(
    (await call("POST", `${shut.id}/beginGetAccess?${COMPUTE}`, { body })).code,
    "OperationNotAllowed",
  );
});

test("a disk is changed in place, as far as it can be", async () => {
  const { call, inventory } = await simulatedWorld();
  const { id } = inventory.addDisk({ ...PLACE, name: "d1", sizeGiB: 1024 });
  const change = (body: unknown) => call("PATCH", target("disks/d1"), { body });
  const asked = { sku: { name: "StandardSSD_LRS" }, tags: { a: "b" }, properties: { diskSizeGB: 2048 } };
  assert.equal((await change(asked)).status, 202);
  const { sku, tags, sizeGiB } = inventory.disk(id) ?? {};
  assert.deepEqual([sku, tags, sizeGiB], ["StandardSSD_LRS", { a: "b" }, 2048]);
  assert.equal((await change({ properties: { diskSizeGB: 1024 } })).code, "OperationNotAllowed");
  assert.equal((await change({ sku: { name: "PremiumV2_LRS" } })).code, "OperationNotAllowed");
  assert.equal((await change({ properties: { tier: "P50" } })).code, "InvalidParameter");
  const source = inventory.addSnapshot({ ...PLACE, name: "s1", sourceResourceId: id });
  const other = await call("PUT", target("disks/d1"), { body: copy(source.id) });
  assert.equal(other.code, "BadRequest");
  assert.equal(inventory.disk(id)?.sizeGiB, 2048);
});

test("disks are listed of a group and of a subscription", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "others" });
  inventory.addDisk({ ...PLACE, name: "d1" });
  inventory.addDisk({ ...PLACE, resourceGroup: "others", name: "d2" });
  const names = async (path: string) =>
    ((await call("GET", `${path}?${COMPUTE}`)).body["value"] as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(await names(DISKS), ["d1"]);
  const all = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/disks`;
  assert.deepEqual((await names(all)).toSorted(), ["d1", "d2"]);
});

test("an operation that a test makes fail leaves what it began behind as Failed", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.failOperations({ type: "disks", code: "AllocationFailed", message: "no room" });
  const begun = await call("PUT", target("disks/d1"), { body: empty() });
  assert.equal(begun.status, 202);
  const status = await call("GET", pathIn(begun.headers["azure-asyncoperation"]));
  assert.deepEqual([status.body["status"], status.code], ["Failed", "AllocationFailed"]);
  assert.equal(inventory.disk(`${DISKS}/d1`)?.provisioningState, "Failed");
  inventory.failOperations({ type: "disks", effect: "delete" });
  assert.equal((await call("DELETE", target("disks/d1"))).status, 202);
  assert.equal((await call("GET", target("disks/d1"))).status, 200);
  assert.equal((await call("DELETE", target("disks/d1"))).status, 202);
  assert.equal((await call("GET", target("disks/d1"))).status, 404);
});

test("an operation is known for a day", async () => {
  const { call, clock } = await simulatedWorld();
  const begun = await call("PUT", target("disks/d1"), { body: empty() });
  const status = () => call("GET", pathIn(begun.headers["azure-asyncoperation"]));
  clock.advance(24 * 3600 * 1000 - 60_000);
  assert.equal((await status()).body["status"], "Succeeded");
  clock.advance(60_000);
  assert.equal((await status()).status, 404);
});
