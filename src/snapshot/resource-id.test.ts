import assert from "node:assert/strict";
import { test } from "node:test";
import { formatResourceId, isSamePlace, parseResourceId } from "./resource-id.ts";

const disk = { subscriptionId: "s-1", resourceGroup: "My_Group", name: "pvc-1" };

const spellings = [
  "/subscriptions/s-1/resourceGroups/My_Group/providers/Microsoft.Compute/disks/pvc-1",
  "/subscriptions/s-1/resourcegroups/My_Group/providers/microsoft.compute/Disks/pvc-1",
  "/SUBSCRIPTIONS/s-1/RESOURCEGROUPS/My_Group/PROVIDERS/MICROSOFT.COMPUTE/DISKS/pvc-1/",
  "subscriptions/s-1/resourceGroups/My_Group/providers/Microsoft.Compute/disks/pvc-1",
];

for (const text of spellings) {
  test(`"${text}" is a disk`, () => {
    assert.deepEqual(parseResourceId("disks", text), disk);
    assert.equal(parseResourceId("snapshots", text), undefined);
  });
}

const others = [
  "",
  "pvc-1",
  "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/disks/",
  "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/disks/a/b",
  "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Storage/disks/a",
];

for (const text of others) {
  test(`"${text}" is no disk's resource ID`, () => {
    assert.equal(parseResourceId("disks", text), undefined);
  });
}

test("a resource ID is written as Azure's tools write it", () => {
  assert.equal(formatResourceId("disks", disk), spellings[0]);
});

test("places are the same whatever their case", () => {
  assert.ok(isSamePlace(disk, { subscriptionId: "S-1", resourceGroup: "MY_GROUP" }));
  assert.ok(!isSamePlace(disk, { subscriptionId: "s-1", resourceGroup: "other" }));
});
