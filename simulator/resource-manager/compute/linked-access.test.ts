import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUP, STRANGER, SUBSCRIPTION, grant, simulatedWorld } from "../resource-manager.fixture.ts";
import { PLACE, copy, empty, target } from "./compute.fixture.ts";

const VAULT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/vault`;

test("a snapshot needs a right on its disk, which the role for backups of disks has", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "vault" });
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const take = () => call("PUT", target("snapshots/s1", VAULT), { as: STRANGER, body: copy(disk.id) });
  assert.equal((await take()).code, "AuthorizationFailed");
  grant(inventory, STRANGER, "Disk Snapshot Contributor", VAULT);
  const refused = await take();
  assert.deepEqual([refused.status, refused.code], [403, "LinkedAuthorizationFailed"]);
  assert.match(
    refused.message ?? "",
    /'Microsoft.Compute\/disks\/beginGetAccess\/action' on the linked scope/,
  );
  assert.match(refused.message ?? "", new RegExp(disk.id));
  assert.equal(refused.headers["x-ms-failure-cause"], "gateway");
  grant(inventory, STRANGER, "Disk Backup Reader", GROUP);
  assert.equal((await take()).status, 202);
});

test("a disk needs the same right on its snapshot, which reading alone is not", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "vault" });
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const vault = { ...PLACE, resourceGroup: "vault" };
  const snapshot = inventory.addSnapshot({ ...vault, name: "s1", sourceResourceId: disk.id });
  const restore = () => call("PUT", target("disks/d2"), { as: STRANGER, body: copy(snapshot.id) });
  grant(inventory, STRANGER, "Disk Restore Operator", GROUP);
  grant(inventory, STRANGER, "Reader", VAULT);
  assert.equal((await restore()).code, "LinkedAuthorizationFailed");
  grant(inventory, STRANGER, "Disk Snapshot Contributor", VAULT);
  assert.equal((await restore()).status, 202);
});

test("an encryption set and a disk access must be seen to be used", async () => {
  const { call, inventory } = await simulatedWorld();
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "vault" });
  const vault = { ...PLACE, resourceGroup: "vault" };
  const { id: diskEncryptionSetId } = inventory.addDiskEncryptionSet({ ...vault, name: "set" });
  const { id: diskAccessId } = inventory.addDiskAccess({ ...vault, name: "access" });
  const type = "EncryptionAtRestWithCustomerKey";
  const bodies = [
    empty({ encryption: { type, diskEncryptionSetId } }),
    empty({ networkAccessPolicy: "AllowPrivate", diskAccessId }),
  ];
  grant(inventory, STRANGER, "Contributor", GROUP);
  for (const body of bodies) {
    const answer = await call("PUT", target("disks/d1"), { as: STRANGER, body });
    assert.equal(answer.code, "LinkedAuthorizationFailed");
  }
  grant(inventory, STRANGER, "Reader", VAULT);
  for (const [index, body] of bodies.entries()) {
    assert.equal((await call("PUT", target(`disks/d${index}`), { as: STRANGER, body })).status, 202);
  }
});
