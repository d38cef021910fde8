import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { bodyOf, content } from "../conformance/content.ts";
import {
  BUCKET,
  OTHER_TENANT,
  startAzureWorld,
  TENANT,
  type AzureWorld,
  type Location,
  type Part,
} from "./azure-world.ts";
import { put, refusedWith } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";
import { USE_AAD } from "./sign-in-methods.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();
const FIRST = "tenantone";
const SECOND = "tenanttwo";

let world: AzureWorld;
/** Two tenants' workload identities, each with an account of its own subscription that it alone may use. */
let first: Part;
let second: Part;

before(async () => {
  world = await startAzureWorld();
  [first, second] = [await tenant(TENANT, FIRST), await tenant(OTHER_TENANT, SECOND)];
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

async function tenant(tenantId: string, account: string): Promise<Part> {
  const { containers, directory, inventory } = world.azure;
  const subscriptionId = tenantId.replaceAll(/[12]/g, "7").replace(/7$/, tenantId.slice(-1));
  inventory.addSubscription({ subscriptionId, tenantId });
  inventory.addResourceGroup({ subscriptionId, name: account });
  const { id } = inventory.addStorageAccount({ subscriptionId, resourceGroup: account, name: account });
  await containers.create(account, BUCKET);
  const application = directory.addApplication({ tenantId });
  const subject = `system:serviceaccount:velero:${account}`;
  const { issuer } = world.issuer;
  const audiences = ["api://AzureADTokenExchange"];
  directory.addFederatedCredential(application, { name: account, issuer, subject, audiences });
  const { objectId: principalId, clientId } = application;
  inventory.assignRole({ principalId, role: "Storage Blob Data Contributor", scope: id });
  return {
    values: {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile({ subject }),
    },
    config: { storageAccount: account, subscriptionId, resourceGroup: account },
  };
}

/** The config of a second location, for the process of another. */
async function configOf(part: Part): Promise<Readonly<Record<string, string>>> {
  return (await opened(part)).config;
}

async function opened(part: Part): Promise<Location> {
  return world.location(await publicCloud.part(world), part, USE_AAD);
}

async function keysIn(location: Location): Promise<readonly string[]> {
  return location.store.list(BUCKET, "", { signal });
}

test("a second tenant's Init holds for what comes after it, and an upload under way stays with the first", async () => {
  const { plugin, store, config } = await opened(first);
  await plugin.init(config);
  const flowing = Promise.withResolvers<void>();
  const upload = plugin.bench(
    {
      ...{ op: "put", bucket: BUCKET, key: "slow", size: 24 * MIB },
      pace: { seed: 1, maximumPiece: 256 * 1024, maximumPauseMicroseconds: 40_000 },
      progressMilliseconds: 50,
    },
    (moved) => (moved[0] ?? 0) > 5 * MIB && flowing.resolve(),
  );
  await Promise.race([flowing.promise, upload]);
  await plugin.init(await configOf(second));
  await store.put(BUCKET, "fast", bodyOf(content(1000)), { signal });
  assert.deepEqual(await store.list(BUCKET, "", { signal }), ["fast"]);
  await upload;
  await plugin.init(config);
  assert.deepEqual(await store.list(BUCKET, "", { signal }), ["slow-0"]);
  assertApart();
});

test("two processes of two tenants at once share nothing", async () => {
  const [one, two] = await Promise.all([opened(first), opened(second)]);
  await Promise.all([one.plugin.init(one.config), two.plugin.init(two.config)]);
  await Promise.all(["a", "b", "c"].flatMap((key) => [put(one, `1${key}`), put(two, `2${key}`)]));
  assert.ok((await keysIn(one)).includes("1a") && !(await keysIn(one)).includes("2a"));
  assert.ok((await keysIn(two)).includes("2a") && !(await keysIn(two)).includes("1a"));
  assertApart();
});

test("one tenant's federation that ends ends its location alone, with the reason", async () => {
  const [one, two] = await Promise.all([opened(first), opened(second)]);
  await Promise.all([one.plugin.init(one.config), two.plugin.init(two.config)]);
  const clientId = second.values?.["AZURE_CLIENT_ID"] ?? "";
  world.azure.directory.removeFederatedCredential({ tenantId: OTHER_TENANT, clientId }, SECOND);
  await put(one, "goes on");
  await assert.rejects(put(two, "ends"), refusedWith("Unauthenticated", "no federated credential", SECOND));
});

/** A token of one tenant that came to the other's account would have been refused there. */
function assertApart(): void {
  const entries = world.azure.log.entries();
  const refused = entries.filter(({ status }) => status >= 400 && status !== 404);
  assert.deepEqual(refused, []);
  const tenants = entries.filter(({ service }) => service === "entra").map(({ path }) => path.split("/")[1]);
  assert.deepEqual(new Set(tenants), new Set([TENANT, OTHER_TENANT]));
}
