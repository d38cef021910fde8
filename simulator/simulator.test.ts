import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { startSimulator, type Simulator } from "./simulator.ts";

const SUBSCRIPTION = "5b5b5b5b-0000-4000-8000-000000000001";
const GROUP = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };
const VERSION = { "x-ms-version": "2024-08-04" };

const world = await startSimulator();
after(() => world.stop());
setDefaultCACertificates([...getCACertificates("default"), world.authority.certificate]);
const { application, secret, account } = seed(world);

function seed({ directory, inventory }: Simulator) {
  const { tenantId } = directory.addTenant();
  const application = directory.addApplication({ tenantId });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId });
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "backups" });
  const account = inventory.addStorageAccount({ ...GROUP, name: "velerobackups" });
  return { application, account, secret: directory.addSecret(application).value };
}

async function tokenFor(resource: string): Promise<string> {
  const response = await fetch(`${world.endpoints.entra}/${application.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: application.clientId,
      client_secret: secret,
      scope: `${resource}/.default`,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return `Bearer ${token}`;
}

async function controlled(method: string, path: string, body?: unknown) {
  const response = await fetch(`${world.endpoints.control}/_simulator/${path}`, {
    method,
    headers: { authorization: `Bearer ${world.controlToken}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, body: answer };
}

test("an application signs in, and stores and reads a blob once it has the role", async () => {
  const { inventory, containers, endpoints } = world;
  await containers.create(account.name, "velero");
  assert.deepEqual(await containers.list(account.name), ["velero"]);
  const headers = { ...VERSION, authorization: await tokenFor("https://storage.azure.com") };
  const url = `${endpoints.blob}/${account.name}/velero/backups/one`;
  const put = { method: "PUT", headers: { ...headers, "x-ms-blob-type": "BlockBlob" }, body: "content" };
  const refused = await fetch(url, put);
  assert.deepEqual(
    [refused.status, refused.headers.get("x-ms-error-code")],
    [403, "AuthorizationPermissionMismatch"],
  );
  const role = "Storage Blob Data Contributor";
  inventory.assignRole({ principalId: application.objectId, role, scope: account.id });
  assert.equal((await fetch(url, put)).status, 201);
  assert.equal(await (await fetch(url, { headers })).text(), "content");
});

test("an application lists the account's keys by Resource Manager, for which the token is another one", async () => {
  const { inventory, endpoints } = world;
  const role = "Storage Account Contributor";
  inventory.assignRole({ principalId: application.objectId, role, scope: account.id });
  const url = `${endpoints.resourceManager}${account.id}/listKeys?api-version=2023-05-01`;
  const ask = async (resource: string) =>
    fetch(url, { method: "POST", headers: { authorization: await tokenFor(resource) } });
  assert.equal((await ask("https://storage.azure.com")).status, 401);
  const response = await ask("https://management.azure.com");
  const { keys } = (await response.json()) as { keys: readonly { value: string }[] };
  assert.equal(keys[0]?.value, account.keys[0]?.value);
});

test("clients of the real clouds' names come here through the proxy, and nobody leaves through it", async () => {
  const { port } = new URL(world.endpoints.proxy);
  world.inventory.addUserAssignedIdentity({ ...GROUP, name: "velero" });
  const asked = plainRequest({
    port,
    path: "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://storage.azure.com",
    headers: { metadata: "true", host: "169.254.169.254" },
    agent: false,
  }).end();
  const [response] = await once(asked, "response");
  const grant = (await json(response)) as { token_type: string };
  assert.equal(grant.token_type, "Bearer");
  const tunnel = plainRequest({
    port,
    method: "CONNECT",
    path: "login.microsoftonline.com:443",
    agent: false,
  }).end();
  const [opened, socket] = await once(tunnel, "connect");
  assert.equal(opened.statusCode, 200);
  socket.destroy();
  const away = plainRequest({ port, method: "CONNECT", path: "example.com:443", agent: false }).end();
  const [closed, other] = await once(away, "connect");
  assert.equal(closed.statusCode, 502);
  other.destroy();
});

test("tests in other languages pull the levers over http, when they know the token", async () => {
  const stranger = await fetch(`${world.endpoints.control}/_simulator/faults`);
  assert.equal(stranger.status, 401);
  await controlled("DELETE", "requests");
  const fault = { service: "entra", operation: "token", effect: { kind: "throttle" } };
  await controlled("POST", "faults", fault);
  const { body } = await controlled("GET", "faults");
  assert.deepEqual(body, [{ ...fault, left: 1 }]);
  assert.equal(await tokenFor("https://storage.azure.com"), "Bearer undefined");
  const log = await controlled("GET", "requests");
  assert.deepEqual(
    (log.body as readonly Record<string, unknown>[]).map(({ service, operation, status }) => [
      service,
      operation,
      status,
    ]),
    [["entra", "token", 429]],
  );
  const made = await controlled("POST", "directory/addSecret", [application, {}]);
  assert.match((made.body as { value: string }).value, /8Q~/);
  const before = world.clock.now();
  await controlled("POST", "clock", { advanceMilliseconds: 60_000 });
  assert.ok(world.clock.now() >= before + 60_000);
  assert.equal((await controlled("POST", "directory/addSecret", {})).status, 400);
  assert.equal((await controlled("POST", "directory/state", [])).status, 400);
  assert.equal(
    (await controlled("POST", "inventory/addStorageAccount", [{ ...GROUP, name: "another" }])).status,
    200,
  );
  assert.ok(world.inventory.storageAccount("another"));
});

test("tests in other languages write to disks, set the pace and see what snapshots hold", async () => {
  const lever = async (name: string, ...sent: unknown[]) => {
    const { status, body } = await controlled("POST", `inventory/${name}`, sent);
    assert.equal(status, 200, JSON.stringify(body));
    return body as Record<string, unknown>;
  };
  const { id } = await lever("addDisk", {
    ...GROUP,
    name: "d1",
    sku: "UltraSSD_LRS",
    zones: ["1"],
    iops: 500,
  });
  assert.equal(await lever("writeDisk", id), 1);
  await lever("setComputePace", { backgroundCopy: 60_000, retryAfterSeconds: 1 });
  const { objectId: principalId } = application;
  await lever("assignRole", { principalId, role: "Contributor", scope: account.id.split("/providers/")[0] });
  const snapshot = String(id).replace("/disks/d1", "/snapshots/s1");
  const made = await fetch(`${world.endpoints.resourceManager}${snapshot}?api-version=2024-03-02`, {
    method: "PUT",
    headers: { authorization: await tokenFor("https://management.azure.com") },
    body: JSON.stringify({
      location: "westeurope",
      properties: { incremental: true, creationData: { createOption: "Copy", sourceResourceId: id } },
    }),
  });
  assert.deepEqual([made.status, made.headers.get("retry-after")], [202, "1"]);
  await lever("writeDisk", id);
  await controlled("POST", "clock", { advanceMilliseconds: 60_000 });
  const { generation, completionPercent } = await lever("snapshot", snapshot);
  assert.deepEqual([generation, completionPercent], [1, 100]);
  assert.equal(Object.keys(await lever("disks")).length, 1);
});

test("a world that is kept in a folder goes on after a restart, its blobs included", async () => {
  const state = await mkdtemp(join(tmpdir(), "simulator-state-"));
  try {
    const first = await startSimulator({ state });
    const sown = seed(first);
    await first.containers.create(sown.account.name, "kept");
    first.clock.advance(3_600_000);
    await first.stop();
    assert.equal((await stat(join(state, "world.json"))).mode & 0o777, 0o600);
    const second = await startSimulator({ state });
    try {
      assert.ok(second.directory.application(sown.application.tenantId, sown.application.clientId));
      assert.equal(second.inventory.storageAccount(sown.account.name)?.keys[0], sown.account.keys[0]?.value);
      assert.deepEqual(await second.containers.list(sown.account.name), ["kept"]);
      assert.ok(second.clock.now() > Date.now() + 3_000_000);
    } finally {
      await second.stop();
    }
  } finally {
    await rm(state, { recursive: true, force: true });
  }
});

test("without Azurite the world does not start, and says what is missing", async () => {
  const missing = join(tmpdir(), "no-azurite-here.js");
  await assert.rejects(
    startSimulator({ azurite: missing }),
    /cannot start Azurite .*no-azurite-here.*not installed/,
  );
});
