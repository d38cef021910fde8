import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { SDKS } from "./client.ts";
import type { Order, SignIn } from "./order.ts";
import {
  ACCOUNT,
  ACCOUNT_ID,
  GROUP,
  OTHER_TENANT,
  startWorld,
  SUBSCRIPTION,
  type Roles,
  type World,
} from "./world.ts";

const SUBSCRIPTION_ID = `/subscriptions/${SUBSCRIPTION}`;
const STORAGE = { subscriptionId: SUBSCRIPTION, group: GROUP, name: ACCOUNT };
let world: World;

before(async () => {
  world = await startWorld();
});
afterEach(() => world.faults.clear());
after(() => world[Symbol.asyncDispose]());

function withRoles(...roles: Roles): SignIn {
  return world.application(roles).signIn;
}

const owner = (): SignIn => withRoles(["Owner", SUBSCRIPTION_ID]);

const refusals: readonly { name: string; order: () => Order; status: number; code: string }[] = [
  {
    name: "listing keys without a role",
    order: () => ({ do: "accounts.keys", signIn: withRoles(), with: STORAGE }),
    ...{ status: 403, code: "AuthorizationFailed" },
  },
  {
    name: "listing keys with a role that may only read",
    order: () => ({ do: "accounts.keys", signIn: withRoles(["Reader", SUBSCRIPTION_ID]), with: STORAGE }),
    ...{ status: 403, code: "AuthorizationFailed" },
  },
  {
    name: "reading an account with a role for its blobs alone",
    order: () => ({
      ...{ do: "accounts.get", with: STORAGE },
      signIn: withRoles(["Storage Blob Data Reader", `${ACCOUNT_ID}/blobServices/default/containers/c`]),
    }),
    ...{ status: 403, code: "AuthorizationFailed" },
  },
  {
    name: "assigning roles with a role that may not",
    order: () => ({
      do: "roleAssignments.create",
      signIn: withRoles(["Contributor", SUBSCRIPTION_ID]),
      with: {
        ...{ subscriptionId: SUBSCRIPTION, scope: ACCOUNT_ID, name: randomUUID() },
        role: `${SUBSCRIPTION_ID}/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`,
        principalId: randomUUID(),
      },
    }),
    ...{ status: 403, code: "AuthorizationFailed" },
  },
  {
    name: "an account that does not exist",
    order: () => ({ do: "accounts.get", signIn: owner(), with: { ...STORAGE, name: "nosuchaccount" } }),
    ...{ status: 404, code: "ResourceNotFound" },
  },
  {
    name: "a resource group that does not exist",
    order: () => ({ do: "accounts.keys", signIn: owner(), with: { ...STORAGE, group: "nosuchgroup" } }),
    ...{ status: 404, code: "ResourceGroupNotFound" },
  },
  {
    name: "a subscription that does not exist",
    order: () => ({
      ...{ do: "accounts.get", signIn: owner() },
      with: { ...STORAGE, subscriptionId: randomUUID() },
    }),
    ...{ status: 404, code: "SubscriptionNotFound" },
  },
  {
    name: "another tenant's token",
    order: () => {
      const application = world.directory.addApplication({ tenantId: OTHER_TENANT });
      const { value } = world.directory.addSecret(application);
      const { tenantId, clientId } = application;
      const signIn = { method: "client-secret", tenantId, clientId, clientSecret: value } as const;
      return { do: "accounts.get", signIn, with: STORAGE };
    },
    ...{ status: 401, code: "InvalidAuthenticationTokenTenant" },
  },
  {
    name: "a token for another service",
    order: () => ({
      ...{ do: "accounts.get", signIn: { ...owner(), disableInstanceDiscovery: true }, with: STORAGE },
      cloud: { ...world.cloud, resourceManagerAudience: "https://storage.azure.com" },
    }),
    ...{ status: 401, code: "InvalidAuthenticationTokenAudience" },
  },
  {
    name: "a token that is expired",
    order: () => {
      const effect = { kind: "expire-token" } as const;
      world.faults.add({ service: "resource-manager", operation: "storageAccounts/get", effect });
      return { do: "accounts.get", signIn: owner(), with: STORAGE };
    },
    ...{ status: 401, code: "ExpiredAuthenticationToken" },
  },
  {
    name: "an account's name that somebody else has",
    order: () => {
      world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "others" });
      const taken = { ...STORAGE, group: "others", location: "westeurope" };
      return { do: "accounts.create", signIn: owner(), with: taken };
    },
    ...{ status: 409, code: "StorageAccountInAnotherResourceGroup" },
  },
  {
    name: "too many requests, when it may not try again",
    order: () => {
      const effect = { kind: "throttle", retryAfterSeconds: 30 } as const;
      world.faults.add({ service: "resource-manager", operation: "storageAccounts/listKeys", effect });
      return { do: "accounts.keys", signIn: owner(), with: STORAGE, retries: { max: 0 } };
    },
    ...{ status: 429, code: "TooManyRequests" },
  },
];

for (const sdk of SDKS) {
  for (const { name, order, status, code } of refusals) {
    test(`${sdk} is refused for ${name}`, async () => {
      const refusal = await (await world.client(sdk)).refused(order());
      const { kind, message } = refusal;
      assert.deepEqual([kind, refusal.status, refusal.code], ["service", status, code], message);
      world.faults.assertSpent();
    });
  }

  test(`${sdk} waits as long as Resource Manager says when it is throttled, and goes on then`, async () => {
    const client = await world.client(sdk);
    const effect = { kind: "throttle", retryAfterSeconds: 1 } as const;
    world.faults.add({ service: "resource-manager", operation: "storageAccounts/listKeys", effect });
    world.log.clear();
    await client.ask({ do: "accounts.keys", signIn: owner(), with: STORAGE });
    world.faults.assertSpent();
    const answered = world.log.entries().filter(({ operation }) => operation === "storageAccounts/listKeys");
    const [first, second] = answered;
    assert.deepEqual([first?.status, second?.status, answered.length], [429, 200, 2]);
    assert.ok((second?.time ?? 0) - (first?.time ?? 0) >= 1000);
  });

  test(`${sdk} is refused by public Azure's discovery for an authority that is not Microsoft's`, async () => {
    const client = await world.client(sdk);
    const cloud = world.cloud;
    const { kind } = await client.refused({ do: "accounts.get", signIn: owner(), cloud, with: STORAGE });
    assert.notEqual(kind, "service");
  });
}
