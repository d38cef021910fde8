import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { after, afterEach, before, test } from "node:test";
import type { BlobServer } from "../../bench/blob-server.ts";
import type { ErrorCode } from "../../src/errors/error.ts";
import { assertFails, assertHolds, exists, get, list, put, uncancelled } from "../conformance/calls.ts";
import { content } from "../conformance/content.ts";
import type { Subject } from "../conformance/subject.ts";
import { HostFailure } from "../host/host-client.ts";
import {
  assertAllStruck,
  assertStored,
  MIB,
  requestsFor,
  startServerLocation,
  type ServerLocation,
  wakeSecondThread,
} from "./server-location.ts";

/** Blocks, and ranges of a get, are this large until an object is very large. */
const PIECE = 4 * MIB;
const SMALL = content(4096, 1);
/** Six whole pieces and a bit: the first two go through the first thread, the others through the second. */
const LARGE = content(6 * PIECE + 5, 2);
const LARGE_PIECES = 7;

let location: ServerLocation;
let server: BlobServer;
let subject: Subject;

before(async () => {
  location = await startServerLocation();
  server = location.server;
  const plugin = await location.startPlugin();
  await plugin.init(location.config);
  subject = location.subjectOf(plugin);
  await wakeSecondThread(location, plugin);
});
after(() => location.stop());
afterEach(() => assertAllStruck(server));

/** Reads until the end or the error; how many bytes came, and what ended them. */
async function read(key: string): Promise<{ bytes: number; failure: HostFailure | undefined }> {
  let bytes = 0;
  try {
    for await (const chunk of await get(subject, key)) bytes += chunk.length;
    return { bytes, failure: undefined };
  } catch (failure) {
    assert.ok(failure instanceof HostFailure, String(failure));
    return { bytes, failure };
  }
}

/** The read must end with this code, and must not have passed on the whole body. */
async function assertBreaksOff(key: string, size: number, code: ErrorCode): Promise<void> {
  const { bytes, failure } = await read(key);
  assert.equal(failure?.code, code, failure?.message ?? "no error at all");
  assert.ok(bytes < size, `all ${bytes} bytes were passed on`);
}

test("a byte flipped on the way of a small put is found by the service, and the object sent again", async () => {
  await server.queueFaults({ kind: "flip-upload", operation: "PutBlob" });
  await put(subject, "flip-small", SMALL);
  assert.deepEqual((await server.stats()).statuses, { 201: 1, 400: 1 });
  await assertStored(server, "flip-small", SMALL);
});

test("a byte flipped in a block of either thread is found by the service, and that block sent again", async () => {
  await server.queueFaults(
    { kind: "flip-upload", operation: "PutBlock" },
    { kind: "flip-upload", operation: "PutBlock", skip: 3, at: 0 },
  );
  await put(subject, "flip-large", LARGE);
  const { operations, statuses } = await server.stats();
  assert.deepEqual(operations, { PutBlock: LARGE_PIECES + 2, PutBlockList: 1 });
  assert.deepEqual(statuses, { 201: LARGE_PIECES + 1, 400: 2 });
  await assertStored(server, "flip-large", LARGE);
});

test("what is damaged on every way is given up with DataLoss, and nothing is stored", async () => {
  const always = { key: "damaged/", times: 1000 };
  await server.queueFaults(
    { kind: "flip-upload", operation: "PutBlob", ...always },
    { kind: "flip-upload", operation: "PutBlock", ...always },
  );
  await Promise.all([
    assertFails("DataLoss", put(subject, "damaged/small", SMALL)),
    assertFails("DataLoss", put(subject, "damaged/large", LARGE)),
  ]);
  assert.ok((await requestsFor(server, "damaged/small")).length > 1, "it was tried again");
  await server.clearFaults();
  assert.deepEqual(await list(subject, "damaged/"), []);
  assert.equal((await server.stats()).operations.PutBlockList, undefined);
});

test("a byte flipped on the way of a get is DataLoss, and the host never has the whole body", async () => {
  await put(subject, "flip-small", SMALL);
  await put(subject, "flip-large", LARGE);
  for (const skip of [0, 1, 3, LARGE_PIECES - 1]) {
    await server.queueFaults({ kind: "flip-download", operation: "GetBlob", skip });
    await assertBreaksOff("flip-large", LARGE.size, "DataLoss");
  }
  for (const at of [0, SMALL.size - 1]) {
    await server.queueFaults({ kind: "flip-download", operation: "GetBlob", at });
    await assertBreaksOff("flip-small", SMALL.size, "DataLoss");
  }
  await assertHolds(subject, "flip-small", SMALL);
  await assertHolds(subject, "flip-large", LARGE);
});

for (const kind of ["flip-download", "cut-download", "short-download"] as const) {
  test(`a get does not use what exists read before it when that was damaged: ${kind}`, async () => {
    await put(subject, "peeked", SMALL);
    await server.queueFaults({ kind, operation: "GetBlob" });
    assert.equal(await exists(subject, "peeked"), true);
    await assertHolds(subject, "peeked", SMALL);
  });
}

test("a connection cut while an upload is on its way costs that request alone, in either thread", async () => {
  await server.queueFaults({ kind: "cut-upload", operation: "PutBlob" });
  await put(subject, "cut-small", SMALL);
  await assertStored(server, "cut-small", SMALL);
  await server.resetStats();

  await server.queueFaults(
    { kind: "cut-upload", operation: "PutBlock" },
    { kind: "cut-upload", operation: "PutBlock", skip: 4, at: 0 },
    { kind: "cut-upload", operation: "PutBlockList" },
  );
  await put(subject, "cut-large", LARGE);
  const { operations, statuses } = await server.stats();
  assert.deepEqual(operations, { PutBlock: LARGE_PIECES + 2, PutBlockList: 2 });
  assert.deepEqual(statuses, { 0: 3, 201: LARGE_PIECES + 1 });
  await assertStored(server, "cut-large", LARGE);
});

test("a get whose connection is cut goes on at the byte after the last that came, in either thread", async () => {
  await put(subject, "cut", LARGE);
  const resumed: number[] = [];
  for (const [skip, at] of [
    [0, 1_000_000],
    [4, 3_000_001],
    [LARGE_PIECES - 1, 2],
  ] as const) {
    await server.resetStats();
    await server.queueFaults({ kind: "cut-download", operation: "GetBlob", skip, at });
    await assertHolds(subject, "cut", LARGE);
    const ranges = (await requestsFor(server, "cut")).map(({ range }) => range ?? "");
    const starts = ranges.map((range) => Number(/^bytes=(\d+)-/.exec(range)?.[1]));
    const inside = starts.map((start) => start % PIECE).filter((start) => start !== 0);
    assert.equal(ranges.length, LARGE_PIECES + 1, ranges.join(" "));
    // Of what was sent before the cut, the last may be lost with the connection, but nothing more can have come.
    assert.ok(
      inside.every((start) => start <= at),
      ranges.join(" "),
    );
    resumed.push(...inside);
    const ends = ranges.map((range) => range.slice(range.indexOf("-")));
    assert.equal(new Set(ends).size, LARGE_PIECES, "the rest of the same range, no more");
  }
  assert.ok(resumed.length > 0, "no range went on where it stopped");
});

test("a get that is cut again and again goes on as long as bytes come, and ends when none do", async () => {
  await put(subject, "cut", SMALL);
  await server.queueFaults({ kind: "cut-download", operation: "GetBlob", at: 100, times: 20 });
  await assertHolds(subject, "cut", SMALL);
  await server.queueFaults({ kind: "cut-download", operation: "GetBlob", at: 0, times: 4 });
  await assertBreaksOff("cut", SMALL.size, "Unavailable");
});

test("an answer that is shorter than what was asked for is never taken for the whole", async () => {
  await put(subject, "short-small", SMALL);
  await put(subject, "short-large", LARGE);
  await server.queueFaults({ kind: "short-download", operation: "GetBlob", times: 3 });
  await assertHolds(subject, "short-small", SMALL);
  for (const skip of [0, 1, 4, LARGE_PIECES - 1]) {
    await server.queueFaults({ kind: "short-download", operation: "GetBlob", skip });
    await assertHolds(subject, "short-large", LARGE);
  }
});

test("what others stored, without a checksum, comes whole or not at all, too", async () => {
  for (const size of [SMALL.size, LARGE.size]) {
    await server.makeBlobs({ container: location.container, key: "others", size });
    const url = `${server.endpoint()}/${location.container}/others`;
    const expected = Buffer.from(await (await fetch(url)).arrayBuffer());
    for (const kind of ["cut-download", "short-download"] as const) {
      await server.queueFaults({ kind, operation: "GetBlob", times: 2 });
      assert.equal(await exists(subject, "others"), true);
      assert.ok(expected.equals(await buffer(await get(subject, "others"))), `${kind} of ${size} bytes`);
    }
    await server.queueFaults({ kind: "cut-download", operation: "GetBlob", at: 0, times: 1000 });
    await assertBreaksOff("others", size, "Unavailable");
    await server.clearFaults();
  }
});

test("an object that changes while it is read is Aborted, never a mix of two versions", async () => {
  for (const skip of [1, 3, LARGE_PIECES - 1]) {
    await put(subject, "changed", LARGE);
    await server.queueFaults({ kind: "change", operation: "GetBlob", skip });
    await assertBreaksOff("changed", LARGE.size, "Aborted");
  }
  await put(subject, "changed", SMALL);
  await server.queueFaults(
    { kind: "cut-download", operation: "GetBlob" },
    { kind: "change", operation: "GetBlob" },
  );
  await assertBreaksOff("changed", SMALL.size, "Aborted");
});

test("a connection that ends without an answer is tried again, whatever was asked", async () => {
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    PutBlob: () => put(subject, "reset", SMALL),
    GetBlob: () => assertHolds(subject, "reset", SMALL),
    ListBlobs: () => list(subject, "reset"),
    DeleteBlob: () => subject.store.delete(subject.container, "reset", uncancelled()),
  };
  for (const call of Object.values(calls)) {
    await server.queueFaults({ kind: "reset" });
    await call();
  }
  const requests = Object.fromEntries(Object.keys(calls).map((operation) => [operation, 2]));
  assert.deepEqual((await server.stats()).operations, requests);
});
