import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ACCOUNT, OTHER_TENANT, startAzureWorld, TENANT, type AzureWorld, type Part } from "./azure-world.ts";
import { initVolumes, put, refusedWith, useObjectStore, useVolumes, volumeInfo } from "./sign-in-calls.ts";
import {
  china,
  cloudDocument,
  customByDiscovery,
  customByEnvironment,
  customByFile,
  publicCloud,
  usGovernment,
} from "./sign-in-clouds.ts";
import {
  accountMethods,
  application,
  clientSecret,
  LIST_KEYS,
  systemIdentity,
  USE_AAD,
  workloadIdentity,
} from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

function signIns(): string[] {
  return world.asked().filter((request) => !request.startsWith("blob"));
}

/** In another order where two things are asked for side by side. */
function assertAsked(...expected: readonly string[]): void {
  assert.deepEqual(signIns().toSorted(), expected.toSorted());
}

for (const cloud of [usGovernment, china, customByEnvironment, customByDiscovery]) {
  const { asks = [] } = cloud;
  for (const method of [clientSecret, workloadIdentity, systemIdentity]) {
    test(`${cloud.name}, ${method.name}: uses blobs, and lists the account's key`, async () => {
      const parts = [await cloud.part(world), await method.part(world)];
      await useObjectStore(world, await world.location(...parts, USE_AAD));
      assertAsked(...asks, ...method.asks);
      world.forget();
      await useObjectStore(world, await world.location(...parts, LIST_KEYS));
      assertAsked(...asks, ...method.asks, "resource-manager storageAccounts/listKeys");
    });
  }

  test(`${cloud.name}, account methods: use blobs`, async () => {
    for (const { part } of accountMethods) {
      world.forget();
      await useObjectStore(world, await world.location(await cloud.part(world), await part(world)));
      assertAsked();
    }
  });
}

test("useAAD with an endpoint that can be derived needs two requests for the first object", async () => {
  const location = await world.location(
    await publicCloud.part(world),
    await clientSecret.part(world),
    USE_AAD,
  );
  await location.plugin.init(location.config);
  assert.deepEqual(world.asked(), []);
  await put(location, "first");
  assert.deepEqual(world.asked(), ["entra token", "blob PutBlob"]);
});

/** A custom cloud whose own authority is nowhere. */
async function lost(document: Readonly<Record<string, unknown>> = {}): Promise<Part> {
  const path = await world.file(
    "cloud.json",
    JSON.stringify({
      ...cloudDocument(world),
      activeDirectoryEndpoint: "https://login.invalid/",
      ...document,
    }),
  );
  const { certificate } = world.azure.authority;
  return {
    values: { AZURE_CLOUD_NAME: "AzureStackCloud", AZURE_ENVIRONMENT_FILEPATH: path },
    config: { caCert: certificate },
  };
}

function own(): Part {
  return { config: { storageAccountURI: `${world.azure.endpoints.blob}/${ACCOUNT}` } };
}

test("the config's authority goes before the cloud's, for blobs and for disks", async () => {
  const authority = { config: { activeDirectoryAuthorityURI: world.azure.endpoints.entra } };
  const parts = [await lost(), await clientSecret.part(world), authority];
  await useObjectStore(world, await world.location(...parts, own(), USE_AAD));
  world.forget();
  await useVolumes(world, await world.volumes(...parts));
});

test("the pod's authority holds where nothing names the cloud", async () => {
  const elsewhere = { env: { AZURE_AUTHORITY_HOST: `${world.azure.endpoints.entra}/nowhere` } };
  const parts = [await clientSecret.part(world), elsewhere, USE_AAD];
  const unnamed = await world.location(await publicCloud.part(world), ...parts);
  await unnamed.plugin.init(unnamed.config);
  await assert.rejects(put(unnamed, "refused"), /sign in/);
  const named = await world.location(await publicCloud.part(world), ...parts, {
    values: { ...(await clientSecret.part(world)).values, AZURE_CLOUD_NAME: "AzureCloud" },
  });
  world.forget();
  await useObjectStore(world, named);
});

test("AD FS signs in without any discovery, for blobs, keys and disks", async () => {
  const { directory } = world.azure;
  directory.addTenant({ tenantId: TENANT, adfs: true });
  const adfs: Part = {
    values: {
      ...application(world),
      AZURE_TENANT_ID: "adfs",
      AZURE_CLIENT_SECRET: world.secret,
    },
  };
  const authority = { config: { activeDirectoryAuthorityURI: `${world.azure.endpoints.entra}/adfs` } };
  const ofFile = await lost({ activeDirectoryEndpoint: `${world.azure.endpoints.entra}/adfs` });
  const ways = [
    [await lost(), adfs, authority],
    [ofFile, adfs],
  ] as const;
  for (const parts of ways) {
    world.forget();
    await useObjectStore(world, await world.location(...parts, own(), USE_AAD));
    assertAsked("entra token");
    world.forget();
    await useObjectStore(world, await world.location(...parts, own(), LIST_KEYS));
    world.forget();
    await useVolumes(world, await world.volumes(...parts));
    const [signIn] = world.azure.log.entries();
    assert.equal(signIn?.path, "/adfs/oauth2/token");
  }
});

test("apiVersion pins Resource Manager's version, for keys and for disks", async () => {
  const parts = [await customByFile.part(world), await clientSecret.part(world)];
  const volumes = [await customByFile.part(world, "volumes"), await clientSecret.part(world)];
  const version = (apiVersion: string): Part => ({ config: { apiVersion } });
  await useObjectStore(world, await world.location(...parts, LIST_KEYS, version("2019-06-01")));
  world.forget();
  await useVolumes(world, await world.volumes(...volumes, version("2019-07-01")));
  const blobs = await world.location(...parts, LIST_KEYS, version("2010-01-01"));
  await blobs.plugin.init(blobs.config);
  await assert.rejects(put(blobs, "old"), refusedWith("FailedPrecondition", "2010-01-01", "set apiVersion"));
  const disks = await world.volumes(...volumes, version("2010-01-01"));
  await initVolumes(disks);
  await assert.rejects(volumeInfo(disks), refusedWith("FailedPrecondition", "2010-01-01", "set apiVersion"));
});

test("a tenant that is allowed besides gives the token for an account of its own", async () => {
  const { directory } = world.azure;
  const { clientId } = world.application;
  const abroad = directory.addApplication({ tenantId: OTHER_TENANT, clientId });
  const { value } = directory.addSecret(abroad, { value: world.secret });
  const values = { AZURE_TENANT_ID: OTHER_TENANT, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: value };
  for (const allowed of [TENANT, "*", `${OTHER_TENANT};${TENANT}`]) {
    const location = await world.location(await publicCloud.part(world), USE_AAD, {
      values: { ...values, AZURE_ADDITIONALLY_ALLOWED_TENANTS: allowed },
    });
    await location.plugin.init(location.config);
    await put(location, "allowed");
  }
});

test("an endpoint that is none of the cloud's own works, and is warned about once", async () => {
  const location = await world.location(
    await publicCloud.part(world),
    await clientSecret.part(world),
    USE_AAD,
    { config: { storageAccountURI: `${ACCOUNT}.blob.core.usgovcloudapi.net` } },
  );
  await useObjectStore(world, location);
  const warnings = (await location.plugin.stderr()).match(/none of AzureCloud's own/g);
  assert.equal(warnings?.length, 1);
});

test("the endpoint of an account whose derived name has no address is looked up", async () => {
  const location = await world.location(
    await lost({ activeDirectoryEndpoint: world.azure.endpoints.entra }),
    await clientSecret.part(world),
    USE_AAD,
  );
  world.azure.inventory.assignRole({
    ...{ principalId: world.application.objectId, role: "Reader", scope: world.accountId },
  });
  await location.plugin.init(location.config);
  await put(location, "looked-up");
  assert.deepEqual(
    world.asked().filter((request) => request.startsWith("resource-manager")),
    ["resource-manager storageAccounts/get"],
  );
});
