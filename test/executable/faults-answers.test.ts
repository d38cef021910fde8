import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import type { BlobServer } from "../../bench/blob-server.ts";
import type { ErrorCode } from "../../src/errors/error.ts";
import { assertFails, assertHolds, exists, list, put, uncancelled } from "../conformance/calls.ts";
import { content } from "../conformance/content.ts";
import type { Subject } from "../conformance/subject.ts";
import {
  assertAllStruck,
  assertStored,
  MIB,
  requestsFor,
  startServerLocation,
  type ServerLocation,
} from "./server-location.ts";

const SMALL = content(4096, 1);

let location: ServerLocation;
let server: BlobServer;
let subject: Subject;

before(async () => {
  location = await startServerLocation();
  server = location.server;
  const plugin = await location.startPlugin();
  await plugin.init(location.config);
  subject = location.subjectOf(plugin);
});
after(() => location.stop());
afterEach(() => assertAllStruck(server));

/** Longer than what is waited without being asked to. */
const ASKED_SECONDS = 2;

test("408, 429, 500, 502, 503 and 504 are tried again, not before the time that the service asks for", async () => {
  const statuses = [408, 429, 500, 502, 503, 504];
  await server.queueFaults(
    ...statuses.map((status) => ({
      ...({ kind: "status", operation: "PutBlob", key: `busy/${status}` } as const),
      ...{ status, retryAfter: String(ASKED_SECONDS) },
    })),
  );
  await Promise.all(statuses.map((status) => put(subject, `busy/${status}`, SMALL)));
  for (const status of statuses) {
    const key = `busy/${status}`;
    const [refused, stored, ...more] = await requestsFor(server, key);
    assert.ok(refused !== undefined && stored !== undefined, key);
    assert.deepEqual([refused.status, stored.status, more], [status, 201, []]);
    // A timer's clock and the server's may differ by a millisecond.
    assert.ok(stored.atMilliseconds - refused.atMilliseconds > ASKED_SECONDS * 1000 - 5, key);
    await assertStored(server, key, SMALL);
  }
});

test("one block, or one range, that the service is too busy for costs that request alone", async () => {
  const large = content(20 * MIB, 1);
  await server.queueFaults(
    { kind: "status", operation: "PutBlock", skip: 3 },
    { kind: "status", operation: "PutBlockList" },
    { kind: "status", operation: "GetBlob", skip: 3 },
  );
  await put(subject, "large", large);
  await assertHolds(subject, "large", large);
  const { operations, statuses } = await server.stats();
  assert.deepEqual(operations, { PutBlock: 6, PutBlockList: 2, GetBlob: 6 });
  assert.deepEqual(statuses, { 201: 6, 206: 5, 503: 3 });
});

/** Answers that the same request would get again, and what they mean to the host. */
const final: readonly (readonly [status: number, code: string, means: ErrorCode])[] = [
  [400, "InvalidHeaderValue", "FailedPrecondition"],
  [401, "NoAuthenticationInformation", "Unauthenticated"],
  [403, "AuthenticationFailed", "Unauthenticated"],
  [403, "AuthorizationFailure", "PermissionDenied"],
  [404, "ContainerNotFound", "NotFound"],
  [404, "", "FailedPrecondition"],
  [409, "BlobImmutableDueToPolicy", "FailedPrecondition"],
  [412, "LeaseIdMissing", "FailedPrecondition"],
  [412, "ConditionNotMet", "Aborted"],
];

for (const [status, code, means] of final) {
  test(`${status} ${code} is told at once as ${means}, never tried again`.replace("  ", " "), async () => {
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      PutBlob: () => put(subject, "refused", SMALL),
      GetBlob: () => assertHolds(subject, "refused", SMALL),
      ListBlobs: () => list(subject, "refused"),
      DeleteBlob: () => subject.store.delete(subject.container, "refused", uncancelled()),
    };
    for (const [operation, call] of Object.entries(calls)) {
      await server.queueFaults({ kind: "status", status, code });
      await assertFails(means, call());
      assert.deepEqual((await server.stats()).operations, { [operation]: 1 });
      await server.resetStats();
    }
  });
}

test("a block that is refused ends the put, its object is never made of the others", async () => {
  await server.queueFaults({ kind: "status", operation: "PutBlock", status: 403, skip: 2 });
  await assertFails("PermissionDenied", put(subject, "refused-large", content(40 * MIB, 1)));
  const { operations } = await server.stats();
  assert.equal(operations.PutBlockList, undefined);
  assert.equal(await exists(subject, "refused-large"), false);
});

test("a 404 that is not the service's own is no word about whether an object exists", async () => {
  // Twice: what cannot be read is asked for by HEAD, too.
  await server.queueFaults({ kind: "status", status: 404, code: "", times: 2 });
  await assertFails("FailedPrecondition", exists(subject, "any"));
  await server.queueFaults({ kind: "status", status: 404, code: "" });
  assert.equal(await exists(subject, "any"), false);
  await server.queueFaults({ kind: "status", status: 404, code: "BlobNotFound" });
  assert.equal(await exists(subject, "any"), false);
});

/** Requests that each kind of call costs, when nothing goes wrong. */
const costs: readonly {
  readonly name: string;
  readonly bytes: number;
  readonly put: object;
  readonly get: object;
}[] = [
  { name: "4 KiB", bytes: 4096, put: { PutBlob: 1 }, get: { GetBlob: 1 } },
  { name: "4 MiB", bytes: 4 * MIB, put: { PutBlob: 1 }, get: { GetBlob: 1 } },
  { name: "10 MiB", bytes: 10 * MIB, put: { PutBlock: 3, PutBlockList: 1 }, get: { GetBlob: 3 } },
];

for (const { name, bytes, ...wanted } of costs) {
  test(`an object of ${name} takes no more requests than it must`, async () => {
    await put(subject, "counted", content(bytes));
    assert.deepEqual((await server.stats()).operations, wanted.put);
    await server.resetStats();
    await assertHolds(subject, "counted", content(bytes));
    assert.deepEqual((await server.stats()).operations, wanted.get);
  });
}

test("whether a small object exists, and the object itself, are asked for with one request", async () => {
  await put(subject, "peeked", SMALL);
  await server.resetStats();
  assert.equal(await exists(subject, "peeked"), true);
  await assertHolds(subject, "peeked", SMALL);
  assert.deepEqual((await server.stats()).operations, { GetBlob: 1 });
});

for (const status of [301, 302, 307, 308]) {
  test(`${status} to elsewhere is refused, and nobody is asked there`, async (t) => {
    const elsewhere = `${server.endpoint()}/${location.container}/moved`;
    let asked = 0;
    const service = createServer((request, response) => {
      asked += 1;
      request.resume().on("end", () => response.writeHead(status, { location: elsewhere }).end());
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      service.close();
      service.closeAllConnections();
    });
    const { port } = service.address() as AddressInfo;
    const plugin = await location.startPlugin();
    const storageAccountURI = `http://127.0.0.1:${port}/benchaccount`;
    await plugin.init({ ...location.config, storageAccountURI });
    const moved = location.subjectOf(plugin);
    await assertFails("FailedPrecondition", put(moved, "moved", SMALL));
    await assertFails("FailedPrecondition", assertHolds(moved, "moved", SMALL));
    await assertFails("FailedPrecondition", list(moved, ""));
    assert.deepEqual([asked, (await server.stats()).requests], [3, 0]);
    await plugin.end();
  });
}
