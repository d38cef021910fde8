import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import {
  type BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { type Azurite, createContainer, serviceClient, startAzurite } from "../../../test/azurite.ts";
import type { StorageCredential } from "../../credentials/method.ts";
import { Failure, failureCode } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import type { BlobClient, TransferChecksum } from "./blob-client.ts";
import { type BlobClientParts, type BlobClientSettings, openBlobClient } from "../open.ts";

const { signal } = new AbortController();
const container = "backups";
let azurite: Azurite;
let client: BlobClient;
// The official client looks on: what it finds is how Azure's other clients see what ours stored.
let sdk: BlobServiceClient;

before(async () => {
  azurite = await startAzurite();
  client = open({});
  sdk = serviceClient(azurite);
  await createContainer(azurite, container);
});

after(async () => {
  client?.close();
  await azurite?.stop();
});

function accountKey(key: string): StorageCredential {
  return { kind: "account key", account: azurite.account, key: new Secret(key) };
}

function open(changes: Partial<BlobClientSettings>, parts?: BlobClientParts): BlobClient {
  const settings: BlobClientSettings = {
    account: azurite.account,
    storageAccountUri: azurite.url,
    credential: accountKey(azurite.key),
    environment: {},
    userAgent: "velero-azure/test",
    logger: silentLogger,
  };
  return openBlobClient({ ...settings, ...changes }, parts);
}

function md5(body: Uint8Array): TransferChecksum {
  return { kind: "md5", base64: createHash("md5").update(body).digest("base64") };
}

function sasToken(permissions: string, expires: number): Secret {
  const query = generateBlobSASQueryParameters(
    {
      containerName: container,
      permissions: ContainerSASPermissions.parse(permissions),
      startsOn: new Date(Date.now() - 86_400_000),
      expiresOn: new Date(expires),
    },
    new StorageSharedKeyCredential(azurite.account, azurite.key),
  );
  return new Secret(query.toString());
}

const keys: ReadonlyArray<readonly [string, string]> = [
  ["a plain name", "backups/one/velero-backup.json"],
  ["spaces", "  two  spaces "],
  ["a percent sign", "100%/%41%2f%"],
  ["a question mark", "what?comp=list&x"],
  ["a hash", "a#b"],
  ["two slashes", "a//b"],
  ["a slash at its end", "folder/"],
  ["a slash at its start", "/root"],
  ["a dot segment", "a/./b"],
  ["two dots that climb", "a/../b"],
  ["dots alone", ".."],
  ["characters that URLs reserve", "a+b&c=d;e:f@g,h!i'j(k)l*m$n[o]"],
  ["characters that XML reserves", `<a href="x">&amp;'</a>`],
  ["leading zeros", "007"],
  ["a number's look", "1e5"],
  ["unicode", "žluťoučký/日本語/🐎"],
  ["decomposed unicode", "e\u0301"],
  ["1,024 characters", "k".repeat(1024)],
];

for (const [what, key] of keys) {
  test(`a key with ${what} is put, found, read, listed and deleted as it is`, async () => {
    const body = randomBytes(100);
    await client.putBlob(container, key, body, { signal, checksum: md5(body), metadata: { whole: "v1" } });
    const head = await client.headBlob(container, key, { signal });
    assert.equal(head.size, 100);
    assert.deepEqual(head.metadata, { whole: "v1" });
    const got = await client.getBlob(container, key, { signal });
    assert.deepEqual(await buffer(got.body), body);
    const { blobs } = await client.listPage(container, { signal, prefix: key });
    assert.deepEqual(blobs, [{ key, size: 100 }]);
    const seen = [];
    for await (const item of sdk.getContainerClient(container).listBlobsFlat({ prefix: key })) {
      seen.push(item.name);
    }
    assert.deepEqual(seen, [key]);
    await client.deleteBlob(container, key, { signal });
    assert.deepEqual((await client.listPage(container, { signal, prefix: key })).blobs, []);
  });
}

test("blocks make a blob in the order of their list, and a repeated commit is no error", async () => {
  const ids = ["block-00000000", "block-00000001", "block-00000002"];
  const blocks = ids.map(() => randomBytes(70_000));
  for (const index of [2, 0, 1]) {
    const block = blocks[index] ?? Buffer.of();
    await client.putBlock(container, "blocks", ids[index] ?? "", block, { signal, checksum: md5(block) });
  }
  const metadata = { sum: "AAAA==" };
  const stored = await client.putBlockList(container, "blocks", ids, { signal, metadata });
  const got = await client.getBlob(container, "blocks", { signal, ifMatch: stored.etag });
  assert.equal(got.etag, stored.etag);
  assert.deepEqual(got.metadata, metadata);
  assert.deepEqual(await buffer(got.body), Buffer.concat(blocks));
  await client.putBlockList(container, "blocks", ids, { signal, metadata });
});

test("an empty blob is stored and read, and has no range", async () => {
  await client.putBlob(container, "empty", new Uint8Array(), { signal, checksum: md5(new Uint8Array()) });
  const got = await client.getBlob(container, "empty", { signal });
  assert.equal(got.size, 0);
  assert.equal((await buffer(got.body)).length, 0);
  await assert.rejects(client.getBlob(container, "empty", { signal, range: { offset: 0, length: 10 } }), {
    code: "OutOfRange",
  });
});

test("a body in memory shared between threads is stored", async () => {
  const body = new Uint8Array(new SharedArrayBuffer(1000)).fill(7);
  await client.putBlob(container, "shared", body, { signal });
  const got = await client.getBlob(container, "shared", { signal });
  assert.deepEqual(await buffer(got.body), Buffer.alloc(1000, 7));
});

test("a range says how much of how much it holds", async () => {
  const body = randomBytes(1000);
  await client.putBlob(container, "ranges", body, { signal });
  const middle = await client.getBlob(container, "ranges", { signal, range: { offset: 100, length: 50 } });
  assert.deepEqual([middle.size, middle.contentLength], [1000, 50]);
  assert.deepEqual(await buffer(middle.body), body.subarray(100, 150));
  const beyond = await client.getBlob(container, "ranges", { signal, range: { offset: 990, length: 50 } });
  assert.deepEqual([beyond.size, beyond.contentLength], [1000, 10]);
  assert.deepEqual(await buffer(beyond.body), body.subarray(990));
  const rest = await client.getBlob(container, "ranges", { signal, range: { offset: 999 } });
  assert.deepEqual(await buffer(rest.body), body.subarray(999));
});

test("a blob that changed does not match its old ETag", async () => {
  const { etag } = await client.putBlob(container, "changes", Buffer.from("one"), { signal });
  await client.putBlob(container, "changes", Buffer.from("two"), { signal });
  await assert.rejects(client.getBlob(container, "changes", { signal, ifMatch: etag }), { code: "Aborted" });
});

test("a body that differs from its checksum is not stored, and is tried again before that is told", async () => {
  const patient = open({}, { retry: { baseDelay: 1, maxAttempts: 2 } });
  const wrong = md5(Buffer.from("something else"));
  await assert.rejects(
    patient.putBlob(container, "damaged", Buffer.from("body"), { signal, checksum: wrong }),
    (error: unknown) => error instanceof Failure && error.code === "DataLoss" && error.retryable,
  );
  await assert.rejects(client.headBlob(container, "damaged", { signal }), { code: "NotFound" });
  patient.close();
});

test("pages and prefixes of a listing add up to all keys", async () => {
  for (let index = 0; index < 12; index++) {
    await client.putBlob(container, `pages/${index % 3}/file-${index}`, Buffer.from("x"), { signal });
  }
  const found: string[] = [];
  const prefixes: string[] = [];
  let marker: string | undefined;
  do {
    const page = await client.listPage(container, { signal, prefix: "pages/", marker, maxResults: 5 });
    found.push(...page.blobs.map(({ key }) => key));
    marker = page.nextMarker;
  } while (marker !== undefined);
  assert.equal(new Set(found).size, 12);
  do {
    const options = { signal, prefix: "pages/", delimiter: "/", marker, maxResults: 2 };
    const page = await client.listPage(container, options);
    assert.deepEqual(page.blobs, []);
    prefixes.push(...page.prefixes);
    marker = page.nextMarker;
  } while (marker !== undefined);
  assert.deepEqual(prefixes, ["pages/0/", "pages/1/", "pages/2/"]);
});

test("only an absent blob or container is NotFound, and the message names the container to create", async () => {
  await assert.rejects(client.headBlob(container, "nothing", { signal }), { code: "NotFound" });
  await assert.rejects(client.getBlob(container, "nothing", { signal }), { code: "NotFound" });
  await assert.rejects(client.deleteBlob(container, "nothing", { signal }), { code: "NotFound" });
  await assert.rejects(client.headBlob("nowhere", "nothing", { signal }), { code: "NotFound" });
  await assert.rejects(
    client.putBlob("nowhere", "key", Buffer.from("x"), { signal }),
    (error: unknown) =>
      error instanceof Failure &&
      error.code === "NotFound" &&
      /create container "nowhere"/.test(error.hint ?? ""),
  );
});

test("a wrong key is refused, and the hint speaks of the key", async () => {
  const key = randomBytes(64).toString("base64");
  const wrong = open({ credential: accountKey(key) });
  await assert.rejects(
    wrong.headBlob(container, "x", { signal }),
    (error: unknown) =>
      // Azure says AuthenticationFailed here, Azurite AuthorizationFailure.
      error instanceof Failure && error.code === "PermissionDenied" && /account key/.test(error.hint ?? ""),
  );
  wrong.close();
});

test("a container's SAS token signs in, and its permissions are held to", async () => {
  const good = open({ credential: { kind: "SAS token", token: sasToken("racwdl", Date.now() + 600_000) } });
  await good.putBlob(container, "sas/one", Buffer.from("by token"), { signal });
  const { blobs } = await good.listPage(container, { signal, prefix: "sas/" });
  assert.deepEqual(
    blobs.map(({ key }) => key),
    ["sas/one"],
  );
  good.close();

  const weak = open({ credential: { kind: "SAS token", token: sasToken("cl", Date.now() + 600_000) } });
  await assert.rejects(weak.getBlob(container, "sas/one", { signal }), { code: "PermissionDenied" });
  await assert.rejects(weak.signedUrl(container, "sas/one", 600_000, { signal }), {
    code: "FailedPrecondition",
  });
  weak.close();
});

test("an expired SAS token is told with the time when it expired, and without its signature", async () => {
  const expires = Date.now() - 3_600_000;
  const token = sasToken("racwdl", expires);
  const expired = open({ credential: { kind: "SAS token", token } });
  const signature = /sig=([^&]+)/.exec(token.reveal())?.[1] ?? "";
  await assert.rejects(expired.listPage(container, { signal, prefix: "" }), (error: unknown) => {
    assert.ok(error instanceof Failure && error.code === "Unauthenticated");
    assert.match(error.message, new RegExp(new Date(expires).toISOString().slice(0, 19)));
    assert.ok(!JSON.stringify([error.message, error.hint]).includes(decodeURIComponent(signature)));
    return true;
  });
  expired.close();
});

test("a call whose signal has fired is Canceled and sends nothing", async () => {
  const gone = AbortSignal.abort();
  await assert.rejects(
    client.putBlob(container, "canceled", Buffer.from("x"), { signal: gone }),
    (error: unknown) => failureCode(error) === "Canceled",
  );
  await assert.rejects(client.headBlob(container, "canceled", { signal }), { code: "NotFound" });
});
