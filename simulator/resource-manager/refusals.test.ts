import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ACCOUNT,
  GROUP,
  OWNER,
  STORAGE,
  STRANGER,
  SUBSCRIPTION,
  TENANT,
  application,
  simulatedWorld,
} from "./resource-manager.fixture.ts";
import type { Call } from "./resource-manager.fixture.ts";

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
