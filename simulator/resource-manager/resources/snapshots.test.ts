import assert from "node:assert/strict";
import { test } from "node:test";

import { COMPUTE, GROUP, SUBSCRIPTION, simulatedWorld } from "../resource-manager.fixture.ts";

const PLACE = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };
const SNAPSHOT = `${GROUP}/providers/Microsoft.Compute/snapshots/s1`;

function copyOf(sourceResourceId: string, incremental = true) {
  return {
    location: "westeurope",
    tags: { owner: "me" },
    properties: { incremental, creationData: { createOption: "Copy", sourceResourceId } },
  };
}

test("a snapshot has the content of the moment when it was asked for, and so has a disk made of it", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ snapshot: 5000, disk: 5000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sizeGiB: 4 });
  inventory.writeDisk(disk.id);
  const begun = await call("PUT", `${SNAPSHOT}?${COMPUTE}`, { body: copyOf(disk.id) });
  assert.equal(begun.status, 202);
  inventory.writeDisk(disk.id);
  const status = (begun.headers["azure-asyncoperation"] ?? "").replace("https://management.test", "");
  const result = (begun.headers["location"] ?? "").replace("https://management.test", "");
  assert.equal((await call("GET", status)).body["status"], "InProgress");
  assert.equal((await call("GET", result)).status, 202);
  clock.advance(5000);
  assert.equal((await call("GET", status)).body["status"], "Succeeded");
  assert.equal((await call("GET", result)).body["name"], "s1");
  const restored = `${GROUP}/providers/Microsoft.Compute/disks/restored`;
  const { incremental: _, ...properties } = copyOf(SNAPSHOT).properties;
  const body = { location: "westeurope", sku: { name: "Premium_LRS" }, properties };
  assert.equal((await call("PUT", `${restored}?${COMPUTE}`, { body })).status, 202);
  clock.advance(5000);
  const read = (await call("GET", `${restored}?${COMPUTE}`)).body["properties"] as Record<string, unknown>;
  assert.deepEqual([read["provisioningState"], read["diskSizeGB"]], ["Succeeded", 4]);
  assert.deepEqual([inventory.disk(disk.id)?.generation, inventory.disk(restored)?.generation], [2, 1]);
});

test("a snapshot of a Premium SSD v2 disk is there at once and its data comes in the background", async () => {
  const { call, clock, inventory } = await simulatedWorld();
  inventory.setComputePace({ backgroundCopy: 100_000 });
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sku: "PremiumV2_LRS" });
  await call("PUT", `${SNAPSHOT}?${COMPUTE}`, { body: copyOf(disk.id) });
  const percent = async () => {
    const read = (await call("GET", `${SNAPSHOT}?${COMPUTE}`)).body["properties"] as Record<string, unknown>;
    assert.equal(read["provisioningState"], "Succeeded");
    return read["completionPercent"];
  };
  assert.equal(await percent(), 0);
  clock.advance(50_000);
  assert.equal(await percent(), 50);
  clock.advance(50_000);
  assert.equal(await percent(), 100);
});

test("a snapshot is deleted once", async () => {
  const { call, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const { id } = inventory.addSnapshot({ ...PLACE, name: "s1", sourceResourceId: disk.id });
  assert.equal((await call("DELETE", `${id}?${COMPUTE}`)).status, 202);
  assert.equal((await call("GET", `${id}?${COMPUTE}`)).code, "ResourceNotFound");
  assert.equal((await call("DELETE", `${id}?${COMPUTE}`)).status, 204);
});

test("snapshots are listed in pages", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.setComputePageSize(2);
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  for (const name of ["a", "b", "c"]) inventory.addSnapshot({ ...PLACE, name, sourceResourceId: disk.id });
  const names: string[] = [];
  let next: string | undefined = `${GROUP}/providers/Microsoft.Compute/snapshots?${COMPUTE}`;
  let pages = 0;
  while (next !== undefined) {
    const page = await call("GET", next);
    names.push(...(page.body["value"] as { name: string }[]).map(({ name }) => name));
    next = (page.body["nextLink"] as string | undefined)?.replace("https://management.test", "");
    pages += 1;
  }
  assert.deepEqual([names, pages], [["a", "b", "c"], 2]);
});
