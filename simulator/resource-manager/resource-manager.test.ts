import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ACCOUNT, STORAGE, STRANGER, grant, simulatedWorld } from "./resource-manager.fixture.ts";
import { allRoutes } from "./route-table.ts";

test("paths are read without regard to case, encoding and doubled slashes", async () => {
  const { call } = await simulatedWorld();
  for (const path of [
    ACCOUNT.toUpperCase(),
    ACCOUNT.toLowerCase(),
    `/${ACCOUNT}/`,
    ACCOUNT.replace("v", "%76"),
  ]) {
    assert.equal((await call("GET", `${path}?API-Version=2024-01-01`)).status, 200, path);
  }
});

test("every answer carries the headers that support asks for", async () => {
  const { call } = await simulatedWorld();
  const headers = { "x-ms-client-request-id": "mine", "x-ms-return-client-request-id": "true" };
  const read = await call("GET", `${ACCOUNT}?${STORAGE}`, { headers });
  assert.match(read.headers["x-ms-request-id"] ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(read.headers["x-ms-correlation-request-id"], read.headers["x-ms-request-id"]);
  assert.equal(read.headers["x-ms-client-request-id"], "mine");
  assert.equal(read.headers["x-ms-ratelimit-remaining-subscription-reads"], "249");
  const list = await call("GET", "/subscriptions?api-version=2022-12-01");
  assert.equal(list.headers["x-ms-ratelimit-remaining-tenant-reads"], "249");
});

test("a cloud tells of itself in the shape of each version, to anybody", async () => {
  const { call } = await simulatedWorld();
  const ask = (version: string) =>
    call("GET", `/metadata/endpoints?api-version=${version}`, { as: null }).then(({ text }) =>
      JSON.parse(text),
    );
  const old = await ask("2015-01-01");
  assert.equal(old.authentication.loginEndpoint, "https://login.test/");
  assert.deepEqual(old.authentication.audiences[0], "https://management.azure.com");
  const [first] = await ask("2019-05-01");
  const current = await ask("2022-09-01");
  assert.deepEqual(first, current);
  assert.equal(current.suffixes.storage, "core.test");
  assert.equal(current.resourceManager, "https://management.test/");
  assert.equal(current.name, "AzureSimulated");
  const unknown = await call("GET", "/metadata/endpoints?api-version=2001-01-01", { as: null });
  assert.equal(unknown.code, "InvalidApiVersionParameter");
});

test("subscriptions are listed to those who have a role somewhere in them", async () => {
  const { call, inventory } = await simulatedWorld();
  const list = async () =>
    (await call("GET", "/subscriptions?api-version=2022-12-01", { as: STRANGER })).body["value"];
  assert.deepEqual(await list(), []);
  grant(inventory, STRANGER, "Reader", ACCOUNT);
  assert.equal(((await list()) as unknown[]).length, 1);
});

test("a state that was written as JSON goes on where it stopped", async () => {
  const { inventory } = await simulatedWorld();
  const key = inventory.storageAccount("velero1")?.keys[0];
  const state = JSON.parse(JSON.stringify(inventory.state)) as typeof inventory.state;
  const restored = await simulatedWorld({ state });
  const answer = await restored.call("POST", `${ACCOUNT}/listKeys?${STORAGE}`);
  assert.equal((answer.body["keys"] as { value: string }[])[0]?.value, key);
});

test("the table of operations names them all", async () => {
  const { inventory } = await simulatedWorld();
  const routes = allRoutes({
    inventory,
    endpoints: () => assert.fail(),
    containers: { list: assert.fail, exists: assert.fail, create: assert.fail, delete: assert.fail },
    pace: { milliseconds: 0, retryAfterSeconds: 1 },
    directoryHas: () => true,
  });
  const table = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const missing = routes.filter(({ operation }) => !table.includes(`\`${operation}\``));
  assert.deepEqual(
    missing.map(({ operation }) => operation),
    [],
  );
});
