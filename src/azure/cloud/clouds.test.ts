import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CloudChoice } from "../../credentials/cloud.ts";
import { Failure } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { failureOf, FakeProvider, never, type Reply, TestClock } from "../auth/provider.fixture.ts";
import { findCloud, openCloud } from "./clouds.ts";

const names: ReadonlyArray<readonly [string | undefined, string]> = [
  [undefined, "core.windows.net"],
  ["", "core.windows.net"],
  ["AzureCloud", "core.windows.net"],
  ["azurepubliccloud", "core.windows.net"],
  ["AZURECHINACLOUD", "core.chinacloudapi.cn"],
  ["AzureUSGovernment", "core.usgovcloudapi.net"],
  ["azureusgovernmentcloud", "core.usgovcloudapi.net"],
];

for (const [name, suffix] of names) {
  test(`the cloud ${JSON.stringify(name)} keeps its storage under ${suffix}`, () => {
    assert.equal(findCloud(name).storageSuffix, suffix);
  });
}

test("an unknown cloud is refused with the names there are", () => {
  assert.throws(
    () => findCloud("AzureGermanCloud"),
    (error: unknown) =>
      error instanceof Failure &&
      error.code === "InvalidArgument" &&
      /unknown cloud/.test(error.message) &&
      /AzureUSGovernmentCloud/.test(error.hint ?? ""),
  );
});

const folder = mkdtempSync(join(tmpdir(), "velero-azure-test-"));
after(() => rmSync(folder, { recursive: true }));

function open(where: CloudChoice["where"], reply?: Reply | FakeProvider["reply"], authority?: string) {
  const transport = new FakeProvider(reply);
  const choice: CloudChoice = {
    name: "AzureStackCloud",
    from: "a test",
    where,
    authority: authority === undefined ? undefined : { url: authority, from: "a test" },
  };
  const settings = { transport, logger: silentLogger, userAgent: "test", clock: new TestClock() };
  return { transport, make: () => openCloud(choice, settings) };
}

function fileCloud(content: unknown, authority?: string) {
  const path = join(folder, "cloud.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return open({ kind: "file", path }, undefined, authority);
}

const document = {
  name: "AzureStackCloud",
  activeDirectoryEndpoint: "https://login.x.example/",
  resourceManagerEndpoint: "https://management.x.example/",
  serviceManagementEndpoint: "https://management.old.example/",
  tokenAudience: "https://management.x.example/1234",
  storageEndpointSuffix: "x.example",
  resourceIdentifiers: { storage: "https://storage.azure.com/", graph: "N/A" },
};

test("a cloud's file tells authority, Resource Manager, storage and what tokens are for, without a request", () => {
  const { transport, make } = fileCloud(`\ufeff${JSON.stringify(document)}`);
  assert.deepEqual(make().known, {
    name: "AzureStackCloud",
    storageSuffix: "x.example",
    authority: "https://login.x.example",
    resourceManager: "https://management.x.example",
    audiences: {
      storage: "https://storage.azure.com",
      resourceManager: "https://management.x.example/1234",
    },
  });
  assert.equal(transport.requests.length, 0);
});

test("what a cloud's file leaves out follows from the rest, and the location's authority goes before its own", () => {
  const { activeDirectoryEndpoint: _a, tokenAudience: _t, resourceIdentifiers: _r, ...rest } = document;
  const cloud = fileCloud(rest, "https://login.own.example").make().known;
  assert.equal(cloud?.authority, "https://login.own.example");
  assert.deepEqual(cloud?.audiences, {
    storage: "https://storage.azure.com",
    resourceManager: "https://management.old.example/",
  });
});

for (const [name, content, words] of [
  ["no JSON", "hunter2", /not JSON/],
  ["no authority", { ...document, activeDirectoryEndpoint: "" }, /activeDirectoryEndpoint is missing/],
  ["an odd address", { ...document, resourceManagerEndpoint: "ftp://x" }, /resourceManagerEndpoint is not/],
] as const) {
  test(`a cloud's file with ${name} is refused by what is wrong`, async () => {
    const failure = await failureOf((async () => fileCloud(content).make())());
    assert.equal(failure.code, "InvalidArgument");
    assert.match(failure.message, words);
  });
}

test("a cloud's file that is not there is NotFound", async () => {
  const { make } = open({ kind: "file", path: join(folder, "none") });
  assert.equal((await failureOf((async () => make())())).code, "NotFound");
});

const ASKED = { kind: "asked", resourceManager: "https://management.x.example" } as const;
const metadata = {
  authentication: {
    loginEndpoint: "https://adfs.x.example/adfs",
    audiences: ["https://management.adfs.x.example/1234"],
  },
};

test("a cloud that has to be asked is asked by the first who needs it, once", async () => {
  const { transport, make } = open(ASKED, {
    body: { ...metadata, name: "x", suffixes: { storage: "stor.x.example" } },
  });
  const source = make();
  assert.equal(source.known, undefined);
  assert.equal(transport.requests.length, 0);
  const [one, two] = await Promise.all([source.find(never), source.find(never)]);
  assert.equal(one, two);
  assert.equal(await source.find(never), source.known);
  assert.equal(one.storageSuffix, "stor.x.example");
  assert.equal(one.authority, "https://adfs.x.example/adfs");
  assert.equal(one.audiences.resourceManager, "https://management.adfs.x.example/1234");
  assert.deepEqual(transport.addresses, [
    "GET https://management.x.example/metadata/endpoints?api-version=2022-09-01",
  ]);
  assert.equal(transport.requests[0]?.headers["authorization"], undefined);
});

test("a cloud that knows only the old version is asked for that, and keeps its storage beside Resource Manager", async () => {
  const { transport, make } = open(ASKED, (_request, index) =>
    index === 0
      ? { status: 400, body: { error: { code: "InvalidApiVersionParameter" } } }
      : { body: metadata },
  );
  assert.equal((await make().find(never)).storageSuffix, "x.example");
  assert.match(transport.addresses[1] ?? "", /api-version=2015-01-01$/);
});

test("of several clouds the one of that Resource Manager is taken", async () => {
  const { make } = open(ASKED, {
    body: [
      { ...metadata, name: "a", resourceManager: "https://management.azure.com/" },
      { ...metadata, name: "b", resourceManager: "https://management.x.example/" },
    ],
  });
  assert.equal((await make().find(never)).name, "b");
});

test("what is no Resource Manager is told, and asked again by the next", async () => {
  const { transport, make } = open(ASKED, { body: "<html>" });
  const source = make();
  const failure = await failureOf(source.find(never));
  assert.equal(failure.code, "FailedPrecondition");
  assert.match(failure.hint ?? "", /AZURE_RESOURCE_MANAGER_ENDPOINT/);
  transport.reply = () => ({ body: metadata });
  await source.find(never);
});

test("a Resource Manager over plain http is not asked: its answer names where secrets go", async () => {
  const { transport, make } = open(
    { kind: "asked", resourceManager: "http://management.x.example" },
    { body: metadata },
  );
  const failure = await failureOf(make().find(never));
  assert.equal(failure.code, "InvalidArgument");
  assert.match(failure.hint ?? "", /AZURE_RESOURCE_MANAGER_ENDPOINT/);
  assert.equal(transport.requests.length, 0);
});
