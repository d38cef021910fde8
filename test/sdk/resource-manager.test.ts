import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import type { AccountKey } from "../../simulator/resource-manager/state.ts";
import { SDKS } from "./client.ts";
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

function newAccount(): { name: string; id: string; keys: readonly AccountKey[] } {
  return world.inventory.addStorageAccount({
    ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: newName() },
  });
}

/** An owner, and the cloud that it is one in. */
const identities: Record<string, () => Pick<Order, "signIn" | "cloud">> = {
  "public Azure": () => ({ signIn: owner() }),
  // An authority that is not Microsoft's own cannot be vouched for by Microsoft's.
  "a cloud that nobody knows": () => ({
    signIn: { ...owner(), disableInstanceDiscovery: true },
    cloud: world.cloud,
  }),
};

for (const sdk of SDKS) {
  for (const [name, identity] of Object.entries(identities)) {
    test(`${sdk} makes a storage account, uses it and deletes it in ${name}`, async () => {
      const client = await world.client(sdk);
      const base = identity();
      const account = { ...IN_GROUP, name: newName() };
      world.log.clear();
      const created = await client.ask({
        ...{ ...base, do: "accounts.create" },
        with: { ...account, location: "westeurope" },
      });
      const asked = world.log.entries().map(({ operation, status }) => `${operation} ${status}`);
      assert.ok(asked.includes("storageAccounts/create 202"), asked.join());
      assert.ok(asked.includes("operations/result 200"), asked.join());
      const { state, location, allowSharedKeyAccess } = created;
      assert.deepEqual([state, location, allowSharedKeyAccess], ["Succeeded", "westeurope", true]);
      assert.deepEqual(await client.ask({ ...base, do: "accounts.get", with: account }), created);
      const { keys } = await client.ask({ ...base, do: "accounts.keys", with: account });
      assert.deepEqual(
        keys.map((key) => [key.name, key.permissions.toLowerCase()]),
        [
          ["key1", "full"],
          ["key2", "full"],
        ],
      );
      const endpoint = created.blob.replace(/\/$/, "");
      const blob = { ...(await newBlob(account.name)), endpoint, accountKey: keys[1]?.value ?? "" };
      await client.ask({ do: "blob.put", with: blob });
      await client.ask({ ...base, do: "accounts.delete", with: account });
      const { status, code } = await client.refused({ ...base, do: "accounts.get", with: account });
      assert.deepEqual([status, code], [404, "ResourceNotFound"]);
    });

    test(`${sdk} rotates an account's key, and disables keys, in ${name}`, async () => {
      const client = await world.client(sdk);
      const base = identity();
      const account = { ...IN_GROUP, name: newAccount().name };
      const put = async (key: { value: string } | undefined): Promise<Order<"blob.put">> => ({
        do: "blob.put",
        with: { ...(await newBlob(account.name)), accountKey: key?.value ?? "" },
      });
      const former = (await client.ask({ ...base, do: "accounts.keys", with: account })).keys;
      const rotation = { ...account, keyName: "key1" };
      const { keys } = await client.ask({ ...base, do: "accounts.regenerate", with: rotation });
      assert.equal(keys[1]?.value, former[1]?.value);
      await client.ask(await put(keys[0]));
      assert.equal((await client.refused(await put(former[0]))).code, "AuthenticationFailed");

      const disabled = { ...account, allowSharedKeyAccess: false };
      const updated = await client.ask({ ...base, do: "accounts.update", with: disabled });
      assert.equal(updated.allowSharedKeyAccess, false);
      assert.equal((await client.refused(await put(keys[0]))).code, "KeyBasedAuthenticationNotPermitted");
    });

    test(`${sdk} lists subscriptions, and makes and deletes a resource group in ${name}`, async () => {
      const client = await world.client(sdk);
      const base = identity();
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
    const account = newAccount();
    const assignee = world.application();
    const put: Order<"blob.put"> = {
      do: "blob.put",
      signIn: assignee.signIn,
      with: await newBlob(account.name),
    };
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

  test(`${sdk} closes an account's firewall, and opens it again`, async () => {
    const client = await world.client(sdk);
    const signIn = owner();
    const { name, keys } = newAccount();
    const put = {
      do: "blob.put",
      with: { ...(await newBlob(name)), accountKey: keys[0]?.value ?? "" },
    } as const;
    const account = { ...IN_GROUP, name };
    await client.ask({ do: "accounts.update", signIn, with: { ...account, defaultAction: "Deny" } });
    const { status, code } = await client.refused(put);
    assert.deepEqual([status, code], [403, "AuthorizationFailure"]);
    await client.ask({ do: "accounts.update", signIn, with: { ...account, defaultAction: "Allow" } });
    await client.ask(put);
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

/** Of a new container. */
async function newBlob(account: string) {
  await world.containers.create(account, "velero");
  const endpoint = `https://${account}.blob.core.windows.net`;
  return { endpoint, account, container: "velero", name: "blob", text: "x" };
}
