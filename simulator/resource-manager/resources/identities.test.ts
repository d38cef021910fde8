import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUP, SUBSCRIPTION, TENANT, simulatedWorld } from "../resource-manager.fixture.ts";

const VERSION = "api-version=2023-01-31";
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/velero`;
const CREDENTIALS = `${IDENTITY}/federatedIdentityCredentials`;
const TRUST = {
  issuer: "https://issuer.test/",
  subject: "system:serviceaccount:velero:velero",
  audiences: ["api://AzureADTokenExchange"],
};

async function worldWithIdentity() {
  const world = await simulatedWorld();
  const created = await world.call("PUT", `${IDENTITY}?${VERSION}`, { body: { location: "westeurope" } });
  const trust = (name: string, properties: unknown = TRUST) =>
    world.call("PUT", `${CREDENTIALS}/${name}?${VERSION}`, { body: { properties } });
  return { ...world, created, trust };
}

test("an identity is made with IDs of its own, which Entra finds, and keeps them", async () => {
  const { call, created, inventory } = await worldWithIdentity();
  assert.equal(created.status, 201);
  const properties = created.body["properties"] as Record<string, string>;
  assert.equal(properties["tenantId"], TENANT);
  assert.match(String(created.body["id"]), /\/resourcegroups\//);
  const principal = inventory.find(TENANT, properties["clientId"]?.toUpperCase() ?? "");
  assert.equal(principal?.objectId, properties["principalId"]);
  assert.equal(principal?.kind, "user-assigned identity");
  assert.equal(inventory.find(SUBSCRIPTION, properties["clientId"] ?? ""), undefined);
  const again = await call("PUT", `${IDENTITY}?${VERSION}`, { body: { location: "westeurope" } });
  assert.equal(again.status, 200);
  assert.deepEqual(again.body["properties"], properties);
  for (const parent of [GROUP, `/subscriptions/${SUBSCRIPTION}`]) {
    const list = await call(
      "GET",
      `${parent}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?${VERSION}`,
    );
    assert.equal((list.body["value"] as unknown[]).length, 1);
  }
});

test("what an identity trusts is told to Entra exactly, and goes with the identity", async () => {
  const { call, inventory, trust } = await worldWithIdentity();
  assert.deepEqual([(await trust("kube")).status, (await trust("kube")).status], [201, 200]);
  const [principal] = inventory.principals();
  assert.ok(principal);
  const [credential] = inventory.federatedCredentials(principal);
  assert.deepEqual(
    [credential?.issuer, credential?.subject, credential?.audiences],
    [TRUST.issuer, TRUST.subject, TRUST.audiences],
  );
  assert.equal((await call("GET", `${CREDENTIALS}/KUBE?${VERSION}`)).status, 200);
  assert.equal((await call("DELETE", `${IDENTITY}?${VERSION}`)).status, 200);
  assert.equal((await call("DELETE", `${IDENTITY}?${VERSION}`)).status, 204);
  assert.deepEqual(inventory.federatedCredentials(principal), []);
  assert.equal((await trust("kube")).code, "ResourceNotFound");
});

const BAD: readonly [string, string, unknown][] = [
  ["a name too short", "ab", TRUST],
  ["a name that begins with a dash", "-abc", TRUST],
  ["no subject", "kube", { ...TRUST, subject: "" }],
  ["two audiences", "kube", { ...TRUST, audiences: ["a", "b"] }],
];

for (const [name, credential, properties] of BAD) {
  test(`a federated credential with ${name} is refused`, async () => {
    const { trust } = await worldWithIdentity();
    const answer = await trust(credential, properties);
    assert.deepEqual([answer.status, answer.code], [400, "BadRequest"]);
  });
}

test("an identity trusts an issuer and subject once, and twenty at the most", async () => {
  const { call, trust } = await worldWithIdentity();
  await trust("kube-0");
  const twice = await trust("other");
  assert.deepEqual([twice.status, twice.code], [409, "Conflict"]);
  for (let index = 1; index < 20; index++) {
    const { status } = await trust(`kube-${index}`, { ...TRUST, subject: `s${index}` });
    assert.equal(status, 201);
  }
  assert.equal((await trust("one-more", { ...TRUST, subject: "more" })).status, 400);
  assert.equal((await trust("kube-1", { ...TRUST, subject: "changed" })).status, 200);
  const list = await call("GET", `${CREDENTIALS}?${VERSION}`);
  assert.equal((list.body["value"] as unknown[]).length, 20);
  const remove = () => call("DELETE", `${CREDENTIALS}/kube-1?${VERSION}`);
  assert.deepEqual([(await remove()).status, (await remove()).status], [200, 204]);
  assert.equal((await call("GET", `${CREDENTIALS}/kube-1?${VERSION}`)).status, 404);
});

test("a system-assigned identity is found by its client ID", async () => {
  const { inventory } = await simulatedWorld();
  const resourceId = `${GROUP}/providers/Microsoft.Compute/virtualMachines/node1`;
  const principal = inventory.addSystemAssignedIdentity({ resourceId, tenantId: TENANT });
  assert.deepEqual(inventory.find(TENANT, principal.clientId), principal);
  assert.equal(principal.kind, "system-assigned identity");
});
