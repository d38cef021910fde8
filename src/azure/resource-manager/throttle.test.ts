import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import { withDeadline } from "../http/deadline.ts";
import type { Reply } from "../http/routed-transport.fixture.ts";
import type { ResourceCall } from "./call.ts";
import { findDisk, getDisk } from "./disk.ts";
import { listAll } from "./list.ts";
import { inTurn, openManager } from "./resource-manager.fixture.ts";
import { deleteSnapshot, listSnapshots } from "./snapshot.ts";

const { signal } = new AbortController();
const disk = (name: string, subscriptionId = "s-1") => ({ subscriptionId, resourceGroup: "nodes", name });
const found: Reply = { status: 200, body: { sku: { name: "Premium_LRS" } } };

/** As Compute refuses: with a code that it has for much else. */
function refused(seconds?: number): Reply {
  const error = { code: "OperationNotAllowed", message: "The server rejected the request: too many." };
  return {
    status: 429,
    headers: seconds === undefined ? {} : { "retry-after": String(seconds) },
    body: { error },
  };
}

test("who comes while another waits, waits with it and is not sent before", async () => {
  const sent: number[] = [];
  const { manager, clock } = openManager((_request, count) => {
    sent.push(clock.now());
    return count === 0 ? refused(17) : found;
  });
  const first = getDisk(manager, disk("d1"), signal);
  await clock.sleep(5_000, signal);
  await Promise.all([
    first,
    getDisk(manager, disk("d2"), signal),
    getDisk(manager, disk("d3", "S-1"), signal),
  ]);
  assert.deepEqual(sent, [0, 17_000, 17_000, 17_000]);
});

test("of many that were refused together, one goes first, and then ever more", async () => {
  let underWay = 0;
  let most = 0;
  const { manager, clock, transport } = openManager(async (_request, count) => {
    if (count < 12) {
      return refused(10);
    }
    most = Math.max(most, ++underWay);
    assert.ok(underWay <= count - 11, `${underWay} at once after ${count - 12} answers`);
    await clock.sleep(100, signal);
    underWay--;
    return found;
  });
  await Promise.all(Array.from({ length: 12 }, (_, index) => getDisk(manager, disk(`d${index}`), signal)));
  assert.equal(transport.requests.length, 24);
  assert.ok(most > 1, "one after the other");
});

test("another subscription, another kind of request and lists do not wait", async () => {
  const sent: string[] = [];
  const { manager, clock } = openManager(({ method, path }, count) => {
    sent.push(`${method} ${path.split("/")[2]} ${path.endsWith("snapshots") ? "all" : "one"} ${clock.now()}`);
    const isFirst = method === "GET" && count === 0;
    return isFirst
      ? refused(60)
      : method === "GET"
        ? { ...found, body: { sku: { name: "a" }, value: [] } }
        : { status: 204 };
  });
  const held = getDisk(manager, disk("d1"), signal);
  await clock.sleep(1_000, signal);
  await getDisk(manager, disk("d1", "s-2"), signal);
  await deleteSnapshot(manager, disk("n1"), signal);
  for await (const _ of listSnapshots(manager, disk(""), signal));
  await held;
  assert.deepEqual(sent, [
    "GET s-1 one 0",
    "GET s-2 one 1000",
    "DELETE s-1 one 1000",
    "GET s-1 all 1000",
    "GET s-1 one 60000",
  ]);
});

test("without a word from Azure the waits double", async () => {
  const { manager, sleeps } = openManager(
    inTurn(refused(), refused(), refused(), refused(), refused(), refused(), found),
  );
  await getDisk(manager, disk("d1"), signal);
  assert.deepEqual(
    sleeps,
    [1, 2, 4, 8, 16, 30].map((seconds) => seconds * 1000),
  );
});

test("within the deadline refusals are not counted", async () => {
  const { manager, clock, transport } = openManager((_request, count) => (count < 20 ? refused(30) : found));
  const options = { signal, milliseconds: 3_600_000, clock, what: "cannot" };
  await withDeadline(options, (bounded) => getDisk(manager, disk("d1"), bounded));
  assert.equal(transport.requests.length, 21);
});

test("a wait beyond the deadline fails at once and says how long it would be, for all who have no more time", async () => {
  const { manager, clock, transport } = openManager(inTurn(refused(300), found));
  const within = (milliseconds: number): Promise<unknown> =>
    withDeadline({ signal, milliseconds, clock, what: "cannot" }, (bounded) =>
      getDisk(manager, disk("d1"), bounded),
    );
  const exhausted = (error: unknown): boolean => {
    assert.ok(error instanceof Failure);
    assert.deepEqual([error.code, error.retryable], ["ResourceExhausted", true]);
    assert.match(error.message, /300 s/);
    return true;
  };
  await assert.rejects(within(120_000), exhausted);
  await assert.rejects(within(60_000), exhausted);
  assert.equal(transport.requests.length, 1);
  await within(600_000);
  assert.equal(clock.now(), 300_000);
});

test("who gives up while it waits is Canceled, and the others go on", async () => {
  const { manager, clock } = openManager(inTurn(refused(60), refused(60), refused(60), found));
  const caller = new AbortController();
  const calls = [caller.signal, caller.signal, signal].map((each) => getDisk(manager, disk("d1"), each));
  const [first, second, third] = calls.map((call) => call.catch((error: unknown) => error));
  await clock.sleep(1_000, signal);
  caller.abort();
  for (const given of [await first, await second]) {
    assert.ok(given instanceof Failure);
    assert.equal(given.code, "Canceled");
  }
  assert.ok(!((await third) instanceof Error));
});

test("who gives up in the line behind others leaves nobody behind", async () => {
  const caller = new AbortController();
  const { manager, clock } = openManager(async (_request, count) => {
    if (count < 3) return refused(10);
    await clock.sleep(5_000, signal);
    return found;
  });
  const stays = getDisk(manager, disk("d1"), signal);
  const leaves = getDisk(manager, disk("d2"), caller.signal).catch((error: unknown) => error);
  const staysToo = getDisk(manager, disk("d3"), signal);
  await clock.sleep(12_000, signal);
  caller.abort();
  const left = await leaves;
  assert.ok(left instanceof Failure && left.code === "Canceled");
  await Promise.all([stays, staysToo]);
});

test("what fails otherwise lets the next one go", async () => {
  const { manager } = openManager(inTurn(refused(1), refused(1), { trouble: "certificate" }, found));
  const [first, second] = await Promise.allSettled([
    getDisk(manager, disk("d1"), signal),
    findDisk(manager, disk("d2"), signal),
  ]);
  assert.deepEqual([first.status, second.status], ["rejected", "fulfilled"]);
});

test("the next page of a list waits as its first one does", async () => {
  const nextLink = "https://management.azure.com/next?page=2";
  const { manager, sleeps } = openManager(
    inTurn({ status: 200, body: { value: [1], nextLink } }, refused(7), {
      status: 200,
      body: { value: [2] },
    }),
  );
  const call: ResourceCall = {
    method: "GET",
    what: "list",
    resource: ["subscriptions", "s-1", "providers", "a", "b"],
    apiVersion: "1",
    permission: { action: "a/b/read", role: "r" },
    absent: "NotFound",
  };
  const all: unknown[] = [];
  for await (const entry of listAll(manager, call, signal)) all.push(entry);
  assert.deepEqual(all, [1, 2]);
  assert.deepEqual(sleeps, [7_000]);
});
