import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { bodyOf, content } from "../conformance/content.ts";
import {
  ACCOUNT,
  BUCKET,
  GROUP,
  OTHER_TENANT,
  startAzureWorld,
  SUBSCRIPTION,
  TENANT,
  type AzureWorld,
  type Location,
  type Part,
} from "./azure-world.ts";
import { initVolumes, put, refusedWith, volumeInfo } from "./sign-in-calls.ts";
import { cloudDocument, customByFile, publicCloud } from "./sign-in-clouds.ts";
import { accountMethods, clientSecret, containerSas, LIST_KEYS, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
afterEach(() => world.azure.faults.assertSpent());
after(() => world[Symbol.asyncDispose]());

async function initialized(...parts: readonly (Part | Promise<Part>)[]): Promise<Location> {
  const all = [await publicCloud.part(world)];
  for (const part of parts) all.push(await part);
  const location = await world.location(...all);
  await location.plugin.init(location.config);
  return location;
}

/** Another account, in a state of its own. */
async function account(name: string, settings: object): Promise<Part> {
  world.azure.inventory.addStorageAccount({
    ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name },
    ...settings,
  });
  const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const { objectId: principalId } = world.application;
  for (const role of ["Storage Blob Data Contributor", "Storage Account Key Operator Service Role"])
    world.azure.inventory.assignRole({ principalId, role, scope: id });
  await world.azure.containers.create(name, BUCKET);
  return { config: { storageAccount: name } };
}

/** An application that may do nothing, in a tenant. */
function stranger(tenantId: string): { part: Part; objectId: string } {
  const { directory } = world.azure;
  const { clientId, objectId, ...rest } = directory.addApplication({ tenantId });
  const { value } = directory.addSecret({ clientId, ...rest });
  const values = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: value };
  return { part: { values }, objectId };
}

test("an identity without a role for blobs is told which one, and whom to give it to", async () => {
  const { part, objectId } = stranger(TENANT);
  const location = await initialized(part, USE_AAD);
  const says = [`object ID ${objectId}`, '"Storage Blob Data Contributor"', "az role assignment create"];
  await assert.rejects(put(location, "refused"), refusedWith("PermissionDenied", ...says));
});

test("an identity that may not list keys is told the action, the scope and the role", async () => {
  const { part, objectId } = stranger(TENANT);
  const location = await initialized(part, LIST_KEYS);
  const says = [objectId, /listKeys\/action/i, `storageAccounts/${ACCOUNT}"`, "az role assignment create"];
  await assert.rejects(put(location, "refused"), refusedWith("PermissionDenied", ...says));
});

test("an identity that may not read disks is told the action, the scope and the role", async () => {
  const { part, objectId } = stranger(TENANT);
  const location = await world.volumes(await publicCloud.part(world), part);
  await initVolumes(location);
  const says = [objectId, "Microsoft.Compute/disks/read", '"Disk Backup Reader"'];
  await assert.rejects(volumeInfo(location), refusedWith("PermissionDenied", ...says));
});

test("an identity of another tenant is told so, for blobs, keys and disks", async () => {
  const { part } = stranger(OTHER_TENANT);
  const says = [`belongs to tenant "${TENANT}"`, "AZURE_TENANT_ID", "AZURE_ADDITIONALLY_ALLOWED_TENANTS"];
  const refused = refusedWith("FailedPrecondition", `of tenant "${OTHER_TENANT}"`, ...says);
  for (const use of [USE_AAD, LIST_KEYS]) {
    const location = await initialized(part, use);
    await assert.rejects(put(location, "refused"), refused);
  }
  const disks = await world.volumes(await publicCloud.part(world), part);
  await initVolumes(disks);
  await assert.rejects(volumeInfo(disks), refused);
});

test("an account that permits no keys says so, to its own key, a listed one and a SAS token", async () => {
  const closed = await account("nokeys", { allowSharedKeyAccess: false });
  const key = world.azure.inventory.storageAccount("nokeys")?.keys[0] ?? "";
  const own = await initialized(closed, { values: { AZURE_STORAGE_KEY: key } });
  await assert.rejects(put(own, "refused"), refusedWith("PermissionDenied", "does not permit", "useAAD"));
  const listed = await initialized(closed, clientSecret.part(world), LIST_KEYS);
  await assert.rejects(
    put(listed, "refused"),
    refusedWith("PermissionDenied", "does not permit", 'useAAD to "true"', "Storage Blob Data Contributor"),
  );
  const sas = await initialized(closed, {
    values: { SAS: containerSas(world, { account: "nokeys" }) },
    config: { storageAccountSASTokenEnvVar: "SAS" },
  });
  await assert.rejects(put(sas, "refused"), refusedWith("PermissionDenied", "nor with a SAS token"));
  const identity = await initialized(closed, clientSecret.part(world), USE_AAD);
  await put(identity, "stored");
});

test("an account whose firewall is closed says so to an identity and to a key", async () => {
  const rules = { bypass: "None", defaultAction: "Deny", ipRules: [], virtualNetworkRules: [] };
  const closed = await account("firewalled", { networkAcls: rules });
  for (const use of [USE_AAD, LIST_KEYS]) {
    const location = await initialized(closed, clientSecret.part(world), use);
    await assert.rejects(
      put(location, "refused"),
      refusedWith("PermissionDenied", "does not let this request in", "network rules", "private endpoint"),
    );
  }
});

test("a token for another service is refused as such", async () => {
  const document = {
    ...cloudDocument(world),
    resourceIdentifiers: { storage: "https://management.azure.com/" },
  };
  const { config = {} } = await customByFile.part(world);
  const cloud: Part = {
    values: {
      AZURE_CLOUD_NAME: "AzureStackCloud",
      AZURE_ENVIRONMENT_FILEPATH: await world.file("cloud.json", JSON.stringify(document)),
    },
    config,
  };
  const location = await world.location(cloud, await clientSecret.part(world), USE_AAD);
  await location.plugin.init(location.config);
  await assert.rejects(put(location, "refused"), refusedWith("Unauthenticated", "wrong audience", "cloud"));
});

test("clocks that differ are told by how much, for a key and for a token", async () => {
  const hour = 3600_000;
  const key = await initialized(accountMethods[0]?.part(world) ?? {});
  world.azure.faults.add({
    ...{ service: "blob", operation: "PutBlob" },
    effect: { kind: "skew-clock", milliseconds: hour },
  });
  const says = ["60 minutes behind the service's", "NTP"];
  await assert.rejects(put(key, "refused"), refusedWith("Unauthenticated", ...says));
  const token = await initialized(clientSecret.part(world), USE_AAD);
  world.azure.faults.add({
    ...{ service: "blob", operation: "PutBlob", count: 2 },
    effect: { kind: "skew-clock", milliseconds: 2 * hour },
  });
  await assert.rejects(
    put(token, "refused"),
    refusedWith("Unauthenticated", "120 minutes behind the service's", "NTP"),
  );
});

test("a throttled listing of keys waits as long as it is asked to, and succeeds", async () => {
  const location = await initialized(clientSecret.part(world), LIST_KEYS);
  world.azure.faults.add({
    ...{ service: "resource-manager", operation: "storageAccounts/listKeys" },
    effect: { kind: "throttle", retryAfterSeconds: 2 },
  });
  await put(location, "throttled");
  const lists = world.azure.log.entries().filter(({ operation }) => operation === "storageAccounts/listKeys");
  assert.deepEqual(
    lists.map(({ status }) => status),
    [429, 200],
  );
  const [first, second] = lists.map(({ time }) => time);
  assert.ok((second ?? 0) - (first ?? 0) >= 2000, "it came back too early");
});

test("an Entra that throttles is waited for, and asked no more often than it takes", async () => {
  const location = await initialized(clientSecret.part(world), USE_AAD);
  world.azure.faults.add({
    ...{ service: "entra", operation: "token" },
    effect: { kind: "throttle", retryAfterSeconds: 1 },
  });
  await put(location, "throttled");
  assert.deepEqual(world.asked(), ["entra token", "entra token", "blob PutBlob"]);
});

test("a listing of keys that asks to come back in an hour is not waited for", async () => {
  const location = await initialized(clientSecret.part(world), LIST_KEYS);
  world.azure.faults.add({
    ...{ service: "resource-manager", operation: "storageAccounts/listKeys" },
    effect: { kind: "throttle", retryAfterSeconds: 3600 },
  });
  await assert.rejects(
    put(location, "throttled"),
    refusedWith("ResourceExhausted", "come back in 3600 s", "useAAD"),
  );
});

test("a SAS token for another container, or without the right to write, is refused by the service in words", async () => {
  await world.azure.containers.create(ACCOUNT, "elsewhere");
  const sas = (wishes: Parameters<typeof containerSas>[1]): Part => ({
    values: { SAS: containerSas(world, wishes) },
    config: { storageAccountSASTokenEnvVar: "SAS" },
  });
  const other = await initialized(sas({ container: "elsewhere" }));
  await assert.rejects(put(other, "refused"), refusedWith("Unauthenticated", "SAS token was refused"));
  const readOnly = await initialized(sas({ permissions: "rl" }));
  await assert.rejects(
    put(readOnly, "refused"),
    refusedWith("PermissionDenied", "SAS token does not allow that", 'this one has "rl"'),
  );
  assert.match(await readOnly.plugin.stderr(), /"@level":"warn"[^\n]*does not allow to store backups/);
});

test("a SAS token whose key was renewed is refused as such", async () => {
  const renewed = await account("renewed", {});
  const values = { SAS: containerSas(world, { account: "renewed" }) };
  const location = await initialized(renewed, { values, config: { storageAccountSASTokenEnvVar: "SAS" } });
  await put(location, "before");
  world.renewKey("renewed");
  const { signal } = new AbortController();
  await assert.rejects(
    location.store.put(BUCKET, "after", bodyOf(content(10)), { signal }),
    refusedWith("Unauthenticated", "SAS token was refused", "was not renewed"),
  );
});
