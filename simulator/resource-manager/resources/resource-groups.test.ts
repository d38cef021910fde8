import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUP, STRANGER, SUBSCRIPTION, grant, simulatedWorld } from "../resource-manager.fixture.ts";

const VERSION = "api-version=2024-11-01";

test("a resource group is made, found, tagged and listed", async () => {
  const { call } = await simulatedWorld();
  const path = `/subscriptions/${SUBSCRIPTION}/resourcegroups/Fresh?${VERSION}`;
  assert.equal((await call("HEAD", path)).status, 404);
  const created = await call("PUT", path, { body: { location: "eastus" } });
  assert.equal(created.status, 201);
  assert.equal(created.body["id"], `/subscriptions/${SUBSCRIPTION}/resourceGroups/Fresh`);
  assert.equal((await call("HEAD", path)).status, 204);
  assert.equal((await call("PUT", path, { body: { location: "eastus" } })).status, 200);
  const moved = await call("PUT", path, { body: { location: "westus" } });
  assert.deepEqual([moved.status, moved.code], [409, "InvalidResourceGroupLocation"]);
  const tagged = await call("PATCH", path, { body: { tags: { a: "b" } } });
  assert.deepEqual(tagged.body["tags"], { a: "b" });
  const list = await call("GET", `/subscriptions/${SUBSCRIPTION}/resourcegroups?${VERSION}`);
  assert.equal((list.body["value"] as unknown[]).length, 2);
});

test("a resource group is deleted in time, with all that is in it", async () => {
  const { call, clock, inventory } = await simulatedWorld({
    pace: { milliseconds: 1000, retryAfterSeconds: 15 },
  });
  grant(inventory, STRANGER, "Reader", GROUP);
  const deleted = await call("DELETE", `${GROUP}?${VERSION}`);
  assert.equal(deleted.status, 202);
  const again = await call("DELETE", `${GROUP}?${VERSION}`);
  assert.deepEqual([again.status, again.code], [409, "ResourceGroupBeingDeleted"]);
  const poll = (deleted.headers["location"] ?? "").replace("https://management.test", "");
  assert.equal((await call("GET", poll)).status, 202);
  clock.advance(1000);
  assert.equal((await call("GET", poll)).status, 200);
  assert.equal(inventory.storageAccount("velero1"), undefined);
  assert.equal((await call("GET", `${GROUP}?${VERSION}`)).code, "ResourceGroupNotFound");
  assert.equal(Object.keys(inventory.state.roleAssignments).length, 1);
});
