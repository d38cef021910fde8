import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import { useObjectStore } from "./sign-in-calls.ts";
import { customByFile, publicCloud } from "./sign-in-clouds.ts";
import { accountMethods, identityMethods, LIST_KEYS, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

/** Requests that are none to the blob service. */
function signIns(): string[] {
  return world.asked().filter((request) => !request.startsWith("blob"));
}

for (const cloud of [publicCloud, customByFile]) {
  for (const { name, part } of accountMethods) {
    test(`${name}, ${cloud.name}: stores, reads, lists, signs and deletes, and asks nobody else`, async () => {
      const location = await world.location(await cloud.part(world), await part(world));
      await useObjectStore(world, location);
      assert.deepEqual(signIns(), []);
    });
  }

  for (const { name, part, asks } of identityMethods) {
    test(`${name}, ${cloud.name}: uses blobs with one token and without Resource Manager`, async () => {
      const location = await world.location(await cloud.part(world), await part(world), USE_AAD);
      await useObjectStore(world, location);
      assert.deepEqual(signIns(), asks);
    });

    test(`${name}, ${cloud.name}: uses the account's key, which it lists once`, async () => {
      const location = await world.location(await cloud.part(world), await part(world), LIST_KEYS);
      await useObjectStore(world, location);
      assert.deepEqual(signIns(), [...asks, "resource-manager storageAccounts/listKeys"]);
    });
  }
}
