import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { ACCOUNT, DISKS, startAzureWorld, type AzureWorld, type Location, type Part } from "./azure-world.ts";
import { initVolumes, put, refusedWith, volumeInfo } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";
import {
  accountKey,
  application,
  clientSecret,
  containerSas,
  LIST_KEYS,
  USE_AAD,
} from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

async function initialized(...parts: readonly (Part | Promise<Part>)[]): Promise<Location> {
  const all = [await publicCloud.part(world)];
  for (const part of parts) all.push(await part);
  const location = await world.location(...all);
  await location.plugin.init(location.config);
  return location;
}

/** The next request finds its token refused, and needs another: an hour in short. */
function expireToken(service: "blob" | "resource-manager", operation: string): void {
  world.azure.faults.add({ service, operation, effect: { kind: "expire-token" } });
}

test("a client secret that was replaced in the credentials file works without a restart", async () => {
  const { directory } = world.azure;
  const first = directory.addSecret(world.application);
  const own = { values: { ...application(world), AZURE_CLIENT_SECRET: first.value } };
  const blobs = await initialized(own, USE_AAD);
  const disks = await world.volumes(await publicCloud.part(world), own);
  await initVolumes(disks);
  await put(blobs, "before");
  await volumeInfo(disks);
  directory.removeSecret(world.application, first.keyId);

  expireToken("blob", "PutBlob");
  await assert.rejects(put(blobs, "between"), refusedWith("Unauthenticated", "AADSTS7000215"));
  const AZURE_CLIENT_SECRET = directory.addSecret(world.application).value;
  await blobs.rewrite({ ...application(world), AZURE_CLIENT_SECRET });
  await disks.rewrite({ ...application(world), AZURE_CLIENT_SECRET, ...DISKS.values });
  await put(blobs, "after");
  expireToken("resource-manager", "disks/get");
  await volumeInfo(disks);
  world.azure.faults.assertSpent();
});

test("a service account token that kubelet replaced is used, and the old one is not sent again", async () => {
  const path = await world.tokenFile();
  const values = { ...application(world), AZURE_FEDERATED_TOKEN_FILE: path };
  const location = await initialized({ values }, USE_AAD);
  await put(location, "before");
  await writeFile(path, await world.issuer.token({ subject: "system:serviceaccount:other:velero" }));
  expireToken("blob", "PutBlob");
  await assert.rejects(put(location, "between"), refusedWith("Unauthenticated", "AADSTS700213"));
  await writeFile(path, await world.issuer.token({ subject: "system:serviceaccount:velero:velero" }));
  await put(location, "after");
  world.azure.faults.assertSpent();
});

test("an account key that was renewed is listed once more, by however many requests at once", async () => {
  const location = await initialized(clientSecret.part(world), LIST_KEYS);
  await put(location, "before");
  world.renewKey(ACCOUNT);
  world.forget();
  await Promise.all(["one", "two", "three", "four"].map((key) => put(location, key)));
  const lists = world.asked().filter((request) => request === "resource-manager storageAccounts/listKeys");
  assert.equal(lists.length, 1);
});

test("a kept account key that was renewed is listed once more by the next process", async () => {
  const parts = [await publicCloud.part(world), await clientSecret.part(world), LIST_KEYS] as const;
  const first = await world.location(...parts);
  await first.plugin.init(first.config);
  await put(first, "first");
  const next = await world.location(...parts, { env: { TMPDIR: first.folder } });
  await next.plugin.init(next.config);
  world.forget();
  await put(next, "next");
  assert.deepEqual(world.asked(), ["blob PutBlob"], "the key was kept");
  world.renewKey(ACCOUNT);
  const last = await world.location(...parts, { env: { TMPDIR: first.folder } });
  await last.plugin.init(last.config);
  world.forget();
  await put(last, "last");
  assert.deepEqual(world.asked(), [
    "blob PutBlob",
    "entra token",
    "resource-manager storageAccounts/listKeys",
    "blob PutBlob",
  ]);
});

test("an account key and a SAS token that were replaced in the credentials file work without a restart", async () => {
  const key = await initialized({
    values: { LOCATION_KEY: accountKey(world) },
    config: { storageAccountKeyEnvVar: "LOCATION_KEY" },
  });
  const sas = await initialized({
    values: { SAS: containerSas(world) },
    config: { storageAccountSASTokenEnvVar: "SAS" },
  });
  await put(key, "before");
  await put(sas, "before");
  world.renewKey(ACCOUNT);
  await assert.rejects(put(key, "between"), refusedWith("Unauthenticated", "account key was refused"));
  await assert.rejects(put(sas, "between"), refusedWith("Unauthenticated", "SAS token was refused"));
  await key.rewrite({ LOCATION_KEY: accountKey(world) });
  await sas.rewrite({ SAS: containerSas(world) });
  await put(key, "after");
  await put(sas, "after");
});
