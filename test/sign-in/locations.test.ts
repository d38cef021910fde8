import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { type ReadyMade, type ReadyMadeLocation, readyMade } from "../../simulator/ready-made.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { NodeTransport } from "../../src/azure/http/node-transport.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { openSnapshotter } from "../../src/snapshot/open-snapshotter.ts";
import type { ByteSource, ObjectStore } from "../../src/store/object-store.ts";
import { openObjectStore } from "../../src/store/open-object-store.ts";

const { signal } = new AbortController();
let folder: string;
let world: Simulator;
let made: ReadyMade;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sign-in-"));
  world = await startSimulator();
  made = await readyMade(world, folder);
});

beforeEach(() => world.log.clear());

after(async () => {
  await world.stop();
  await rm(folder, { recursive: true });
});

function bytes(text: string): ByteSource {
  let rest = Buffer.from(text);
  return {
    fill: async (target) => {
      const length = Math.min(rest.length, target.length);
      target.set(rest.subarray(0, length));
      rest = rest.subarray(length);
      return length;
    },
  };
}

function location(method: string): ReadyMadeLocation {
  const found = made.locations.find((candidate) => candidate.method === method);
  assert.ok(found !== undefined, `the simulator has no location "${method}"`);
  return found;
}

async function lines(path: string | undefined): Promise<Record<string, string>> {
  const text = path === undefined ? "" : await readFile(path, "utf8");
  const pairs = text.split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf("=")), unquoted(line)]));
}

function unquoted(line: string): string {
  return line.slice(line.indexOf("=") + 1).replaceAll(/^["']|["']$/g, "");
}

/** How the simulated Azure is reached: under its own addresses, as a cloud of one's own, or under the public cloud's names. */
type Reach = "own" | "public";

async function environmentOf(found: ReadyMadeLocation, reach: Reach): Promise<Record<string, string>> {
  const env = { SSL_CERT_FILE: made.caFile, TMPDIR: folder, ...(await lines(found.environmentFile)) };
  return reach === "own"
    ? { ...made.environment, ...env }
    : { ...env, HTTPS_PROXY: world.endpoints.proxy, HTTP_PROXY: world.endpoints.proxy };
}

async function open(
  method: string,
  reach: Reach,
  more: Readonly<Record<string, string>> = {},
): Promise<ObjectStore> {
  const found = location(method);
  const config: Record<string, string> = {
    ...found.config,
    credentialsFile: found.credentialsFile,
    cacheAccountKey: "false",
    ...more,
  };
  if (reach === "public") {
    delete config["storageAccountURI"];
    const own = await readFile(found.credentialsFile, "utf8");
    config["credentialsFile"] = join(folder, `public-${method}`);
    await writeFile(config["credentialsFile"], own.replaceAll(/^AZURE_(CLOUD|ENVIRONMENT)_.*$/gm, ""));
  }
  return await openObjectStore(config, await environmentOf(found, reach), silentLogger);
}

/** Fetches as a client without any sign-in does. */
async function fetchText(url: URL, environment: Readonly<Record<string, string>>): Promise<string> {
  const transport = new NodeTransport({ environment });
  const { origin, pathname, search } = url;
  const request = { method: "GET", origin, path: pathname, query: search.slice(1), headers: {} } as const;
  const { body } = await transport.send(request, signal);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  transport.close();
  return Buffer.concat(chunks).toString();
}

/** As an administrator does it, through Resource Manager. */
async function renewFirstKey(): Promise<void> {
  const { subscriptionId = "", resourceGroup = "", storageAccount = "" } = location("list-keys").config;
  const application = world.directory.application(made.tenantId, made.clientId);
  assert.ok(application !== undefined);
  const principal = { ...application, kind: "application" } as const;
  const { token } = await world.tokens.issue(principal, "https://management.azure.com");
  const transport = new NodeTransport({ environment: { SSL_CERT_FILE: made.caFile } });
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const { status, body } = await transport.send(
    {
      method: "POST",
      origin: world.endpoints.resourceManager,
      path: `${group}/providers/Microsoft.Storage/storageAccounts/${storageAccount}/regenerateKey`,
      query: "api-version=2023-01-01",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: Buffer.from(JSON.stringify({ keyName: "key1" })),
    },
    signal,
  );
  body.resume();
  transport.close();
  assert.equal(status, 200);
}

function asked(): string[] {
  return world.log.entries().map(({ service, operation }) => `${service} ${operation}`);
}

const methods: ReadonlyArray<readonly [string, readonly string[]]> = [
  ["account-key", []],
  ["list-keys", ["entra token", "resource-manager storageAccounts/listKeys"]],
  ["client-secret", ["entra token"]],
  ["client-certificate", ["entra token"]],
  ["workload-identity", ["entra token"]],
  ["managed-identity", ["imds app-service-token"]],
];

for (const reach of ["own", "public"] as const) {
  for (const [method, signIn] of methods) {
    test(`${method} stores, reads, signs and deletes (${reach} names), and asks for nothing it does not need`, async () => {
      const store = await open(method, reach);
      assert.deepEqual(asked(), []);
      const key = `${reach}/${method}`;
      await store.put(made.bucket, key, bytes("content"), { signal });
      assert.deepEqual(asked(), [...signIn, "blob PutBlob"]);
      assert.equal(await store.exists(made.bucket, key, { signal }), true);
      const chunks: Uint8Array[] = [];
      for await (const chunk of await store.get(made.bucket, key, { signal })) chunks.push(chunk);
      assert.equal(Buffer.concat(chunks).toString(), "content");
      const url = new URL(await store.createSignedUrl(made.bucket, key, 600_000, { signal }));
      assert.equal(url.searchParams.get("sp"), "r");
      assert.equal(url.searchParams.has("skoid"), signIn.length === 1);
      assert.equal(await fetchText(url, await environmentOf(location(method), reach)), "content");
      await store.delete(made.bucket, key, { signal });
      assert.equal(await store.exists(made.bucket, key, { signal }), false);
      assert.equal(asked().filter((request) => !request.startsWith("blob")).length, signIn.length);
      await store.close();
    });
  }
}

test("a volume snapshot location signs in and is told the role that it lacks for disks", async () => {
  const found = location("client-secret");
  const credentialsFile = join(folder, "snapshots");
  const { subscriptionId, resourceGroup } = found.config;
  const own = await readFile(found.credentialsFile, "utf8");
  const place = `AZURE_SUBSCRIPTION_ID=${subscriptionId}\nAZURE_RESOURCE_GROUP=${resourceGroup}\n`;
  await writeFile(credentialsFile, `${own}\n${place}`);
  const env = await environmentOf(found, "own");
  const snapshotter = await openSnapshotter({ credentialsFile }, env, silentLogger);
  assert.deepEqual(asked(), []);
  await assert.rejects(snapshotter.volumeInfo("d1", { signal }), {
    code: "PermissionDenied",
    hint: /Disk Backup Reader/,
  });
  assert.equal(asked()[0], "entra token");
  await snapshotter.close();
});

test("a key that was renewed while the location is in use is listed again, and nothing fails", async () => {
  const store = await open("list-keys", "own");
  await store.put(made.bucket, "before", bytes("1"), { signal });
  await renewFirstKey();
  world.log.clear();
  await store.put(made.bucket, "after", bytes("2"), { signal });
  assert.deepEqual(asked(), ["blob PutBlob", "resource-manager storageAccounts/listKeys", "blob PutBlob"]);
  await store.close();
});

test("a token that is taken for expired is replaced once", async () => {
  const store = await open("client-secret", "own");
  await store.put(made.bucket, "before", bytes("1"), { signal });
  world.log.clear();
  world.faults.add({ service: "blob", operation: "PutBlob", effect: { kind: "expire-token" } });
  await store.put(made.bucket, "after", bytes("2"), { signal });
  assert.deepEqual(asked(), ["blob PutBlob", "entra token", "blob PutBlob"]);
  world.faults.assertSpent();
  await store.close();
});
