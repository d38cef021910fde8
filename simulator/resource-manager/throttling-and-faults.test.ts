import assert from "node:assert/strict";
import { test } from "node:test";

import type { FaultEffect } from "../core/faults.ts";
import {
  ACCOUNT,
  COMPUTE,
  GROUP,
  STORAGE,
  SUBSCRIPTION,
  simulatedWorld,
} from "./resource-manager.fixture.ts";

test("an empty bucket is answered with 429 until the clock has refilled it", async () => {
  const { call, clock } = await simulatedWorld({
    limits: { storageReads: { capacity: 2, perSecond: 0.1 }, reads: { capacity: 3, perSecond: 1 } },
  });
  const keys = () => call("POST", `${ACCOUNT}/listKeys?${STORAGE}`);
  assert.deepEqual([(await keys()).status, (await keys()).status], [200, 200]);
  const storage = await keys();
  assert.deepEqual([storage.status, storage.code], [429, "TooManyRequests"]);
  const wait = Number(storage.headers["retry-after"]);
  assert.ok(wait >= 9 && wait <= 10);
  clock.advance(wait * 1000);
  assert.equal((await keys()).status, 200);
  const read = () => call("GET", `${GROUP}?api-version=2024-11-01`);
  assert.deepEqual([(await read()).status, (await read()).status, (await read()).status], [200, 200, 200]);
  const general = await read();
  assert.deepEqual([general.status, general.code], [429, "SubscriptionRequestsThrottled"]);
  assert.equal(general.headers["retry-after"], "1");
});

const FAULTS: readonly { effect: FaultEffect; status: number; code?: string }[] = [
  { effect: { kind: "throttle", retryAfterSeconds: 17 }, status: 429, code: "TooManyRequests" },
  { effect: { kind: "fail", status: 503, code: "ServerTimeout" }, status: 503, code: "ServerTimeout" },
  { effect: { kind: "expire-token" }, status: 401, code: "ExpiredAuthenticationToken" },
  {
    effect: { kind: "skew-clock", milliseconds: 86_400_000 },
    status: 401,
    code: "ExpiredAuthenticationToken",
  },
  { effect: { kind: "delay", milliseconds: 1 }, status: 200 },
  { effect: { kind: "cut", afterBytes: 5 }, status: 200 },
];

for (const { effect, status, code } of FAULTS) {
  test(`a queued ${effect.kind} hits the operation that it names, once`, async () => {
    const { call, faults } = await simulatedWorld();
    faults.add({ service: "resource-manager", operation: "storageAccounts/listKeys", effect });
    assert.equal((await call("GET", `${ACCOUNT}?${STORAGE}`)).status, 200);
    const answer = await call("POST", `${ACCOUNT}/listKeys?${STORAGE}`);
    assert.deepEqual([answer.status, answer.code], [status, code]);
    faults.assertSpent();
    assert.equal((await call("POST", `${ACCOUNT}/listKeys?${STORAGE}`)).status, 200);
  });
}

test("a throttle says when to come back, and a cut says where", async () => {
  const { call, faults } = await simulatedWorld();
  const operation = "storageAccounts/get";
  faults.add({ service: "resource-manager", operation, effect: { kind: "throttle", retryAfterSeconds: 17 } });
  const throttled = await call("GET", `${ACCOUNT}?${STORAGE}`);
  assert.equal(throttled.headers["retry-after"], "17");
  faults.add({ service: "resource-manager", operation, effect: { kind: "cut", afterBytes: 5 } });
  const cut = await call("GET", `${ACCOUNT}?${STORAGE}`);
  assert.equal("cutAfter" in cut ? cut.cutAfter : undefined, 5);
});

test("Compute counts by itself, a region and half an hour each, and says so in its own words", async () => {
  const { call, clock, inventory } = await simulatedWorld({
    limits: { gets3Min: { capacity: 2, perSecond: 0.1 } },
  });
  const place = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };
  const here = inventory.addDisk({ ...place, name: "here" });
  const there = inventory.addDisk({ ...place, name: "there", location: "northeurope" });
  const read = (id: string) => call("GET", `${id}?${COMPUTE}`);
  const first = await read(here.id);
  assert.equal(
    first.headers["x-ms-ratelimit-remaining-resource"],
    "Microsoft.Compute/LowCostGet3Min;1,Microsoft.Compute/LowCostGet30Min;119999",
  );
  assert.equal((await read(here.id)).status, 200);
  const refused = await read(here.id);
  assert.deepEqual([refused.status, refused.code], [429, "OperationNotAllowed"]);
  const [detail] = (refused.body["error"] as { details: { code: string; target: string }[] }).details;
  assert.deepEqual([detail?.code, detail?.target], ["TooManyRequests", "LowCostGet3Min"]);
  assert.equal((await read(there.id)).status, 200);
  clock.advance(Number(refused.headers["retry-after"]) * 1000);
  assert.equal((await read(here.id)).status, 200);
});

test("a throttle of a disk's operation is in Compute's words, with or without a time", async () => {
  const { call, faults } = await simulatedWorld();
  const path = `${GROUP}/providers/Microsoft.Compute/snapshots/s1?${COMPUTE}`;
  const operation = "snapshots/create";
  for (const effect of [{ kind: "throttle", retryAfterSeconds: 17 }, { kind: "throttle" }] as const) {
    faults.add({ service: "resource-manager", operation, effect });
    const answer = await call("PUT", path, { body: {} });
    const expected = "retryAfterSeconds" in effect ? "17" : undefined;
    assert.deepEqual(
      [answer.status, answer.code, answer.headers["retry-after"]],
      [429, "OperationNotAllowed", expected],
    );
  }
});
