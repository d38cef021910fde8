import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import { useVolumes } from "./sign-in-calls.ts";
import { china, customByDiscovery, customByFile, publicCloud, usGovernment } from "./sign-in-clouds.ts";
import { clientSecret, identityMethods, systemIdentity, workloadIdentity } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

const cases = [
  ...[publicCloud, customByFile].flatMap((cloud) => identityMethods.map((method) => ({ cloud, method }))),
  ...[usGovernment, china, customByDiscovery].flatMap((cloud) =>
    [clientSecret, workloadIdentity, systemIdentity].map((method) => ({ cloud, method })),
  ),
];

for (const { cloud, method } of cases) {
  test(`${method.name}, ${cloud.name}: looks a disk up with one token`, async () => {
    const { asks = [] } = cloud;
    const location = await world.volumes(await cloud.part(world, "volumes"), await method.part(world));
    await useVolumes(world, location);
    assert.deepEqual(world.asked(), [...asks, ...method.asks, "resource-manager disks/get"]);
  });
}
