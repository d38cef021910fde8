import assert from "node:assert/strict";
import { test } from "node:test";
import { faultQueue } from "./fault-queue.ts";

const fail = { kind: "fail", status: 500, code: "InternalError" } as const;
const throttle = { kind: "throttle" } as const;

test("a fault hits its own operation as often as it was queued for, and then no more", () => {
  const faults = faultQueue();
  faults.add({ service: "blob", operation: "PutBlock", effect: fail, count: 2 });
  assert.deepEqual(faults.take("blob", "GetBlob"), []);
  assert.deepEqual(faults.take("entra", "PutBlock"), []);
  assert.deepEqual(faults.take("blob", "PutBlock"), [fail]);
  assert.throws(() => faults.assertSpent(), /fail of blob PutBlock, 1 left/);
  assert.deepEqual(faults.take("blob", "PutBlock"), [fail]);
  assert.deepEqual(faults.take("blob", "PutBlock"), []);
  faults.assertSpent();
});

test("requests pass unharmed before a fault that is to come after them", () => {
  const faults = faultQueue();
  faults.add({ service: "entra", operation: "*", effect: throttle, after: 1 });
  assert.deepEqual(faults.take("entra", "token"), []);
  assert.deepEqual(faults.take("entra", "keys"), [throttle]);
});

test("one request gets one refusal and what goes along with it; the next refusal waits for the next request", () => {
  const faults = faultQueue();
  const delay = { kind: "delay", milliseconds: 5 } as const;
  faults.add({ service: "imds", operation: "token", effect: throttle });
  faults.add({ service: "imds", operation: "token", effect: fail });
  faults.add({ service: "imds", operation: "token", effect: delay });
  assert.deepEqual(faults.take("imds", "token"), [throttle, delay]);
  assert.deepEqual(faults.take("imds", "token"), [fail]);
  assert.deepEqual(faults.unspent(), []);
});

test("what was cleared is not missed", () => {
  const faults = faultQueue();
  faults.add({ service: "blob", operation: "*", effect: fail });
  assert.equal(faults.unspent()[0]?.left, 1);
  faults.clear();
  faults.assertSpent();
});
