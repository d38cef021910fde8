import assert from "node:assert/strict";
import { test } from "node:test";
import type { SimulatedRequest } from "../http/message.ts";
import { steerableClock } from "./clock.ts";
import { faultQueue } from "./fault-queue.ts";
import { requestLog } from "./request-log.ts";

async function* nothing(): AsyncGenerator<Uint8Array> {}

function request(path: string): SimulatedRequest {
  const headers = { authorization: "Bearer secret" };
  return { method: "GET", origin: "http://here", path, query: "sig=secret", headers, body: nothing() };
}

test("requests that are under way at the same time are told apart, and nothing secret is kept", async () => {
  const clock = steerableClock(() => 5);
  const log = requestLog(clock, faultQueue());
  const handler = log.of("blob", async ({ path }) => {
    await Promise.resolve();
    log.faults.take("blob", path === "/one" ? "GetBlob" : "ListBlobs");
    return { status: path === "/one" ? 200 : 404, headers: {} };
  });
  await Promise.all([handler(request("/one")), handler(request("/two"))]);
  const common = { service: "blob", method: "GET", time: 5 };
  assert.deepEqual(log.entries(), [
    { ...common, operation: "GetBlob", path: "/one", status: 200 },
    { ...common, operation: "ListBlobs", path: "/two", status: 404 },
  ]);
  log.clear();
  assert.deepEqual(log.entries(), []);
});

test("a handler that fails is in the log, too", async () => {
  const log = requestLog(steerableClock(), faultQueue());
  const handler = log.of("entra", () => Promise.reject(new Error("defect")));
  await assert.rejects(handler(request("/")), /defect/);
  assert.equal(log.entries()[0]?.status, 0);
});

test("who watches hears of a request before anything is done for it, and before its answer is sent", async () => {
  const log = requestLog(steerableClock(), faultQueue());
  const heard: string[] = [];
  const handler = log.of("blob", async () => {
    log.faults.take("blob", "GetBlob");
    heard.push("done");
    return { status: 200, headers: {} };
  });
  const stop = log.watch(({ stage, operation, path }) => heard.push(`${stage} ${operation} ${path}`));
  await handler(request("/one"));
  stop();
  await handler(request("/two"));
  assert.deepEqual(heard, ["arrived GetBlob /one", "done", "answered GetBlob /one", "done"]);
});
