import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { BlobServer, type BlobFault } from "../../bench/blob-server.ts";
import { openBlobClient, transportSettings, type BlobClientSettings } from "../../src/azure/open.ts";
import type { ErrorCode } from "../../src/errors/error.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { Secret } from "../../src/secret/secret.ts";
import { AzureBlobStore } from "../../src/store/azure-blob/azure-blob-store.ts";
import { ThreadLane } from "../../src/store/azure-blob/bulk/bulk-lane.ts";
import { startWorker } from "../../src/store/azure-blob/bulk/start-worker.ts";
import { assertFails, assertHolds, exists, list, put, uncancelled } from "./calls.ts";
import { content } from "./content.ts";
import type { Subject } from "./subject.ts";

/**
 * A service that falls silent, met with the driver rather than with the executable: it waits a minute for a byte,
 * here a fraction of that. Everything else, the second thread included, is as in the executable.
 */
const timeouts = { connect: 300, idle: 300, deadline: 2_000 };
const ATTEMPTS = 3;
const retry = { baseDelay: 1, maxAttempts: ATTEMPTS };

const PIECE = 4 * 1024 * 1024;
const SMALL = content(4096, 1);
const LARGE = content(6 * PIECE + 5, 2);

let server: BlobServer;
let subject: Subject;
let lane: Promise<ThreadLane>;

before(async () => {
  server = await BlobServer.start({ containers: ["backups"], verify: true });
  subject = openSubject(server.endpoint());
  // The second thread is started by the third piece; wait until it takes the next ones.
  await put(subject, "wake", LARGE);
  while (!(await lane).ready) await new Promise(setImmediate);
});
after(async () => {
  await subject.store.close();
  await server.stop();
});
afterEach(async () => {
  assert.deepEqual(await server.pendingFaults(), []);
  await server.resetStats();
});

function openSubject(endpoint: string): Subject {
  const settings: BlobClientSettings = {
    account: "benchaccount",
    storageAccountUri: endpoint,
    credential: { kind: "account key", account: "benchaccount", key: new Secret("AAAA") },
    environment: {},
    userAgent: "test",
    logger: silentLogger,
  };
  const client = openBlobClient(settings, { timeouts, retry });
  const store = new AzureBlobStore({
    client,
    logger: silentLogger,
    blockSize: undefined,
    startBulkLane: () => {
      const worker = startWorker(transportSettings(settings, timeouts));
      lane = Promise.resolve(new ThreadLane(worker, (transport) => client.over(transport)));
      return lane;
    },
  });
  return { store, container: "backups" };
}

interface Silence {
  readonly faults: readonly BlobFault[];
  readonly call: () => Promise<unknown>;
}

const hang = { kind: "hang", times: ATTEMPTS } as const;

/** Each must end; the test's own time limit would say that one did not. */
const endless: Readonly<Record<string, Silence>> = {
  "a small put": { faults: [hang], call: () => put(subject, "silent", SMALL) },
  "a block in the first thread": {
    faults: [{ ...hang, operation: "PutBlock", times: 2 * ATTEMPTS }],
    call: () => put(subject, "silent", content(PIECE + 1)),
  },
  "the commit of a large put": {
    faults: [{ ...hang, operation: "PutBlockList" }],
    call: () => put(subject, "silent", LARGE),
  },
  "the answer to a get": { faults: [hang], call: () => assertHolds(subject, "wake", LARGE) },
  "the answer to exists": { faults: [hang], call: () => exists(subject, "wake") },
  "a listing": { faults: [hang], call: () => list(subject, "") },
  "a deletion": {
    faults: [hang],
    call: () => subject.store.delete(subject.container, "wake", uncancelled()),
  },
  "the body of a get, before its first byte, again and again": {
    faults: [{ kind: "hang-download", at: 0, times: 4 }],
    call: () => assertHolds(subject, "small", SMALL),
  },
};

for (const [name, { faults, call }] of Object.entries(endless)) {
  test(`a service that falls silent is given up in the end: ${name}`, { timeout: 60_000 }, async () => {
    await put(subject, "small", SMALL);
    await server.queueFaults(...faults);
    await assertFails("Unavailable" satisfies ErrorCode, call());
    await server.clearFaults();
    assert.deepEqual(await list(subject, "silent"), []);
  });
}

test("a block that hangs in the second thread ends the put", { timeout: 60_000 }, async () => {
  await server.queueFaults({ kind: "hang", operation: "PutBlock", skip: 2, times: 100 });
  await assertFails("Unavailable", put(subject, "silent", LARGE));
  await server.clearFaults();
  assert.equal((await server.stats()).operations.PutBlockList, undefined);
  assert.deepEqual(await list(subject, "silent"), []);
});

test("a service that falls silent once is asked again", { timeout: 60_000 }, async () => {
  await server.queueFaults({ kind: "hang", operation: "PutBlock", skip: 4 });
  await put(subject, "once", LARGE);
  for (const [skip, at] of [
    [0, 1_000],
    [4, 2_000_000],
  ] as const) {
    await server.queueFaults({ kind: "hang", operation: "GetBlob", skip });
    await server.queueFaults({ kind: "hang-download", operation: "GetBlob", skip, at });
    await assertHolds(subject, "once", LARGE);
  }
});

test("an endpoint that accepts connections and says nothing is given up", { timeout: 60_000 }, async (t) => {
  const mute = createServer();
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  for (const scheme of ["http", "https"]) {
    const nowhere = openSubject(`${scheme}://127.0.0.1:${port}`);
    await assertFails("Unavailable", list(nowhere, ""));
    await nowhere.store.close();
  }
});
