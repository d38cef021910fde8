import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import { SDKS, type SdkClient } from "./client.ts";
import type { Order, SignIn } from "./order.ts";
import { GROUP, startWorld, SUBSCRIPTION, TENANT, type World } from "./world.ts";

const SUBSCRIPTION_ID = `/subscriptions/${SUBSCRIPTION}`;
const IN_SUBSCRIPTION = { subscriptionId: SUBSCRIPTION };
const IN_GROUP = { ...IN_SUBSCRIPTION, group: GROUP };
let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

function owner(): SignIn {
  return world.application([["Owner", SUBSCRIPTION_ID]]).signIn;
}

/** Names of storage accounts are unique in all of Azure, and lower-case. */
function newName(): string {
  return `acct${randomBytes(6).toString("hex")}`;
}

/** How each SDK gets to Resource Manager. */
const clouds = {
  "public Azure": () => ({}),
  "a cloud that it does not know": () => ({ cloud: world.cloud }),
};

for (const sdk of SDKS) {
  for (const [name, cloud] of Object.entries(clouds)) {
    test(`${sdk} makes a storage account and rotates its keys in ${name}`, async () => {
      const client = await world.client(sdk);
      // An authority that is not Microsoft's own cannot be vouched for by Microsoft's.
      const base = { ...cloud(), signIn: { ...owner(), disableInstanceDiscovery: name !== "public Azure" } };
      const account = { ...IN_GROUP, name: newName() };
      world.log.clear();
      const created = await client.ask({
        ...{ ...base, do: "accounts.create" },
        with: { ...account, location: "westeurope" },
      });
      const asked = world.log.entries().map(({ operation, status }) => `${operation} ${status}`);
      assert.ok(asked.includes("storageAccounts/create 202"), asked.join());
      assert.ok(asked.includes("operations/result 200"), asked.join());
      const { state, location, blob, allowSharedKeyAccess } = created;
      assert.deepEqual([state, location, allowSharedKeyAccess], ["Succeeded", "westeurope", true]);
      assert.match(blob, new RegExp(`^https://\\S*${account.name}\\S*/$`));
      assert.deepEqual(await client.ask({ ...base, do: "accounts.get", with: account }), created);

      const { keys } = await client.ask({ ...base, do: "accounts.keys", with: account });
      assert.deepEqual(
        keys.map((key) => [key.name, key.permissions.toLowerCase()]),
        [
          ["key1", "full"],
          ["key2", "full"],
        ],
      );
      const rotated = await client.ask({
        ...{ ...base, do: "accounts.regenerate" },
        with: { ...account, keyName: "key1" },
      });
      assert.notEqual(rotated.keys[0]?.value, keys[0]?.value);
      assert.equal(rotated.keys[1]?.value, keys[1]?.value);
      await usesKey(client, account.name, keys[0]?.value ?? "", rotated.keys[0]?.value ?? "");

      const disabled = { ...account, allowSharedKeyAccess: false };
      const updated = await client.ask({ ...base, do: "accounts.update", with: disabled });
      assert.equal(updated.allowSharedKeyAccess, false);
      await client.ask({ ...base, do: "accounts.delete", with: account });
      const { status, code } = await client.refused({ ...base, do: "accounts.get", with: account });
      assert.deepEqual([status, code], [404, "ResourceNotFound"]);
    });

    test(`${sdk} lists subscriptions, and makes and deletes a resource group in ${name}`, async () => {
      const client = await world.client(sdk);
      const base = { ...cloud(), signIn: { ...owner(), disableInstanceDiscovery: name !== "public Azure" } };
      assert.deepEqual((await client.ask({ ...base, do: "subscriptions.list" })).names, [SUBSCRIPTION]);
      const group = { ...IN_SUBSCRIPTION, group: `group-${randomUUID()}` };
      const located = { ...group, location: "westeurope" };
      const { id } = await client.ask({ ...base, do: "groups.create", with: located });
      assert.equal(id, `${SUBSCRIPTION_ID}/resourceGroups/${group.group}`);
      assert.equal((await client.ask({ ...base, do: "groups.get", with: group })).state, "Succeeded");
      const { names } = await client.ask({ ...base, do: "groups.list", with: IN_SUBSCRIPTION });
      assert.ok(names.includes(GROUP) && names.includes(group.group), names.join());
      await client.ask({ ...base, do: "groups.delete", with: group });
      const { status, code } = await client.refused({ ...base, do: "groups.get", with: group });
      assert.deepEqual([status, code], [404, "ResourceGroupNotFound"]);
    });
  }

  test(`${sdk} assigns a role that is found by its name, and withdraws it`, async () => {
    const client = await world.client(sdk);
    const signIn = owner();
    const account = world.inventory.addStorageAccount({
      ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: newName() },
    });
    await world.containers.create(account.name, "velero");
    const assignee = world.application();
    const blob = {
      ...{ endpoint: `https://${account.name}.blob.core.windows.net`, container: "velero", name: "b" },
    };
    const put = { do: "blob.put", signIn: assignee.signIn, with: { ...blob, text: "x" } } as const;
    assert.equal((await client.refused(put)).code, "AuthorizationPermissionMismatch");

    const scope = { ...IN_SUBSCRIPTION, scope: account.id };
    const filter = "roleName eq 'Storage Blob Data Contributor'";
    const { roles } = await client.ask({ do: "roleDefinitions.list", signIn, with: { ...scope, filter } });
    const [role] = roles;
    assert.ok(role !== undefined && roles.length === 1);
    const assignment = { ...scope, name: randomUUID() };
    const wanted = { ...assignment, role: role.id, principalId: assignee.objectId };
    const created = await client.ask({ do: "roleAssignments.create", signIn, with: wanted });
    assert.equal(created.principalId, assignee.objectId);
    await client.ask(put);
    const again = { ...wanted, name: randomUUID() };
    const refusal = await client.refused({ do: "roleAssignments.create", signIn, with: again });
    assert.deepEqual([refusal.status, refusal.code], [409, "RoleAssignmentExists"]);
    const ofAssignee = { ...scope, filter: `principalId eq '${assignee.objectId}'` };
    const { names } = await client.ask({ do: "roleAssignments.list", signIn, with: ofAssignee });
    assert.deepEqual(names, [assignment.name]);

    await client.ask({ do: "roleAssignments.delete", signIn, with: assignment });
    assert.equal((await client.refused(put)).code, "AuthorizationPermissionMismatch");
  });

  test(`${sdk} makes an identity that a cluster's token signs in as, until the trust is withdrawn`, async () => {
    const client = await world.client(sdk);
    const signIn = owner();
    const named = { ...IN_GROUP, name: `identity-${randomUUID()}` };
    const identity = await client.ask({
      ...{ do: "identities.create", signIn },
      with: { ...named, location: "westeurope" },
    });
    assert.equal(identity.tenantId, TENANT);
    assert.deepEqual(await client.ask({ do: "identities.get", signIn, with: named }), identity);
    const subject = "system:serviceaccount:velero:velero";
    const federation = { ...named, federation: "velero" };
    await client.ask({
      ...{ do: "federations.create", signIn },
      with: {
        ...{ ...federation, subject, issuer: world.issuer.issuer, audience: "api://AzureADTokenExchange" },
      },
    });
    assert.deepEqual((await client.ask({ do: "federations.list", signIn, with: named })).names, ["velero"]);

    const asIdentity: Order<"token"> = {
      do: "token",
      signIn: {
        ...{ method: "workload-identity", tenantId: TENANT, clientId: identity.clientId },
        tokenFilePath: await world.file(randomUUID(), await world.issuer.token({ subject })),
      },
      with: { scope: "https://storage.azure.com/.default" },
    };
    assert.equal(decodeJwt((await client.ask(asIdentity)).token)["oid"], identity.principalId);
    await client.ask({ do: "federations.delete", signIn, with: federation });
    assert.equal((await client.refused(asIdentity)).code, "AADSTS70025");
    await client.ask({ do: "identities.delete", signIn, with: named });
    assert.equal((await client.refused({ do: "identities.get", signIn, with: named })).status, 404);
  });
}

/** The blob service takes the new key at once, and the former no more. */
async function usesKey(client: SdkClient, account: string, former: string, current: string): Promise<void> {
  await world.containers.create(account, "velero");
  const endpoint = `https://${account}.blob.core.windows.net`;
  const blob = { endpoint, account, container: "velero", name: "blob", text: "x" };
  await client.ask({ do: "blob.put", with: { ...blob, accountKey: current } });
  const refusal = await client.refused({ do: "blob.put", with: { ...blob, accountKey: former } });
  assert.deepEqual([refusal.status, refusal.code], [403, "AuthenticationFailed"]);
}
