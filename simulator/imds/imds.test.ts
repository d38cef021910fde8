import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import type { Principal } from "../core/principals.ts";
import { signedAccessTokens } from "../core/signed-access-tokens.ts";
import type { Handler } from "../http/message.ts";
import { appService } from "./app-service.ts";
import { imds } from "./imds.ts";
import type { Machine } from "./machine.ts";

const RESOURCE = "https://storage.azure.com";
const GROUP = "/subscriptions/s/resourceGroups/g/providers";
const system = identity("1", "system-assigned identity", `${GROUP}/Microsoft.Compute/virtualMachines/vm`);
const first = identity(
  "2",
  "user-assigned identity",
  `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/first`,
);
const second = identity(
  "3",
  "user-assigned identity",
  `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/second`,
);
const clock = steerableClock();
const faults = faultQueue();
const tokens = await signedAccessTokens({ clock });
let machine: Machine = { systemAssigned: system, userAssigned: [first, second] };
const options = { clock, faults, tokens, machine: () => machine };
const vm = imds(options);
const app = appService({ ...options, identityHeader: "knows me" });

function identity(digit: string, kind: Principal["kind"], resourceId: string): Principal {
  return {
    tenantId: "00000000-0000-4000-8000-000000000000",
    clientId: `c0000000-0000-4000-8000-00000000000${digit}`,
    objectId: `0b000000-0000-4000-8000-00000000000${digit}`,
    displayName: `identity ${digit}`,
    kind,
    resourceId,
  };
}

async function ask(
  handler: Handler,
  path: string,
  query: Record<string, string>,
  headers: Record<string, string>,
) {
  const response = await handler({
    method: "GET",
    origin: "http://169.254.169.254",
    path,
    query: new URLSearchParams(query).toString(),
    headers,
    body: nothing(),
  });
  const text = typeof response.body === "string" ? response.body : "";
  const body: Record<string, string> = text.startsWith("{") ? JSON.parse(text) : { text };
  return { status: response.status, headers: response.headers, body };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const METADATA = { metadata: "true" };
const BASE = { "api-version": "2018-02-01", resource: RESOURCE };

function token(query: Record<string, string> = {}, headers: Record<string, string> = METADATA) {
  return ask(vm, "/metadata/identity/oauth2/token", { ...BASE, ...query }, headers);
}

test("a machine gets tokens for its own identity, and for others by each of their IDs", async (t) => {
  const cases = [
    ["its own", {}, system],
    ["client ID", { client_id: first.clientId }, first],
    ["object ID", { object_id: second.objectId }, second],
    ["resource ID", { msi_res_id: first.resourceId ?? "" }, first],
    ["resource ID by its other name", { mi_res_id: (second.resourceId ?? "").toUpperCase() }, second],
  ] as const;
  for (const [name, query, expected] of cases) {
    await t.test(name, async () => {
      const { status, body } = await token({ ...query });
      assert.equal(status, 200);
      assert.equal(decodeJwt(body["access_token"] ?? "")["oid"], expected.objectId);
      assert.equal(body["client_id"], expected.clientId);
      assert.equal(body["expires_in"], "3599");
      assert.equal(body["expires_on"], String(Math.floor(clock.now() / 1000) + 3599));
    });
  }
});

test("requests that a browser or a proxy could have sent are refused", async () => {
  assert.equal((await token({}, {})).status, 400);
  assert.equal((await token({}, { ...METADATA, "x-forwarded-for": "10.0.0.1" })).status, 400);
  assert.equal((await token({}, { metadata: "True" })).status, 200);
});

test("what is wrong with a request is told", async (t) => {
  const cases = [
    ["no resource", { resource: "" }, "invalid_request"],
    ["an old version", { "api-version": "2017-12-01" }, "invalid_request"],
    ["an unknown identity", { client_id: "c0000000-0000-4000-8000-000000000009" }, "invalid_request"],
    ["an unknown resource", { resource: "https://nowhere.example" }, "invalid_resource"],
  ] as const;
  for (const [name, query, error] of cases) {
    await t.test(name, async () => {
      const { status, body } = await token({ ...query });
      assert.deepEqual([status, body["error"]], [400, error]);
    });
  }
});

test("without an identity of its own, a machine's only other one is taken, and of several none", async () => {
  const former = machine;
  try {
    machine = { userAssigned: [first] };
    assert.equal((await token()).body["client_id"], first.clientId);
    machine = { userAssigned: [first, second] };
    assert.match((await token()).body["error_description"] ?? "", /^Multiple user assigned identities/);
    machine = { userAssigned: [] };
    assert.deepEqual((await token()).body, {
      error: "invalid_request",
      error_description: "Identity not found",
    });
  } finally {
    machine = former;
  }
});

test("it can be starting, and throttle", async () => {
  faults.add({ service: "imds", operation: "token", effect: { kind: "fail", status: 410, code: "gone" } });
  faults.add({ service: "imds", operation: "token", effect: { kind: "throttle", retryAfterSeconds: 1 } });
  assert.equal((await token()).status, 410);
  const throttled = await token();
  assert.deepEqual([throttled.status, throttled.headers["retry-after"]], [429, "1"]);
  assert.equal((await token()).status, 200);
  faults.assertSpent();
});

test("a machine's description says where it runs", async () => {
  const query = { "api-version": "2021-12-13" };
  const whole = await ask(vm, "/metadata/instance/compute", query, METADATA);
  assert.equal(whole.body["azEnvironment"], "AzurePublicCloud");
  const one = await ask(vm, "/metadata/instance/compute/location", { ...query, format: "text" }, METADATA);
  assert.equal(one.body["text"], "westeurope");
  assert.equal((await ask(vm, "/metadata/instance", {}, METADATA)).status, 400);
});

test("App Service answers those who know its header, without an expires_in", async () => {
  const query = { "api-version": "2019-08-01", resource: RESOURCE };
  const known = { "x-identity-header": "knows me" };
  const { status, body } = await ask(app, "/msi/token", { ...query, client_id: first.clientId }, known);
  assert.equal(status, 200);
  assert.equal(body["expires_in"], undefined);
  assert.match(body["expires_on"] ?? "", /^\d+$/);
  assert.equal((await ask(app, "/msi/token", query, {})).status, 401);
  assert.equal((await ask(app, "/msi/token", { ...query, client_id: "c" }, known)).status, 400);
  assert.equal((await ask(app, "/msi/token", { ...query, "api-version": "2001-01-01" }, known)).status, 400);
});
