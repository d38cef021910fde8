import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { AzureBlobStore } from "./azure-blob-store.ts";
import { FakeBlobClient } from "./fake-blob-client.ts";
import { Peek } from "./peek.ts";
import { YoungCollector } from "./young-collector.ts";

const options = { signal: new AbortController().signal };

function setUp() {
  const client = new FakeBlobClient();
  const store = new AzureBlobStore({ client, logger: silentLogger, blockSize: undefined });
  return { client, store };
}

async function read(store: AzureBlobStore, key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.get("c", key, options)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

test("a small object that was asked for and is then read costs one request", async () => {
  const { client, store } = setUp();
  await client.putBlob("c", "k", Buffer.from("content"), options);
  client.calls.length = 0;
  assert.equal(await store.exists("c", "k", options), true);
  assert.equal(await read(store, "k"), "content");
  assert.equal(client.calls.length, 1);
  assert.equal(await read(store, "k"), "content");
  assert.equal(client.calls.length, 2, "what was kept serves one read");
});

for (const [what, size] of [
  ["empty", 0],
  ["large", 100_000],
] as const) {
  test(`an ${what} object exists, and is read by itself`, async () => {
    const { client, store } = setUp();
    await client.putBlob("c", "k", Buffer.alloc(size, "x"), options);
    assert.equal(await store.exists("c", "k", options), true);
    assert.equal((await read(store, "k")).length, size);
  });
}

test("a missing object does not exist, and nothing of another one is kept", async () => {
  const { client, store } = setUp();
  await client.putBlob("c", "k", Buffer.from("content"), options);
  assert.equal(await store.exists("c", "other", options), false);
  assert.equal(await read(store, "k"), "content");
});

test("what was stored since is what is read", async () => {
  const { client, store } = setUp();
  await client.putBlob("c", "k", Buffer.from("old"), options);
  await store.exists("c", "k", options);
  await store.put("c", "k", { fill: async (target) => Buffer.from("new").copy(target) }, options);
  assert.equal(await read(store, "k"), "new");
});

test("what was asked for while something was being stored, or before it was, is not what is read", async () => {
  for (const gated of ["putBlob", "getBlob"]) {
    const { client, store } = setUp();
    await client.putBlob("c", "k", Buffer.from("old"), options);
    const gate = Promise.withResolvers<void>();
    client.onCall = async (call) => {
      if (gated === "putBlob" && call === gated) await gate.promise;
    };
    client.onBody = (bytes) =>
      Readable.from(
        (async function* slowly() {
          if (gated === "getBlob") await gate.promise;
          yield bytes;
        })(),
        { objectMode: false },
      );
    const body = { fill: async (target: Uint8Array) => Buffer.from("new").copy(target) };
    const both = [
      () => store.put("c", "k", body, options),
      () => store.exists("c", "k", options).then(() => {}),
    ];
    // The slower one begins first.
    const [first, second] = gated === "putBlob" ? both : both.toReversed();
    const slow = first?.();
    await new Promise(setImmediate);
    await second?.();
    gate.resolve();
    await slow;
    assert.equal(await read(store, "k"), "new", gated);
  }
});

test("an archived object exists, although it cannot be read", async () => {
  const { client, store } = setUp();
  await client.putBlob("c", "k", Buffer.from("content"), options);
  client.onCall = async (call) => {
    if (call.startsWith("getBlob"))
      throw new Failure("FailedPrecondition", "the blob is in the archive tier");
  };
  assert.equal(await store.exists("c", "k", options), true);
});

test("what was deleted since is not read", async () => {
  const { client, store } = setUp();
  await client.putBlob("c", "k", Buffer.from("old"), options);
  await store.exists("c", "k", options);
  await store.delete("c", "k", options);
  await assert.rejects(read(store, "k"), { code: "NotFound" });
});

test("a damaged object is told by its read, not passed on", async () => {
  const { client, store } = setUp();
  const metadata = { veleroazurecrc32: "00000000" };
  await client.putBlob("c", "k", Buffer.from("content"), { ...options, metadata });
  assert.equal(await store.exists("c", "k", options), true);
  await assert.rejects(read(store, "k"), { code: "DataLoss" });
});

test("what was asked for more than a second ago is read anew", async () => {
  const client = new FakeBlobClient();
  await client.putBlob("c", "k", Buffer.from("content"), options);
  let now = 0;
  const peek = new Peek(client, new YoungCollector(), () => now);
  for (const [later, kept] of [
    [999, true],
    [1_000, false],
  ] as const) {
    await peek.exists("c", "k", options.signal);
    now += later;
    assert.equal(peek.take("c", "k") !== undefined, kept);
  }
});
