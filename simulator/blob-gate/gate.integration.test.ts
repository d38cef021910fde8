import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { request as plainRequest } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
} from "@azure/storage-blob";
import type { FaultEffect } from "../core/faults.ts";
import {
  account,
  type Answer,
  ask,
  type GateWorld,
  sharedKey,
  startGate,
  VERSION,
  withKey,
} from "./gate.fixture.ts";

let world: GateWorld;
before(async () => {
  world = await startGate();
  await withKey(world.plain).getContainerClient("box").create();
  await withKey(world.plain).getContainerClient("open").create({ access: "blob" });
  await withKey(world.plain).getContainerClient("open").getBlockBlobClient("item").upload("hello", 5);
});
after(() => world.stop());
beforeEach(() => {
  world.allowed = () => true;
  world.accounts.set(account);
});
afterEach(() => world.faults.assertSpent());

const key = "check value";
const bytes = "123456789";

interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function asReader(path: string, init: Asked = {}): Promise<Answer> {
  const authorization = await world.bearer();
  const headers = { "x-ms-version": VERSION, authorization, ...init.headers };
  return ask(`${world.hostStyle}${path}`, { ...init, headers });
}

async function keysIn(container: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of withKey(world.plain).getContainerClient(container).listBlobsFlat()) {
    found.push(name);
  }
  return found;
}

test("the answer to nobody in particular says where to sign in, and a public container answers everybody", async () => {
  const versioned = { headers: { "x-ms-version": VERSION } };
  assert.equal((await ask(`${world.hostStyle}/open/item`, versioned)).code, "NoAuthenticationInformation");
  assert.equal((await ask(`${world.hostStyle}/open/item`)).code, "PublicAccessNotPermitted");
  world.accounts.set({ ...account, allowBlobPublicAccess: true });
  assert.equal((await ask(`${world.hostStyle}/open/item`)).text, "hello");
  for (const path of ["/box/item", "/none/item", "/open/other", "/open?restype=container&comp=list"]) {
    const { status, code } = await ask(`${world.hostStyle}${path}`);
    assert.deepEqual([status, code], [404, "ResourceNotFound"], path);
  }
});

/** The catalogue of CRC parameters gives ae8b14860a799888 for "123456789" and CRC-64/NVME. */
const crc64 = Buffer.from("ae8b14860a799888", "hex").reverse().toString("base64");
const md5 = createHash("md5").update(bytes).digest("base64");
const uploads = [
  { name: "PutBlob", query: "", headers: { "x-ms-blob-type": "BlockBlob" } },
  { name: "PutBlock", query: "?comp=block&blockid=AAAA", headers: {} },
];

for (const { name, query, headers } of uploads) {
  test(`${name} with a right checksum is taken, with a wrong one refused and not stored`, async () => {
    const put = (checksum: Record<string, string>): Promise<Answer> =>
      asReader(`/box/${encodeURIComponent(key)}${query}`, {
        ...{ method: "PUT", body: bytes },
        headers: { ...headers, ...checksum },
      });
    const wrong = "AAAAAAAAAAA=";
    const damaged = await put({ "x-ms-content-crc64": wrong });
    assert.deepEqual([damaged.status, damaged.code], [400, "Crc64Mismatch"]);
    assert.match(damaged.text, new RegExp(`<ServerCalculatedCrc>${crc64.replaceAll("+", "\\+")}<`));
    const other = await put({ "content-md5": createHash("md5").update("x").digest("base64") });
    assert.deepEqual([other.status, other.code], [400, "Md5Mismatch"]);
    const uncommitted = await asReader(`/box/${encodeURIComponent(key)}?comp=blocklist&blocklisttype=all`);
    assert.equal(uncommitted.status, 404);

    const taken = await put({ "x-ms-content-crc64": crc64 });
    assert.deepEqual([taken.status, taken.headers.get("x-ms-content-crc64")], [201, crc64]);
    assert.equal((await put({ "content-md5": md5 })).status, 201);
    await asReader(`/box/${encodeURIComponent(key)}`, {
      method: "PUT",
      body: "",
      headers: { "x-ms-blob-type": "BlockBlob" },
    });
    await asReader(`/box/${encodeURIComponent(key)}`, { method: "DELETE" });
  });
}

test("blocks of one blob have IDs of one length", async () => {
  const put = (id: string): Promise<Answer> =>
    asReader(`/box/ids?comp=block&blockid=${id}`, { method: "PUT", body: "x" });
  assert.equal((await put("AAAA")).status, 201);
  const { status, code } = await put("AAAAAAAA");
  assert.deepEqual([status, code], [400, "InvalidBlobOrBlock"]);
});

test("an upload whose client goes away is not stored", async () => {
  const { port } = new URL(world.plain);
  const sas = generateBlobSASQueryParameters(
    {
      ...{ containerName: "box", expiresOn: new Date(Date.now() + 3_600_000) },
      permissions: ContainerSASPermissions.parse("w"),
    },
    sharedKey(),
  );
  const upload = plainRequest({
    ...{
      port,
      host: "127.0.0.1",
      method: "PUT",
      agent: false,
      path: `/gateaccount/box/gone?${sas.toString()}`,
    },
    headers: { "content-length": 1_000_000, "x-ms-blob-type": "BlockBlob" },
  });
  const closed = new Promise((resolve) => upload.once("close", resolve));
  upload.on("error", () => undefined);
  upload.write(Buffer.alloc(500_000), () => upload.destroy());
  await closed;
  assert.ok(!(await keysIn("box")).includes("gone"));
});

test("who may only create blobs cannot replace one", async () => {
  const put = {
    method: "PUT",
    body: "new",
    headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": VERSION },
  };
  const sas = generateBlobSASQueryParameters(
    {
      ...{ containerName: "box", blobName: "mine", expiresOn: new Date(Date.now() + 3_600_000) },
      permissions: BlobSASPermissions.parse("c"),
    },
    sharedKey(),
  );
  assert.equal((await ask(`${world.hostStyle}/box/mine?${sas.toString()}`, put)).status, 201);
  const again = await ask(`${world.hostStyle}/box/mine?${sas.toString()}`, put);
  assert.deepEqual([again.status, again.code], [403, "UnauthorizedBlobOverwrite"]);
  world.allowed = ({ action }) => action.endsWith("/blobs/add/action");
  assert.equal((await asReader("/box/mine", put)).code, "UnauthorizedBlobOverwrite");
  assert.equal((await asReader("/box/another", put)).status, 201);
});

function signedByHand(lines: readonly string[]): string {
  const bytes = Buffer.from(account.keys[0] ?? "", "base64");
  return createHmac("sha256", bytes).update(lines.join("\n")).digest("base64");
}

test("a signature of the short kind, SharedKeyLite, is taken", async () => {
  const date = new Date().toUTCString();
  const canonical = [`x-ms-date:${date}`, `x-ms-version:${VERSION}`, "/gateaccount/box?comp=list"];
  const signature = signedByHand(["GET", "", "", "", ...canonical]);
  const headers = {
    "x-ms-date": date,
    "x-ms-version": VERSION,
    authorization: `SharedKeyLite gateaccount:${signature}`,
  };
  assert.equal((await ask(`${world.hostStyle}/box?restype=container&comp=list`, { headers })).status, 200);
});

test("a directory's SAS reaches what lies in the directory, and nothing beside it", async () => {
  for (const name of ["dir/sub/item", "dir/other"]) {
    await withKey(world.plain).getContainerClient("open").getBlockBlobClient(name).upload("hello", 5);
  }
  const [expiry, version] = [new Date(Date.now() + 3_600_000).toISOString(), "2020-02-10"];
  const resource = "/blob/gateaccount/open/dir/sub";
  const sig = signedByHand(["r", "", expiry, resource, "", "", "", version, "d", "", "", "", "", "", ""]);
  const sas = new URLSearchParams({ sv: version, sr: "d", sdd: "2", sp: "r", se: expiry, sig }).toString();
  assert.equal((await ask(`${world.hostStyle}/open/dir/sub/item?${sas}`)).text, "hello");
  assert.equal((await ask(`${world.hostStyle}/open/dir/other?${sas}`)).code, "AuthenticationFailed");
});

test("a key that was replaced is refused from then on", async () => {
  const container = withKey(world.hostStyle).getContainerClient("box");
  assert.ok(await container.exists());
  world.accounts.set({ ...account, keys: [Buffer.alloc(64, "z").toString("base64"), account.keys[1] ?? ""] });
  await assert.rejects(container.getProperties(), { statusCode: 403 });
  assert.ok(await withKey(world.hostStyle, account.keys[1]).getContainerClient("box").exists());
});

test("what Azurite answers comes back as Azure's", async () => {
  const missing = await asReader("/box/none", { headers: { "x-ms-client-request-id": "mine" } });
  assert.deepEqual([missing.status, missing.code], [404, "BlobNotFound"]);
  assert.equal(missing.headers.get("x-ms-client-request-id"), "mine");
  assert.match(missing.headers.get("server") ?? "", /^Windows-Azure-Blob\//);
  const head = await asReader("/box/none", { method: "HEAD" });
  assert.deepEqual([head.status, head.code, head.text], [404, "BlobNotFound", ""]);
});

const faults: readonly [string, FaultEffect, (answer: Answer) => void][] = [
  [
    "throttle",
    { kind: "throttle", retryAfterSeconds: 7 },
    ({ status, code, headers }) =>
      assert.deepEqual([status, code, headers.get("retry-after")], [503, "ServerBusy", "7"]),
  ],
  [
    "fail",
    { kind: "fail", status: 500, code: "OperationTimedOut" },
    ({ status, code, text }) => {
      assert.deepEqual([status, code], [500, "OperationTimedOut"]);
      assert.match(text, /within the permitted time/);
    },
  ],
  [
    "expire-token",
    { kind: "expire-token" },
    ({ status, text }) => {
      assert.equal(status, 401);
      assert.match(text, /The token is expired/);
    },
  ],
  [
    "skew-clock",
    { kind: "skew-clock", milliseconds: 86_400_000 },
    ({ status, text, headers }) => {
      assert.equal(status, 401);
      assert.match(text, /The token is expired/);
      assert.ok(Date.parse(headers.get("date") ?? "") > Date.now() + 80_000_000);
    },
  ],
  ["delay", { kind: "delay", milliseconds: 1 }, ({ status }) => assert.equal(status, 200)],
];

for (const [name, effect, check] of faults) {
  test(`the fault ${name} hits the operation it names, and no other`, async () => {
    world.faults.add({ service: "blob", operation: "GetBlob", effect });
    assert.equal((await asReader("/open/item", { method: "HEAD" })).status, 200);
    check(await asReader("/open/item"));
    assert.equal((await asReader("/open/item")).text, "hello");
  });
}

test("a service whose clock is off refuses signatures of now", async () => {
  const effect: FaultEffect = { kind: "skew-clock", milliseconds: 3_600_000 };
  world.faults.add({ service: "blob", operation: "GetContainerProperties", effect });
  const container = withKey(world.hostStyle).getContainerClient("box");
  await assert.rejects(container.getProperties(), { statusCode: 403 });
  assert.ok(await container.exists());
});

test("a body that is cut breaks off with its connection", async () => {
  world.faults.add({ service: "blob", operation: "GetBlob", effect: { kind: "cut", afterBytes: 3 } });
  await assert.rejects(asReader("/open/item"));
});
