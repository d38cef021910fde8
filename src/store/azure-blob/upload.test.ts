import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Failure, canceled } from "../../errors/error.ts";
import type { ByteSource } from "../object-store.ts";
import { AzureBlobStore } from "./azure-blob-store.ts";
import { LARGEST_BLOCK, MOST_BLOCKS, blockSize, blocksInFlight } from "./block-plan.ts";
import { FakeBlobClient } from "./fake-blob-client.ts";
import { silentLogger } from "../../log/logger.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;

function body(length: number): ByteSource & { sent: number } {
  const source = {
    sent: 0,
    async fill(target: Uint8Array): Promise<number> {
      const size = Math.min(target.length, length - source.sent);
      for (let index = 0; index < size; index++) target[index] = (source.sent + index) % 251;
      source.sent += size;
      return size;
    },
  };
  return source;
}

function expected(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251));
}

function store(client: FakeBlobClient, blockSizeInBytes?: number): AzureBlobStore {
  return new AzureBlobStore({ client, logger: silentLogger, blockSize: blockSizeInBytes });
}

const SIZES: readonly { length: number; blockSize?: number; calls: RegExp }[] = [
  { length: 0, calls: /^putBlob$/ },
  { length: 1, calls: /^putBlob$/ },
  { length: 4 * MIB, calls: /^putBlob$/ },
  { length: 4 * MIB + 1, calls: /^putBlock AAA 4194304,putBlock AAB 1,putBlockList$/ },
  { length: 8 * MIB, calls: /^putBlock AAA 4194304,putBlock AAB 4194304,putBlockList$/ },
  { length: 9 * MIB, calls: /^putBlock AAA 4194304,putBlock AAB 4194304,putBlock AAC 1048576,putBlockList$/ },
  { length: 4 * MIB, blockSize: MIB, calls: /^putBlob$/ },
  {
    length: 5 * MIB + 7,
    blockSize: MIB,
    calls: /^(putBlock AA[A-E] 1048576,){5}putBlock AAF 7,putBlockList$/,
  },
  { length: 6 * MIB, blockSize: 10 * MIB, calls: /^putBlock AAA 6291456,putBlockList$/ },
  { length: 10 * MIB, blockSize: 10 * MIB, calls: /^putBlock AAA 10485760,putBlockList$/ },
  {
    length: 11 * MIB,
    blockSize: 10 * MIB,
    calls: /^putBlock AAA 10485760,putBlock AAB 1048576,putBlockList$/,
  },
];

for (const { length, blockSize: configured, calls } of SIZES) {
  test(`${length} bytes with ${configured ?? "adaptive"} blocks are sent as planned and come out whole`, async () => {
    const client = new FakeBlobClient();
    await store(client, configured).put("c", "k", body(length), { signal: never });
    assert.match(client.calls.join(), calls);
    assert.ok(client.blobs.get("k")?.bytes.equals(expected(length)));
  });
}

test("blocks grow so that they hold 177 TiB, and one that the user chose stays", () => {
  let total = 0;
  let before = 0;
  for (let sent = 0; sent < MOST_BLOCKS; sent++) {
    const size = blockSize(sent, undefined);
    assert.ok(size >= before && size <= LARGEST_BLOCK);
    before = size;
    total += size;
  }
  assert.equal(Math.floor(total / 1024 ** 4), 177);
  assert.equal(blockSize(40_000, 5 * MIB), 5 * MIB);
  assert.equal(blocksInFlight(4 * MIB), 8);
  assert.equal(blocksInFlight(LARGEST_BLOCK), 1);
});

test("no more blocks are on their way, and no more of the body is read, than memory was planned for", async () => {
  const client = new FakeBlobClient();
  const stalled = Promise.withResolvers<void>();
  let onTheirWay = 0;
  client.onCall = async (call) => {
    if (!call.startsWith("putBlock ")) return;
    onTheirWay += 1;
    await stalled.promise;
  };
  const source = body(200 * MIB);
  const put = store(client).put("c", "k", source, { signal: never });
  while (onTheirWay < 8) await new Promise(setImmediate);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  assert.equal(onTheirWay, 8);
  assert.ok(source.sent <= 40 * MIB, `${source.sent} bytes were read`);
  stalled.resolve();
  await put;
  assert.ok(client.blobs.get("k")?.bytes.equals(expected(200 * MIB)));
});

test("a block that fails ends the upload without a commit, even while the body stalls", async () => {
  const client = new FakeBlobClient();
  client.onCall = async (call) => {
    if (call.startsWith("putBlock AAB")) throw new Failure("PermissionDenied", "no");
  };
  const source = body(12 * MIB);
  const stalling: ByteSource = {
    fill: (target) => (source.sent < 12 * MIB ? source.fill(target) : new Promise(() => {})),
  };
  await assert.rejects(store(client).put("c", "k", stalling, { signal: never }), {
    code: "PermissionDenied",
  });
  assert.ok(!client.calls.includes("putBlockList"));
  assert.equal(client.blobs.size, 0);
});

test("the failure of the very last block is not lost", async () => {
  const client = new FakeBlobClient();
  client.onCall = async (call) => {
    await new Promise(setImmediate);
    if (call.startsWith("putBlock AAC")) throw new Failure("DataLoss", "no");
  };
  await assert.rejects(store(client).put("c", "k", body(9 * MIB), { signal: never }), { code: "DataLoss" });
  assert.ok(!client.calls.includes("putBlockList"));
});

test("a canceled upload stops what is on its way and commits nothing", async () => {
  const client = new FakeBlobClient();
  const abort = new AbortController();
  client.onCall = async (call, signal) => {
    if (!call.startsWith("putBlock AAC")) return;
    abort.abort(canceled("test"));
    if (!signal.aborted) await once(signal, "abort");
  };
  await assert.rejects(store(client).put("c", "k", body(64 * MIB), { signal: abort.signal }), {
    code: "Canceled",
  });
  assert.ok(!client.calls.includes("putBlockList"));
});

for (const read of [0, 2 * MIB, 4 * MIB, 12 * MIB]) {
  test(`a canceled upload ends although its body stalls after ${read} bytes`, async () => {
    const client = new FakeBlobClient();
    const abort = new AbortController();
    const source = body(read);
    const stalling: ByteSource = {
      fill: async (target) => {
        if (read - source.sent >= target.length) return await source.fill(target);
        setImmediate(() => abort.abort(canceled("test")));
        return await new Promise<never>(() => {});
      },
    };
    await assert.rejects(store(client).put("c", "k", stalling, { signal: abort.signal }), {
      code: "Canceled",
    });
    assert.equal(client.blobs.size, 0);
  });
}

test("a body that breaks off after its last byte commits nothing", async () => {
  const client = new FakeBlobClient();
  const source = body(9 * MIB);
  const broken: ByteSource = {
    fill: async (target) => {
      if (source.sent > 0) throw canceled("test");
      return await source.fill(target);
    },
  };
  await assert.rejects(store(client).put("c", "k", broken, { signal: never }), { code: "Canceled" });
  assert.equal(client.blobs.size, 0);
});

test("two uploads of one key at once never share a block's id", async () => {
  const client = new FakeBlobClient();
  const ids: string[] = [];
  const putBlock = client.putBlock.bind(client);
  client.putBlock = async (container, key, id, bytes, options) => {
    ids.push(id);
    await putBlock(container, key, id, bytes, options);
  };
  const one = store(client);
  await Promise.all([9, 10].map((size) => one.put("c", "k", body(size * MIB), { signal: never })));
  assert.equal(new Set(ids).size, 6);
  assert.ok(ids.every((id) => id.length === 8));
});
