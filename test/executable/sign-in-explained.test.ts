import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SignInExplanation } from "../../src/credentials/method.ts";
import { ACCOUNT, startAzureWorld, type AzureWorld, type Location } from "./azure-world.ts";
import { initVolumes } from "./sign-in-calls.ts";
import { customByFile, publicCloud, usGovernment } from "./sign-in-clouds.ts";
import { accountMethods, identityMethods, LIST_KEYS, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

const METHODS = [
  ...["SAS token", "account key"],
  ...["client secret", "client certificate", "workload identity", "managed identity"],
];

/** The one object that the plugin's log has of the choice. */
async function explanation({ plugin }: Location): Promise<SignInExplanation> {
  const lines = (await plugin.stderr()).split("\n").filter((line) => line.startsWith("{"));
  const told = lines.map((line) => JSON.parse(line)).filter((line) => "signIn" in line);
  assert.equal(told.length, 1);
  assert.equal(told[0]["@level"], "debug");
  return told[0]["signIn"];
}

/** Each method once, and why it was not taken, in their order. */
function assertComplete({ method, passedOver }: SignInExplanation): void {
  assert.deepEqual(
    passedOver.map((other) => other.method),
    METHODS.filter((known) => known !== method),
  );
  for (const { why } of passedOver) assert.ok(why.length > 10, why);
}

for (const { name, part } of [...accountMethods, ...identityMethods]) {
  test(`${name}: the log says which method, from where each value, and why no other`, async () => {
    const own = await part(world);
    const use = name.includes("SAS") ? LIST_KEYS : USE_AAD;
    const location = await world.location(await usGovernment.part(world), own, use, {
      values: { ...own.values, AZURE_CLOUD_NAME: "AzureUSGovernment" },
    });
    await location.plugin.init(location.config);
    const told = await explanation(location);
    assertComplete(told);
    assert.equal(told.account, ACCOUNT);
    assert.equal(told.cloud.value, "AzureUSGovernment");
    assert.ok(told.cloud.from.includes(location.credentialsFile));
    const text = JSON.stringify(told);
    for (const key of Object.keys(own.values ?? {})) {
      const told = text.includes(key);
      assert.ok(told, `${key} is not told`);
    }
    for (const [key, value] of Object.entries(own.values ?? {})) {
      if (/SECRET|PASSWORD|KEY|SAS|CERTIFICATE$/.test(key)) assert.ok(!text.includes(value), key);
    }
  });
}

test("a volume snapshot location's log says the same, of a custom cloud what is known yet", async () => {
  const [secret] = identityMethods;
  assert.ok(secret !== undefined);
  const location = await world.volumes(await customByFile.part(world, "volumes"), await secret.part(world));
  await initVolumes(location);
  const told = await explanation(location);
  assertComplete(told);
  assert.equal(told.account, undefined);
  assert.match(told.authority?.from ?? "", /cloud\.json/);
});

test("whether the identity uses blobs or lists keys is told, and what its token is for", async () => {
  const [secret] = identityMethods;
  assert.ok(secret !== undefined);
  for (const [use, throughListKeys, audience] of [
    [USE_AAD, false, "https://storage.azure.com"],
    [LIST_KEYS, true, "https://management.azure.com"],
  ] as const) {
    const location = await world.location(await publicCloud.part(world), await secret.part(world), use);
    await location.plugin.init(location.config);
    const told = await explanation(location);
    assert.equal(told.throughListKeys, throughListKeys);
    assert.deepEqual(
      [told.authority?.value, told.audience?.value],
      ["https://login.microsoftonline.com", audience],
    );
  }
});
