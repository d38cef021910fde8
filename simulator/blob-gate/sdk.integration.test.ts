import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobSASPermissions,
  BlobServiceClient,
  ContainerClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
} from "@azure/storage-blob";
import {
  account,
  type GateWorld,
  reader,
  RESOURCE_ID,
  sharedKey,
  startGate,
  withKey,
  withToken,
} from "./gate.fixture.ts";

let world: GateWorld;
before(async () => {
  world = await startGate();
  await withKey(world.plain).getContainerClient("shared").create();
});
after(() => world.stop());
beforeEach(() => {
  world.allowed = () => true;
  world.accounts.set(account);
  world.asked.length = 0;
});

const HOUR = 3_600_000;
const soon = (): Date => new Date(Date.now() + HOUR);
/** The versions at which the text that is signed changed. */
const serviceVersions = ["2015-04-05", "2018-11-09", "2019-12-12", "2020-12-06", "2022-11-02", "2026-04-06"];
const delegationVersions = ["2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06"];

/** Keys that every layer may fold, escape or sort in its own way. */
const keys = ["plain", "a b+c%2F/d", "ünï/ćode", "dots/a..b/...c", "q?x=1&y#z", "quote'(1)!*~,;:@=$[]"];

/** What a writer does with a container, through the SDK. */
async function exercise(container: ContainerClient): Promise<void> {
  for (const key of keys) {
    const blob = container.getBlockBlobClient(key);
    await blob.upload("hello", 5, { metadata: { one: "1", one_two: " x  y " } });
    await blob.stageBlock(Buffer.from("id-1").toString("base64"), "abc", 3);
    await blob.stageBlock(Buffer.from("id-2").toString("base64"), "def", 3);
    const ids = ["id-1", "id-2"].map((id) => Buffer.from(id).toString("base64"));
    await blob.commitBlockList(ids, { blobHTTPHeaders: { blobContentType: "text/x" } });
    assert.equal(String(await blob.downloadToBuffer(1, 4)), "bcde");
    assert.equal((await blob.getProperties()).contentLength, 6);
  }
  const found: string[] = [];
  for await (const { name } of container.listBlobsFlat()) {
    found.push(name);
  }
  assert.deepEqual(found.sort(), keys.toSorted());
  for (const key of keys) {
    await container.deleteBlob(key);
  }
}

test("requests that the SDK signs with either key pass, in both styles of addressing", async () => {
  for (const endpoint of [world.hostStyle, world.pathStyle, world.plain]) {
    for (const key of account.keys) {
      await exercise(withKey(endpoint, key).getContainerClient("shared"));
    }
  }
});

test("a container is made, found, told of and deleted", async () => {
  const client = withKey(world.hostStyle);
  const container = client.getContainerClient("made-here");
  await container.create({ metadata: { a: "b" } });
  const page = (await client.listContainers({ prefix: "made" }).byPage().next()).value;
  assert.equal(page.serviceEndpoint, `${world.hostStyle}/`);
  assert.deepEqual(
    page.containerItems.map(({ name }: { name: string }) => name),
    ["made-here"],
  );
  assert.equal((await container.getProperties()).metadata?.["a"], "b");
  assert.equal(
    (await container.listBlobsFlat().byPage().next()).value.serviceEndpoint,
    `${world.hostStyle}/`,
  );
  await container.delete();
});

test("tokens pass, and access control is asked for the container and the data action", async () => {
  for (const endpoint of [world.hostStyle, world.pathStyle]) {
    await exercise(withToken(world, endpoint).getContainerClient("shared"));
  }
  const scope = `${RESOURCE_ID}/blobServices/default/containers/shared`;
  const prefix = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/";
  const asked = world.asked.map(({ action }) => action.replace(prefix, ""));
  assert.deepEqual([...new Set(asked)].sort(), ["delete", "read", "write"]);
  for (const request of world.asked) {
    assert.deepEqual([request.principalId, request.scope, request.data], [reader.objectId, scope, true]);
  }
});

test("an account SAS of the SDK passes in each version", async () => {
  for (const version of serviceVersions) {
    const sas = generateAccountSASQueryParameters(
      {
        expiresOn: soon(),
        startsOn: new Date(Date.now() - HOUR),
        permissions: AccountSASPermissions.parse("rwdlac"),
        services: AccountSASServices.parse("bq").toString(),
        resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
        ipRange: { start: "127.0.0.0", end: "127.0.0.9" },
        version,
      },
      sharedKey(),
    );
    const client = new BlobServiceClient(`${world.hostStyle}?${sas.toString()}`);
    await exercise(client.getContainerClient("shared"));
    assert.ok((await client.listContainers().next()).value);
  }
});

test("a container's SAS of the SDK passes in each version, with either key", async () => {
  for (const version of serviceVersions) {
    const sas = generateBlobSASQueryParameters(
      {
        containerName: "shared",
        permissions: ContainerSASPermissions.parse("racwdl"),
        expiresOn: soon(),
        protocol: SASProtocol.Https,
        contentDisposition: "attachment; x=y",
        version,
      },
      sharedKey(account.keys[1]),
    );
    await exercise(new ContainerClient(`${world.pathStyle}/shared?${sas.toString()}`));
  }
});

test("a blob's SAS of the SDK passes for that blob, and its headers are put over the blob's", async () => {
  const blob = withKey(world.hostStyle).getContainerClient("shared").getBlockBlobClient("one/blob+ ü");
  await blob.upload("hello", 5);
  for (const version of serviceVersions) {
    const sas = generateBlobSASQueryParameters(
      {
        ...{ containerName: "shared", blobName: "one/blob+ ü", version },
        permissions: BlobSASPermissions.parse("r"),
        expiresOn: soon(),
        contentType: "text/special",
      },
      sharedKey(),
    );
    const response = await fetch(`${blob.url}?${sas.toString()}`);
    assert.equal(response.status, 200, version);
    assert.equal(response.headers.get("content-type"), "text/special");
    assert.equal(await response.text(), "hello");
  }
  await blob.delete();
});

test("a SAS that names a stored access policy takes times and permissions from it", async () => {
  const container = withKey(world.hostStyle).getContainerClient("shared");
  await container.getBlockBlobClient("p").upload("hello", 5);
  await container.setAccessPolicy(undefined, [
    { id: "mine", accessPolicy: { startsOn: new Date(0), expiresOn: soon(), permissions: "r" } },
  ]);
  const made = (identifier: string): string =>
    generateBlobSASQueryParameters({ containerName: "shared", identifier }, sharedKey()).toString();
  assert.equal((await fetch(`${container.url}/p?${made("mine")}`)).status, 200);
  assert.equal((await fetch(`${container.url}/p?${made("mine")}`, { method: "DELETE" })).status, 403);
  assert.equal((await fetch(`${container.url}/p?${made("other")}`)).status, 403);
  await container.setAccessPolicy(undefined, []);
  await container.deleteBlob("p");
});

test("a user delegation SAS of the SDK passes in each version while its principal's role holds", async () => {
  const key = await withToken(world, world.hostStyle).getUserDelegationKey(new Date(), soon());
  assert.equal(key.signedObjectId, reader.objectId);
  for (const version of delegationVersions) {
    const sas = generateBlobSASQueryParameters(
      {
        containerName: "shared",
        permissions: ContainerSASPermissions.parse("racwdl"),
        expiresOn: soon(),
        version,
      },
      key,
      account.name,
    );
    const container = new ContainerClient(`${world.hostStyle}/shared?${sas.toString()}`);
    await exercise(container);
    world.allowed = ({ action }) => !action.endsWith("/write") && !action.endsWith("/add/action");
    await assert.rejects(container.getBlockBlobClient("x").upload("", 0), {
      code: "AuthorizationPermissionMismatch",
    });
    world.allowed = () => true;
  }
});

test("large bodies stream through in both directions", async () => {
  const blob = withKey(world.plain).getContainerClient("shared").getBlockBlobClient("large");
  const bytes = Buffer.alloc(24 * 1024 * 1024, "0123456789abcdef!");
  await blob.uploadData(bytes, { blockSize: 8 * 1024 * 1024, concurrency: 2 });
  assert.ok(bytes.equals(await blob.downloadToBuffer()));
  await blob.delete();
});
