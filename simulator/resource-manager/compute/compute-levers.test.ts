import assert from "node:assert/strict";
import { test } from "node:test";

import { Inventory } from "../inventory.ts";
import { COMPUTE, GROUP, SUBSCRIPTION, simulatedWorld } from "../resource-manager.fixture.ts";
import type { ResourceManagerState } from "../state.ts";
import { PLACE, SNAPSHOTS, copy, copyStart, empty, target } from "./compute.fixture.ts";

test("a region that does not answer has everything again when it does", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.addDisk({ ...PLACE, name: "d1" });
  inventory.addDisk({ ...PLACE, name: "d2", location: "northeurope" });
  inventory.loseRegion("westeurope", "unavailable");
  const read = (name: string) => call("GET", target(`disks/${name}`));
  assert.deepEqual([(await read("d1")).status, (await read("d2")).status], [503, 200]);
  assert.equal((await call("PUT", target("disks/d3"), { body: empty() })).code, "ServiceUnavailable");
  inventory.restoreRegion("westeurope");
  assert.equal((await read("d1")).status, 200);
});

test("a lost region has lost all it had, and a copy elsewhere is still good", async () => {
  const { call, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  inventory.writeDisk(disk.id);
  const { id } = inventory.addSnapshot({
    ...PLACE,
    name: "s1",
    sourceResourceId: disk.id,
    incremental: true,
  });
  assert.equal((await call("PUT", target("snapshots/far"), { body: copyStart(id) })).status, 202);
  inventory.loseRegion("westeurope");
  for (const path of ["disks/d1", "snapshots/s1"]) {
    assert.equal((await call("GET", target(path))).code, "ResourceNotFound");
  }
  const body = copy(`${SNAPSHOTS}/far`, {}, { location: "northeurope", sku: { name: "Premium_LRS" } });
  assert.equal((await call("PUT", target("disks/d2"), { body })).status, 202);
  assert.equal(inventory.disk(`${GROUP}/providers/Microsoft.Compute/disks/d2`)?.generation, 1);
});

test("the list of SKUs tells zones, what a region has not got and what a subscription may not have", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.restrictSkus("swedencentral", ["PremiumV2_LRS"]);
  interface Sku {
    readonly resourceType: string;
    readonly name: string;
    readonly locationInfo: readonly { readonly zones: readonly string[] }[];
    readonly restrictions: readonly unknown[];
  }
  const list = async (location: string) => {
    const filter = encodeURIComponent(`location eq '${location}'`);
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/skus`;
    const answer = await call("GET", `${path}?api-version=2021-07-01&$filter=${filter}`);
    const skus = answer.body["value"] as readonly Sku[];
    return skus.filter(({ resourceType }) => resourceType === "disks");
  };
  const sweden = await list("Sweden Central");
  const ultra = sweden.find(({ name }) => name === "UltraSSD_LRS");
  assert.deepEqual(ultra?.locationInfo[0]?.zones, ["1", "2"]);
  assert.equal(sweden.find(({ name }) => name === "PremiumV2_LRS")?.restrictions.length, 1);
  const west = await list("westus");
  assert.deepEqual(
    west.filter(({ name }) => name.endsWith("_ZRS")),
    [],
  );
  assert.deepEqual(west[0]?.locationInfo[0]?.zones, []);
  const body = { ...empty({}, "PremiumV2_LRS"), location: "swedencentral" };
  assert.equal((await call("PUT", target("disks/d1"), { body })).code, "InvalidParameter");
});

test("a world that an older version kept goes on with what it has", () => {
  const kept = {
    disks: {},
    subscriptions: {},
    resourceGroups: {},
    operations: {},
  } as Partial<ResourceManagerState>;
  const inventory = new Inventory({
    clock: { now: () => 0, advance: () => {} },
    state: kept as ResourceManagerState,
  });
  assert.deepEqual(inventory.snapshots(), []);
  assert.equal(inventory.setComputePace({ disk: 5 }).disk, 5);
});

test("encryption sets and disk accesses are made, listed, and not deleted while something uses them", async () => {
  const { call } = await simulatedWorld();
  const keyUrl = "https://v.vault.azure.net/keys/k/1";
  const sets = { location: "westeurope", properties: { activeKey: { keyUrl } } };
  assert.equal((await call("PUT", target("diskEncryptionSets/set"), { body: sets })).status, 202);
  assert.equal(
    (await call("PUT", target("diskAccesses/access"), { body: { location: "westeurope" } })).status,
    202,
  );
  const at = (kind: string) => `${GROUP}/providers/Microsoft.Compute/${kind}`;
  const protection = {
    encryption: { diskEncryptionSetId: `${at("diskEncryptionSets")}/set` },
    networkAccessPolicy: "AllowPrivate",
    diskAccessId: `${at("diskAccesses")}/access`,
  };
  assert.equal((await call("PUT", target("disks/d1"), { body: empty(protection) })).status, 202);
  for (const one of ["diskEncryptionSets/set", "diskAccesses/access"]) {
    const [kind = ""] = one.split("/");
    const list = (await call("GET", `${at(kind)}?${COMPUTE}`)).body["value"] as { id: string }[];
    assert.deepEqual(
      list.map(({ id }) => id),
      [at(one)],
    );
    const found = await call("GET", target(one));
    assert.equal((found.body["properties"] as { provisioningState: string }).provisioningState, "Succeeded");
    assert.equal((await call("DELETE", target(one))).code, "OperationNotAllowed");
  }
  await call("DELETE", target("disks/d1"));
  for (const one of ["diskEncryptionSets/set", "diskAccesses/access"]) {
    assert.deepEqual(
      [(await call("DELETE", target(one))).status, (await call("DELETE", target(one))).status],
      [202, 204],
    );
  }
});
