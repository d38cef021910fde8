import assert from "node:assert/strict";
import { test } from "node:test";

import { COMPUTE, GROUP, SUBSCRIPTION, simulatedWorld } from "./resource-manager.fixture.ts";

const GROUPS = "api-version=2024-11-01";

test("what is locked is not deleted, nor is a group with something locked in it", async () => {
  const { call, inventory } = await simulatedWorld();
  const { id } = inventory.addDisk({ subscriptionId: SUBSCRIPTION, resourceGroup: "backups", name: "d1" });
  inventory.addLock({ scope: id });
  for (const path of [`${id}?${COMPUTE}`, `${GROUP}?${GROUPS}`]) {
    const refused = await call("DELETE", path);
    assert.deepEqual([refused.status, refused.code], [409, "ScopeLocked"], path);
  }
  assert.equal((await call("PATCH", `${id}?${COMPUTE}`, { body: { tags: { a: "b" } } })).status, 202);
  inventory.removeLock(id);
  assert.equal((await call("DELETE", `${id}?${COMPUTE}`)).status, 202);
});

test("a read-only lock of a group keeps what is in it from being changed", async () => {
  const { call, inventory } = await simulatedWorld();
  const { id } = inventory.addDisk({ subscriptionId: SUBSCRIPTION, resourceGroup: "backups", name: "d1" });
  inventory.addLock({ scope: GROUP, level: "ReadOnly" });
  assert.equal((await call("GET", `${id}?${COMPUTE}`)).status, 200);
  const tags = { a: "b" };
  for (const [method, path] of [
    ["PATCH", id],
    ["DELETE", id],
    ["POST", `${id}/beginGetAccess`],
  ] as const) {
    assert.equal((await call(method, `${path}?${COMPUTE}`, { body: { tags } })).code, "ScopeLocked", method);
  }
});
