import assert from "node:assert/strict";
import { test } from "node:test";
import { BlobServer } from "./blob-server.ts";

const put = { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body: "hello" };

test("the blob server stores, counts and tells what it was asked", async () => {
  await using server = await BlobServer.start({ containers: ["box"] });
  const url = `${server.endpoint()}/box/a%20key`;
  assert.equal((await fetch(url, put)).status, 201);
  assert.equal(await (await fetch(url)).text(), "hello");
  const stats = await server.stats();
  assert.deepEqual(stats.operations, { PutBlob: 1, GetBlob: 1 });
  assert.equal(stats.bytesIn, 5);
  assert.deepEqual(
    (await server.requests()).map(({ operation, key, status }) => ({ operation, key, status })),
    [
      { operation: "PutBlob", key: "a key", status: 201 },
      { operation: "GetBlob", key: "a key", status: 200 },
    ],
  );
});

test("a byte that is flipped on the way is refused when checksums are verified", async () => {
  await using server = await BlobServer.start({ containers: ["box"], verify: true });
  await server.queueFaults({ kind: "flip-upload", operation: "PutBlob" });
  // MD5 of "hello", RFC 1321, in base64.
  const checked = { ...put, headers: { ...put.headers, "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==" } };
  const refused = await fetch(`${server.endpoint()}/box/key`, checked);
  assert.equal(refused.headers.get("x-ms-error-code"), "Md5Mismatch");
  assert.equal((await fetch(`${server.endpoint()}/box/key`, checked)).status, 201);
  assert.deepEqual(await server.pendingFaults(), []);
});

test("a queued fault that did not strike is pending until it is dropped", async () => {
  await using server = await BlobServer.start({ containers: ["box"] });
  await server.queueFaults({ kind: "status", status: 503, retryAfter: "1", operation: "GetBlob" });
  assert.equal((await fetch(`${server.endpoint()}/box/key`, put)).status, 201);
  assert.equal((await server.pendingFaults()).length, 1);
  await server.clearFaults();
  assert.equal((await fetch(`${server.endpoint()}/box/key`)).status, 200);
});
