import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { FaultEffect } from "../core/faults.ts";
import {
  ACCOUNT,
  GROUP,
  OWNER,
  STORAGE,
  STRANGER,
  SUBSCRIPTION,
  TENANT,
  application,
  grant,
  simulatedWorld,
} from "./resource-manager.fixture.ts";
import type { Call } from "./resource-manager.fixture.ts";
import { allRoutes } from "./route-table.ts";

const OTHER_TENANT = "33333333-3333-4333-8333-333333333333";
const UNKNOWN = "99999999-9999-4999-8999-999999999999";

interface Refusal {
  readonly name: string;
  readonly method?: string;
  readonly target: string;
  readonly call?: Call;
  readonly status: number;
  readonly code: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "a request without an api-version, even without a sign-in",
    target: ACCOUNT,
    call: { as: null },
    status: 400,
    code: "MissingApiVersionParameter",
  },
  {
    name: "an api-version that Resource Manager itself never had",
    target: `${GROUP}?api-version=2024-02-31`,
    status: 400,
    code: "InvalidApiVersionParameter",
  },
  {
    name: "a malformed api-version",
    target: `${ACCOUNT}?api-version=latest`,
    status: 400,
    code: "InvalidApiVersionParameter",
  },
  {
    name: "an api-version that the storage provider never had",
    target: `${ACCOUNT}?api-version=2024-02-02`,
    status: 400,
    code: "NoRegisteredProviderFound",
  },
  {
    name: "a request without a sign-in",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { as: null },
    status: 401,
    code: "AuthenticationFailed",
  },
  {
    name: "a key instead of a token",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { as: null, headers: { authorization: "SharedKey a:b" } },
    status: 401,
    code: "AuthenticationFailed",
  },
  {
    name: "a token that is none",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { as: null, headers: { authorization: "Bearer x.y.z" } },
    status: 401,
    code: "InvalidAuthenticationToken",
  },
  {
    name: "a token for storage",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { audience: "https://storage.azure.com" },
    status: 401,
    code: "InvalidAuthenticationTokenAudience",
  },
  {
    name: "a token of another tenant",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { as: application("bbbbbbbb-0000-4000-8000-000000000001", OTHER_TENANT) },
    status: 401,
    code: "InvalidAuthenticationTokenTenant",
  },
  {
    name: "a subscription that is not there, before the sign-in",
    target: `/subscriptions/${UNKNOWN}?api-version=2022-12-01`,
    call: { as: null },
    status: 404,
    code: "SubscriptionNotFound",
  },
  {
    name: "a subscription that is no GUID",
    target: "/subscriptions/mine?api-version=2022-12-01",
    status: 400,
    code: "InvalidSubscriptionId",
  },
  {
    name: "a principal without a role, before telling that the resource is missing",
    target: `${GROUP}/providers/Microsoft.Storage/storageAccounts/none?${STORAGE}`,
    call: { as: STRANGER },
    status: 403,
    code: "AuthorizationFailed",
  },
  {
    name: "a resource group that is not there",
    target: `/subscriptions/${SUBSCRIPTION}/resourceGroups/none/providers/Microsoft.Storage/storageAccounts/a?${STORAGE}`,
    status: 404,
    code: "ResourceGroupNotFound",
  },
  {
    name: "a resource that is not there",
    target: `${GROUP}/providers/Microsoft.Compute/disks/d1?api-version=2024-03-02`,
    status: 404,
    code: "ResourceNotFound",
  },
  {
    name: "a type that is not there",
    target: `${GROUP}/providers/Microsoft.Storage/boxes/b?${STORAGE}`,
    status: 404,
    code: "InvalidResourceType",
  },
  {
    name: "a namespace that is not there",
    target: `${GROUP}/providers/Microsoft.Boxes/boxes/b?${STORAGE}`,
    status: 404,
    code: "InvalidResourceNamespace",
  },
  {
    name: "a path without a subscription",
    target: "/hello?api-version=2022-12-01",
    status: 404,
    code: "MissingSubscription",
  },
  {
    name: "a method that the type does not have",
    method: "POST",
    target: `${ACCOUNT}?${STORAGE}`,
    status: 405,
    code: "HttpMethodNotSupported",
  },
  {
    name: "a body that is no JSON object",
    method: "PUT",
    target: `${ACCOUNT}?${STORAGE}`,
    call: { body: [] },
    status: 400,
    code: "InvalidRequestContent",
  },
];

for (const refusal of REFUSALS) {
  test(`Resource Manager refuses ${refusal.name}`, async () => {
    const { call } = await simulatedWorld();
    const answer = await call(refusal.method ?? "GET", refusal.target, refusal.call);
    assert.equal(answer.status, refusal.status);
    assert.equal(answer.code, refusal.code);
    assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
  });
}

test("a refused sign-in tells where to sign in and quotes the token", async () => {
  const { call } = await simulatedWorld();
  const nobody = await call("GET", `${ACCOUNT}?${STORAGE}`, { as: null });
  assert.match(
    nobody.headers["www-authenticate"] ?? "",
    new RegExp(`^Bearer authorization_uri="https://login.test/${TENANT}", error="invalid_token", `),
  );
  const storage = await call("GET", `${ACCOUNT}?${STORAGE}`, { audience: "https://storage.azure.com" });
  assert.match(
    storage.message ?? "",
    /resource 'https:\/\/storage\.azure\.com'.*'https:\/\/management\.azure\.com\/'/,
  );
  const foreign = await call("GET", `${ACCOUNT}?${STORAGE}`, { as: application(UNKNOWN, OTHER_TENANT) });
  assert.match(foreign.message ?? "", new RegExp(`${OTHER_TENANT}.*${TENANT}`));
});

test("a token runs out by the simulated clock", async () => {
  const { call, clock, tokens } = await simulatedWorld();
  const { token } = await tokens.issue(OWNER, "https://management.azure.com");
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await call("GET", `${ACCOUNT}?${STORAGE}`, { as: null, headers })).status, 200);
  clock.advance(2 * 3600 * 1000);
  const answer = await call("GET", `${ACCOUNT}?${STORAGE}`, { as: null, headers });
  assert.equal(answer.status, 401);
  assert.equal(answer.code, "ExpiredAuthenticationToken");
  assert.match(answer.message ?? "", /UTC time '\d+\/\d+\/\d{4} \d+:\d\d:\d\d [AP]M'/);
});

test("a missing role is told with the action and the scope", async () => {
  const { call } = await simulatedWorld();
  const answer = await call("POST", `${ACCOUNT}/listKeys?${STORAGE}`, { as: STRANGER });
  assert.match(
    answer.message ?? "",
    new RegExp(
      `^The client '${STRANGER.clientId}' with object id '${STRANGER.objectId}' does not have authorization to ` +
        `perform action 'Microsoft.Storage/storageAccounts/listKeys/action' over scope '${ACCOUNT}'`,
    ),
  );
});

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

test("an empty bucket is answered with 429 until the clock has refilled it", async () => {
  const { call, clock } = await simulatedWorld({
    limits: { storageReads: { capacity: 2, perSecond: 0.1 }, reads: { capacity: 3, perSecond: 1 } },
  });
  const keys = () => call("POST", `${ACCOUNT}/listKeys?${STORAGE}`);
  assert.deepEqual([(await keys()).status, (await keys()).status], [200, 200]);
  const storage = await keys();
  assert.deepEqual([storage.status, storage.code], [429, "TooManyRequests"]);
  const wait = Number(storage.headers["retry-after"]);
  assert.ok(wait >= 9 && wait <= 10);
  clock.advance(wait * 1000);
  assert.equal((await keys()).status, 200);
  const read = () => call("GET", `${GROUP}?api-version=2024-11-01`);
  assert.deepEqual([(await read()).status, (await read()).status, (await read()).status], [200, 200, 200]);
  const general = await read();
  assert.deepEqual([general.status, general.code], [429, "SubscriptionRequestsThrottled"]);
  assert.equal(general.headers["retry-after"], "1");
});

const FAULTS: readonly { effect: FaultEffect; status: number; code?: string }[] = [
  { effect: { kind: "throttle", retryAfterSeconds: 17 }, status: 429, code: "TooManyRequests" },
  { effect: { kind: "fail", status: 503, code: "ServerTimeout" }, status: 503, code: "ServerTimeout" },
  { effect: { kind: "expire-token" }, status: 401, code: "ExpiredAuthenticationToken" },
  {
    effect: { kind: "skew-clock", milliseconds: 86_400_000 },
    status: 401,
    code: "ExpiredAuthenticationToken",
  },
  { effect: { kind: "delay", milliseconds: 1 }, status: 200 },
  { effect: { kind: "cut", afterBytes: 5 }, status: 200 },
];

for (const { effect, status, code } of FAULTS) {
  test(`a queued ${effect.kind} hits the operation that it names, once`, async () => {
    const { call, faults } = await simulatedWorld();
    faults.add({ service: "resource-manager", operation: "storageAccounts/listKeys", effect });
    assert.equal((await call("GET", `${ACCOUNT}?${STORAGE}`)).status, 200);
    const answer = await call("POST", `${ACCOUNT}/listKeys?${STORAGE}`);
    assert.deepEqual([answer.status, answer.code], [status, code]);
    faults.assertSpent();
    assert.equal((await call("POST", `${ACCOUNT}/listKeys?${STORAGE}`)).status, 200);
  });
}

test("a throttle says when to come back, and a cut says where", async () => {
  const { call, faults } = await simulatedWorld();
  const operation = "storageAccounts/get";
  faults.add({ service: "resource-manager", operation, effect: { kind: "throttle", retryAfterSeconds: 17 } });
  const throttled = await call("GET", `${ACCOUNT}?${STORAGE}`);
  assert.equal(throttled.headers["retry-after"], "17");
  faults.add({ service: "resource-manager", operation, effect: { kind: "cut", afterBytes: 5 } });
  const cut = await call("GET", `${ACCOUNT}?${STORAGE}`);
  assert.equal("cutAfter" in cut ? cut.cutAfter : undefined, 5);
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
