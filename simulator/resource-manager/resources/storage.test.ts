import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ACCOUNT,
  GROUP,
  STORAGE,
  STRANGER,
  SUBSCRIPTION,
  grant,
  simulatedWorld,
} from "../resource-manager.fixture.ts";

const FRESH = `${GROUP}/providers/Microsoft.Storage/storageAccounts/fresh1`;
const CREATION = {
  location: "West Europe",
  sku: { name: "Standard_GRS" },
  kind: "BlobStorage",
  tags: { a: "b" },
};

test("a storage account is made in time, by the clock, and then has keys", async () => {
  const { call, clock } = await simulatedWorld({ pace: { milliseconds: 5000, retryAfterSeconds: 17 } });
  const created = await call("PUT", `${FRESH}?${STORAGE}`, { body: CREATION });
  assert.equal(created.status, 202);
  assert.equal(created.headers["retry-after"], "17");
  const poll = (created.headers["location"] ?? "").replace("https://management.test", "");
  assert.equal((await call("GET", poll)).status, 202);
  const early = await call("POST", `${FRESH}/listKeys?${STORAGE}`);
  assert.deepEqual([early.status, early.code], [409, "StorageAccountIsNotProvisioned"]);
  const status = () => call("GET", poll.replace("asyncoperations", "operations"));
  assert.equal((await status()).body["status"], "InProgress");
  clock.advance(5000);
  const account = await call("GET", poll);
  assert.equal(account.status, 200);
  assert.equal(account.body["kind"], "BlobStorage");
  assert.equal(account.body["location"], "westeurope");
  assert.deepEqual(account.body["sku"], { name: "Standard_GRS", tier: "Standard" });
  assert.deepEqual(account.body["tags"], { a: "b" });
  const properties = account.body["properties"] as Record<string, Record<string, string>>;
  assert.equal(properties["primaryEndpoints"]?.["blob"], "https://fresh1.blob.core.test/");
  assert.equal((await status()).body["status"], "Succeeded");
  assert.equal((await call("PUT", `${FRESH}?${STORAGE}`, { body: CREATION })).status, 200);
});

test("keys are listed by those who may, with kerb or without, and although they are not allowed", async () => {
  const { call, inventory } = await simulatedWorld();
  grant(inventory, STRANGER, "Storage Account Key Operator Service Role", ACCOUNT);
  const body = { properties: { allowSharedKeyAccess: false } };
  assert.equal((await call("PATCH", `${ACCOUNT}?${STORAGE}`, { body })).status, 200);
  for (const expand of ["", "&$expand=kerb", "&%24expand=kerb"]) {
    const answer = await call("POST", `${ACCOUNT}/listKeys?${STORAGE}${expand}`, { as: STRANGER });
    const keys = answer.body["keys"] as Record<string, string>[];
    assert.deepEqual(
      keys.map(({ keyName, permissions }) => [keyName, permissions]),
      [
        ["key1", "FULL"],
        ["key2", "FULL"],
      ],
    );
  }
  assert.equal(inventory.storageAccount("velero1")?.allowSharedKeyAccess, false);
});

test("a key that is regenerated is another, and its sibling is not", async () => {
  const { call, inventory } = await simulatedWorld();
  const [first, second] = inventory.storageAccount("velero1")?.keys ?? [];
  const answer = await call("POST", `${ACCOUNT}/regenerateKey?${STORAGE}`, { body: { keyName: "key1" } });
  assert.equal(answer.status, 200);
  const [newFirst, newSecond] = inventory.storageAccount("velero1")?.keys ?? [];
  assert.notEqual(newFirst, first);
  assert.equal(newSecond, second);
  const unknown = await call("POST", `${ACCOUNT}/regenerateKey?${STORAGE}`, { body: { keyName: "key9" } });
  assert.deepEqual([unknown.status, unknown.code], [400, "InvalidValuesForRequestParameters"]);
});

test("an account's firewall is what was sent, and no rule opens one that is private", async () => {
  const { call, inventory } = await simulatedWorld();
  const networkAcls = { defaultAction: "Deny", ipRules: [{ value: "10.0.0.0/8", action: "Allow" }] };
  await call("PATCH", `${ACCOUNT}?${STORAGE}`, { body: { properties: { networkAcls } } });
  const network = () => inventory.storageAccount("velero1")?.network;
  assert.deepEqual(network(), { defaultAction: "Deny", ipRules: ["10.0.0.0/8"] });
  await call("PATCH", `${ACCOUNT}?${STORAGE}`, { body: { properties: { publicNetworkAccess: "Disabled" } } });
  assert.deepEqual(network(), { defaultAction: "Deny", ipRules: [] });
});

test("a name that is taken, elsewhere, or bad is refused", async () => {
  const { call, inventory } = await simulatedWorld();
  const other = "44444444-4444-4444-8444-444444444444";
  inventory.addSubscription({ subscriptionId: other, tenantId: "33333333-3333-4333-8333-333333333333" });
  inventory.addResourceGroup({ subscriptionId: other, name: "theirs" });
  inventory.addStorageAccount({ subscriptionId: other, resourceGroup: "theirs", name: "theirs1" });
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "second" });
  const put = async (path: string, body: unknown = CREATION) => {
    const { status, code } = await call("PUT", `${path}?${STORAGE}`, { body });
    return [status, code];
  };
  const accounts = `${GROUP}/providers/Microsoft.Storage/storageAccounts`;
  assert.deepEqual(await put(`${accounts}/theirs1`), [409, "StorageAccountAlreadyTaken"]);
  assert.deepEqual(await put(`${accounts}/Bad-Name`), [400, "AccountNameInvalid"]);
  assert.deepEqual(await put(ACCOUNT.replace("backups", "second")), [
    409,
    "StorageAccountInAnotherResourceGroup",
  ]);
  assert.deepEqual(await put(ACCOUNT, { ...CREATION, location: "eastus" }), [409, "InvalidResourceLocation"]);
  assert.deepEqual(await put(ACCOUNT, { sku: CREATION.sku }), [400, "LocationRequired"]);
  assert.deepEqual(await put(ACCOUNT, { location: "eastus" }), [400, "InvalidValuesForRequestParameters"]);
});

test("whether a name is free is told with the reason why not", async () => {
  const { call } = await simulatedWorld();
  const ask = async (name: string) => {
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability`;
    const body = { name, type: "Microsoft.Storage/storageAccounts" };
    const answer = await call("POST", `${path}?${STORAGE}`, { body });
    return [answer.body["nameAvailable"], answer.body["reason"]];
  };
  assert.deepEqual(await ask("free1"), [true, undefined]);
  assert.deepEqual(await ask("velero1"), [false, "AlreadyExists"]);
  assert.deepEqual(await ask("no"), [false, "AccountNameInvalid"]);
});

test("accounts are listed of a group and of the subscription, and deleted once", async () => {
  const { call } = await simulatedWorld();
  const names = async (parent: string) => {
    const answer = await call("GET", `${parent}/providers/Microsoft.Storage/storageAccounts?${STORAGE}`);
    return (answer.body["value"] as { name: string }[]).map(({ name }) => name);
  };
  assert.deepEqual(await names(GROUP), ["velero1"]);
  assert.deepEqual(await names(`/subscriptions/${SUBSCRIPTION}`), ["velero1"]);
  assert.equal((await call("DELETE", `${ACCOUNT}?${STORAGE}`)).status, 200);
  assert.equal((await call("DELETE", `${ACCOUNT}?${STORAGE}`)).status, 204);
  assert.deepEqual(await names(GROUP), []);
});

test("containers come and go", async () => {
  const { call } = await simulatedWorld();
  const containers = `${ACCOUNT}/blobServices/default/containers`;
  const put = (name: string) => call("PUT", `${containers}/${name}?${STORAGE}`, { body: {} });
  const missing = await call("GET", `${containers}/velero?${STORAGE}`);
  assert.deepEqual([missing.status, missing.code], [404, "ContainerNotFound"]);
  assert.deepEqual([(await put("velero")).status, (await put("velero")).status], [201, 200]);
  assert.equal((await put("Velero")).code, "InvalidResourceName");
  assert.equal((await call("GET", `${containers}/velero?${STORAGE}`)).body["name"], "velero");
  const list = await call("GET", `${containers}?${STORAGE}`);
  assert.equal((list.body["value"] as unknown[]).length, 1);
  const remove = () => call("DELETE", `${containers}/velero?${STORAGE}`);
  assert.deepEqual([(await remove()).status, (await remove()).status], [200, 204]);
});
