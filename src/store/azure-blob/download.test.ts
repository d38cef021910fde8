import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import { RANGE_BYTES, download } from "./download.ts";
import { FakeBlobClient } from "./fake-blob-client.ts";
import { LocalLane } from "./local-lane.ts";
import { TransferMemory } from "./transfer-memory.ts";
import { WholeChecksum } from "./whole-checksum.ts";
import { YoungCollector } from "./young-collector.ts";

const never = new AbortController().signal;
const options = { signal: never };

async function stored(length: number): Promise<{ client: FakeBlobClient; bytes: Buffer }> {
  const bytes = Buffer.from(Uint8Array.from({ length }, (_, index) => index % 253));
  const client = new FakeBlobClient();
  const checksum = new WholeChecksum();
  checksum.add(bytes);
  await client.putBlob("c", "k", bytes, { ...options, metadata: checksum.metadata });
  client.calls.length = 0;
  return { client, bytes };
}

function open(client: FakeBlobClient, memory = new TransferMemory(8 * RANGE_BYTES), signal = never) {
  return download(
    { lane: () => new LocalLane(client), memory, collector: new YoungCollector() },
    "c",
    "k",
    signal,
  );
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

for (const [length, requests] of [
  [1, 1],
  [RANGE_BYTES - 1, 1],
  [RANGE_BYTES, 1],
  [RANGE_BYTES + 1, 2],
  [8 * RANGE_BYTES, 8],
  [10 * RANGE_BYTES, 9],
  [11 * RANGE_BYTES + 5, 10],
] as const) {
  test(`${length} bytes come back whole, in ${requests} requests`, async () => {
    const { client, bytes } = await stored(length);
    assert.ok((await read(await open(client))).equals(bytes));
    assert.equal(client.calls.length, requests);
  });
}

test("an empty object yields nothing", async () => {
  const { client } = await stored(0);
  assert.equal((await read(await open(client))).length, 0);
});

test("a body that breaks off is taken up where it stopped, under the same ETag", async () => {
  const { client, bytes } = await stored(2 * RANGE_BYTES);
  let breaks = 3;
  client.onBody = (part) => {
    if (breaks-- <= 0) return Readable.from([part], { objectMode: false });
    return Readable.from(
      (async function* broken() {
        yield part.subarray(0, 1000);
        throw new Error("ECONNRESET");
      })(),
      { objectMode: false },
    );
  };
  assert.ok((await read(await open(client))).equals(bytes));
  assert.ok(client.calls.includes(`getBlob 1000 ${RANGE_BYTES - 1000}`), client.calls.join());
});

test("a body that ends too early is asked for again, and an error when that never helps", async () => {
  const { client } = await stored(10);
  client.onBody = () => Readable.from([], { objectMode: false });
  await assert.rejects(async () => read(await open(client)), { code: "DataLoss" });
});

test("a body that brings one byte and breaks off, again and again, is given up", async () => {
  const { client } = await stored(1000);
  client.onBody = (part) =>
    Readable.from(
      (async function* broken() {
        yield part.subarray(0, 1);
        throw new Error("ECONNRESET");
      })(),
      { objectMode: false },
    );
  await assert.rejects(async () => read(await open(client)), { code: "Unavailable" });
});

test("what a body has beyond its range is dropped", async () => {
  const { client, bytes } = await stored(10);
  client.onBody = (part) => Readable.from([part, part], { objectMode: false });
  assert.ok((await read(await open(client))).equals(bytes));
});

test("an object that changes between two ranges is an error, never a mix", async () => {
  const { client, bytes } = await stored(3 * RANGE_BYTES);
  client.onCall = async (call) => {
    if (call.startsWith(`getBlob ${RANGE_BYTES} `))
      await client.putBlob("c", "k", Buffer.alloc(bytes.length), options);
  };
  await assert.rejects(async () => read(await open(client)), { code: "Aborted" });
});

test("a byte flipped in the last range is found before that range is passed on", async () => {
  const { client, bytes } = await stored(2 * RANGE_BYTES + 10);
  client.onBody = (part, offset) => {
    const copy = Buffer.from(part);
    if (offset === 2 * RANGE_BYTES) copy[3] = (copy[3] ?? 0) ^ 1;
    return Readable.from([copy], { objectMode: false });
  };
  let got = 0;
  await assert.rejects(
    async () => {
      for await (const chunk of await open(client)) got += chunk.length;
    },
    (error) => error instanceof Failure && error.code === "DataLoss",
  );
  assert.equal(got, bytes.length - 10);
});

test("an object without a checksum of ours is read as it is", async () => {
  const { client, bytes } = await stored(RANGE_BYTES + 10);
  await client.putBlob("c", "k", bytes, options);
  assert.ok((await read(await open(client))).equals(bytes));
});

test("a reader that leaves ends what is fetched ahead and gives its memory back", async () => {
  const { client } = await stored(20 * RANGE_BYTES);
  const signals: AbortSignal[] = [];
  client.onCall = async (call, signal) => {
    if (call !== `getBlob 0 ${RANGE_BYTES}`) signals.push(signal);
  };
  const memory = new TransferMemory(8 * RANGE_BYTES);
  for await (const _ of await open(client, memory)) break;
  assert.ok(signals.length > 0 && signals.every((signal) => signal.aborted));
  assert.ok(memory.borrow(8 * RANGE_BYTES));
});

test("readers that stall and hold all the shared memory do not hold up another", async () => {
  const { client, bytes } = await stored(20 * RANGE_BYTES);
  const memory = new TransferMemory(8 * RANGE_BYTES);
  const stalled = [];
  for (let reader = 0; reader < 8; reader++) {
    const iterator = (await open(client, memory))[Symbol.asyncIterator]();
    await iterator.next();
    stalled.push(iterator);
  }
  assert.ok(!memory.borrow(RANGE_BYTES));
  assert.ok((await read(await open(client, memory))).equals(bytes));
  for (const iterator of stalled) await iterator.return?.();
  assert.ok(memory.borrow(8 * RANGE_BYTES));
});
