import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, Failure } from "../../errors/error.ts";
import { getDisk } from "./disk.ts";
import { HOST, openManager } from "./resource-manager.fixture.ts";
import { findPrimaryBlobEndpoint, listAccountKey } from "./storage-account.ts";

const { signal } = new AbortController();
const account = { subscriptionId: "s-1", resourceGroup: "a group", account: "acc" };
const disk = { subscriptionId: "s-1", resourceGroup: "nodes", name: "d1" };

test("the first key that allows everything is taken, its permission in any case", async () => {
  const keys = [
    { keyName: "kerb1", value: "cmVhZA==", permissions: "Read" },
    { keyName: "key1", value: "Zmlyc3Q=", permissions: "FULL" },
    { keyName: "key2", value: "c2Vjb25k", permissions: "Full" },
  ];
  const { manager, transport } = openManager({ status: 200, body: { keys } });
  assert.equal((await listAccountKey(manager, account, signal)).reveal(), "Zmlyc3Q=");
  const [request, ...more] = transport.requests;
  assert.equal(more.length, 0);
  assert.equal(request?.method, "POST");
  assert.equal(
    request?.path,
    "/subscriptions/s-1/resourceGroups/a%20group/providers/Microsoft.Storage/storageAccounts/acc/listKeys",
  );
  assert.equal(request?.query, "$expand=kerb&api-version=2023-01-01");
  assert.equal(request?.headers["authorization"], "Bearer t");
  assert.equal(request?.body?.byteLength, 0);
});

test("the location's apiVersion goes before the kind's own, and the address may have a path", async () => {
  const { manager, transport } = openManager(
    { status: 200, body: { sku: { name: "Standard_LRS" } } },
    { apiVersion: "2019-07-01", address: `https://${HOST}/arm` },
  );
  await getDisk(manager, disk, signal);
  assert.equal(transport.requests[0]?.query, "api-version=2019-07-01");
  assert.match(transport.requests[0]?.path ?? "", /^\/arm\/subscriptions\/s-1\//);
});

test("a disk's SKU and zone are read", async () => {
  const body = { location: "westeurope", sku: { name: "Premium_LRS", tier: "Premium" }, zones: ["1"] };
  const { manager } = openManager({ status: 200, body });
  const { sku, location, zones } = await getDisk(manager, disk, signal);
  assert.deepEqual({ sku, location, zones }, { sku: "Premium_LRS", location: "westeurope", zones: ["1"] });
});

test("the account's own blob endpoint is read", async () => {
  const blob = "https://acc.z11.blob.storage.azure.net/";
  const { manager } = openManager({ status: 200, body: { properties: { primaryEndpoints: { blob } } } });
  assert.equal(await findPrimaryBlobEndpoint(manager, account, signal), blob);
});

const incomplete: ReadonlyArray<readonly [string, unknown, ErrorCode]> = [
  ["no keys at all", {}, "Unavailable"],
  ["no key that allows everything", { keys: [{ value: "a", permissions: "Read" }] }, "FailedPrecondition"],
  ["something that is not JSON", "<html>", "Unavailable"],
];

for (const [what, body, code] of incomplete) {
  test(`an answer with ${what} is ${code}`, async () => {
    const { manager } = openManager({ status: 200, body });
    await assert.rejects(listAccountKey(manager, account, signal), { code });
  });
}

const scope = "/subscriptions/s-1/resourceGroups/a group/providers/Microsoft.Storage/storageAccounts/acc";
const client = "11111111-2222-3333-4444-555555555555";
const object = "66666666-7777-8888-9999-000000000000";
const denied = `The client '${client}' with object id '${object}' does not have authorization to perform action 'Microsoft.Storage/storageAccounts/listKeys/action' over scope '${scope}' or the scope is invalid.`;

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly failure: ErrorCode;
  readonly tells: readonly RegExp[];
}

const refusals: readonly Refusal[] = [
  {
    status: 403,
    code: "AuthorizationFailed",
    message: denied,
    failure: "PermissionDenied",
    tells: [
      /listKeys\/action/,
      new RegExp(object),
      /Storage Account Key Operator Service Role/,
      /storageAccounts\/acc/,
    ],
  },
  {
    status: 401,
    code: "InvalidAuthenticationTokenTenant",
    message: "The access token is from the wrong issuer.",
    failure: "Unauthenticated",
    tells: [/another tenant/, /AZURE_TENANT_ID/],
  },
  {
    status: 401,
    code: "InvalidAuthenticationToken",
    failure: "Unauthenticated",
    tells: [/AZURE_CLOUD_NAME/],
  },
  {
    status: 404,
    code: "SubscriptionNotFound",
    failure: "FailedPrecondition",
    tells: [/subscription "s-1"/, /AZURE_SUBSCRIPTION_ID/],
  },
  {
    status: 404,
    code: "ResourceGroupNotFound",
    failure: "FailedPrecondition",
    tells: [/resource group "a group"/, /AZURE_RESOURCE_GROUP/],
  },
  { status: 404, code: "ResourceNotFound", failure: "FailedPrecondition", tells: [/"acc"/] },
  { status: 409, code: "ScopeLocked", failure: "FailedPrecondition", tells: [/lock/, /useAAD/] },
  { status: 409, code: "OperationInProgress", failure: "Aborted", tells: [/OperationInProgress/] },
  {
    status: 400,
    code: "NoRegisteredProviderFound",
    failure: "FailedPrecondition",
    tells: [/apiVersion/],
  },
];

for (const { status, code, message = "No.", failure, tells } of refusals) {
  test(`${status} ${code} is ${failure}, with its remedy and without a second attempt`, async () => {
    const { manager, transport } = openManager({
      status,
      headers: { "x-ms-request-id": "id-1" },
      body: { error: { code, message } },
    });
    await assert.rejects(listAccountKey(manager, account, signal), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, failure);
      const text = `${error.message} ${error.hint}`;
      assert.match(text, /^cannot list the keys of storage account "acc": /);
      for (const pattern of [...tells, /id-1/]) {
        assert.match(text, pattern);
      }
      return true;
    });
    assert.equal(transport.requests.length, 1);
  });
}

test("a disk that is not there is NotFound", async () => {
  const { manager } = openManager({
    status: 404,
    body: { error: { code: "ResourceNotFound", message: "" } },
  });
  await assert.rejects(getDisk(manager, disk, signal), { code: "NotFound" });
});

test("a throttled request waits as long as it is asked to", async () => {
  const { manager, transport, sleeps } = openManager((_request, count) =>
    count === 0
      ? { status: 429, headers: { "retry-after": "17" } }
      : { status: 200, body: { sku: { name: "Premium_LRS" } } },
  );
  await getDisk(manager, disk, signal);
  assert.deepEqual(sleeps, [17_000]);
  assert.equal(transport.requests.length, 2);
});

test("a wait beyond patience is told instead of waited for", async () => {
  const { manager, transport, sleeps } = openManager({
    status: 429,
    headers: { "retry-after": "3600" },
    body: { error: { code: "SubscriptionRequestsThrottled", message: "Too many." } },
  });
  await assert.rejects(getDisk(manager, disk, signal), {
    code: "ResourceExhausted",
    retryable: true,
    message: /3600 s/,
  });
  assert.equal(transport.requests.length, 1);
  assert.deepEqual(sleeps, []);
});

test("a Resource Manager that has no address is Unavailable and names its host", async () => {
  const { manager } = openManager({ trouble: "resolve" });
  await assert.rejects(getDisk(manager, disk, signal), {
    code: "Unavailable",
    hint: /management\.azure\.com/,
  });
});

test("a call whose signal has fired is Canceled", async () => {
  const { manager, transport } = openManager({ status: 200 });
  await assert.rejects(getDisk(manager, disk, AbortSignal.abort()), { code: "Canceled" });
  assert.equal(transport.requests.length, 0);
});
