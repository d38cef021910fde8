import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { SDKS } from "./client.ts";
import type { ComputeResource } from "./compute-orders.ts";
import {
  addDisk,
  fresh,
  idOf,
  REGION,
  REGION_WITHOUT_ZONES,
  startComputeWorld,
  type ComputeWorld,
} from "./compute-world.ts";
import { GROUP, SUBSCRIPTION } from "./world.ts";

const EMPTY = { creationData: { createOption: "Empty" } } as const;
const AT_ONCE = { disk: 0, snapshot: 0, deletion: 0, retryAfterSeconds: null };
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
});
afterEach(() => {
  world.inventory.setComputePace(AT_ONCE);
  world.inventory.setComputePageSize(200);
});
after(() => world[Symbol.asyncDispose]());

/** Each with what makes it special; it must come back. */
const kinds: readonly ComputeResource[] = [
  { sku: { name: "Standard_LRS" }, properties: { ...EMPTY, diskSizeGB: 32 } },
  { sku: { name: "StandardSSD_LRS" }, zones: ["2"], properties: { ...EMPTY, diskSizeGB: 4, maxShares: 2 } },
  { sku: { name: "StandardSSD_ZRS" }, properties: { ...EMPTY, diskSizeGB: 8 } },
  {
    ...{ sku: { name: "Premium_LRS" }, zones: ["1"], tags: { team: "store" } },
    properties: { ...EMPTY, diskSizeGB: 1024, tier: "P40", burstingEnabled: true },
  },
  { sku: { name: "Premium_ZRS" }, properties: { ...EMPTY, diskSizeGB: 256, maxShares: 2 } },
  {
    ...{ sku: { name: "PremiumV2_LRS" }, zones: ["3"] },
    properties: {
      ...{ creationData: { createOption: "Empty", logicalSectorSize: 512 }, diskSizeGB: 100 },
      ...{ diskIOPSReadWrite: 4000, diskMBpsReadWrite: 200 },
    },
  },
  {
    ...{ sku: { name: "UltraSSD_LRS" }, zones: ["1"] },
    properties: {
      ...{ creationData: { createOption: "Empty", logicalSectorSize: 4096 }, diskSizeGB: 64 },
      ...{ diskIOPSReadWrite: 6400, diskMBpsReadWrite: 500, maxShares: 3 },
    },
  },
];

for (const sdk of SDKS) {
  for (const wanted of kinds) {
    test(`${sdk} makes a disk of kind ${wanted.sku?.name}, finds it as it was made, and deletes it`, async () => {
      const client = await world.client(sdk);
      const signIn = world.owner;
      const disk = fresh("disk");
      const body = { location: REGION, ...wanted };
      const made = await client.ask({ do: "disks.create", signIn, with: { ...disk, body } });
      assert.partialDeepStrictEqual(made, body);
      assert.equal(made.id, idOf("disks", disk));
      assert.equal(made.properties?.["provisioningState"], "Succeeded");
      assert.deepEqual(await client.ask({ do: "disks.get", signIn, with: disk }), made);
      await client.ask({ do: "disks.delete", signIn, with: disk });
      const { status, code } = await client.refused({ do: "disks.get", signIn, with: disk });
      assert.deepEqual([status, code], [404, "ResourceNotFound"]);
    });
  }

  test(`${sdk} reads what Azure chooses for a disk of which nothing else is said`, async () => {
    const client = await world.client(sdk);
    const body = { location: REGION, properties: { ...EMPTY, diskSizeGB: 200 } };
    const made = await client.ask({
      ...{ do: "disks.create", signIn: world.owner, with: { ...fresh("disk"), body } },
    });
    assert.deepEqual(made.sku, { name: "Standard_LRS", tier: "Standard" });
    const { encryption, networkAccessPolicy, publicNetworkAccess, diskState, diskSizeBytes } =
      made.properties ?? {};
    assert.deepEqual(encryption, { type: "EncryptionAtRestWithPlatformKey" });
    assert.deepEqual(
      [networkAccessPolicy, publicNetworkAccess, diskState, diskSizeBytes],
      ["AllowAll", "Enabled", "Unattached", 200 * 1024 ** 3],
    );
    assert.ok(isGuid(made.properties?.["uniqueId"]));
  });

  test(`${sdk} changes a disk: size, kind, performance, tags, and who may reach it`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const disk = addDisk(world, { sku: "StandardSSD_LRS", sizeGiB: 8, tags: { old: "yes" } });
    const change = {
      ...{ sku: { name: "Premium_LRS" }, tags: { team: "store" } },
      properties: { diskSizeGB: 1024, tier: "P50", maxShares: 2, networkAccessPolicy: "DenyAll" },
    };
    const changed = await client.ask({ do: "disks.update", signIn, with: { ...disk, body: change } });
    assert.partialDeepStrictEqual(changed, change);
    assert.deepEqual(changed.tags, { team: "store" });
    assert.deepEqual(await client.ask({ do: "disks.get", signIn, with: disk }), changed);
  });

  test(`${sdk} sends a disk a second time, and it is the same disk`, async () => {
    const client = await world.client(sdk);
    const body = { location: REGION, properties: { ...EMPTY, diskSizeGB: 4 } };
    const order = { do: "disks.create", signIn: world.owner, with: { ...fresh("disk"), body } } as const;
    const first = await client.ask(order);
    const again = await client.ask(order);
    assert.equal(again.properties?.["uniqueId"], first.properties?.["uniqueId"]);
  });

  test(`${sdk} follows a disk that takes a while, with and without a wait that Azure names`, async () => {
    const client = await world.client(sdk);
    for (const retryAfterSeconds of [null, 1]) {
      world.inventory.setComputePace({ disk: 800, deletion: 800, retryAfterSeconds });
      world.log.clear();
      const disk = fresh("disk");
      const body = { location: REGION, properties: { ...EMPTY, diskSizeGB: 4 } };
      const signIn = world.owner;
      const made = await client.ask({ do: "disks.create", signIn, with: { ...disk, body } });
      assert.equal(made.properties?.["provisioningState"], "Succeeded");
      await client.ask({ do: "disks.delete", signIn, with: disk });
      assert.equal((await client.refused({ do: "disks.get", signIn, with: disk })).status, 404);
      const asked = world.log.entries().map(({ operation, status }) => `${operation} ${status}`);
      assert.ok(asked.includes("disks/create 202") && asked.includes("disks/delete 202"), asked.join());
      assert.ok(
        asked.some((entry) => entry.startsWith("diskOperations/")),
        asked.join(),
      );
    }
  });

  test(`${sdk} lists all pages of a group's and of a subscription's disks`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const resourceGroup = fresh("group").name;
    world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: resourceGroup });
    const names = [1, 2, 3, 4, 5].map(() => addDisk(world, { resourceGroup }).name).toSorted();
    world.inventory.setComputePageSize(2);
    const inGroup = { subscriptionId: SUBSCRIPTION, group: resourceGroup };
    const found = await client.ask({ do: "disks.list", signIn, with: inGroup });
    assert.deepEqual(found.names.toSorted(), names);
    const all = await client.ask({ do: "disks.list", signIn, with: { subscriptionId: SUBSCRIPTION } });
    assert.ok(names.every((name) => all.names.includes(name)));
  });

  test(`${sdk} is given an address to read a disk at, keeps it from deletion with it, and gives it back`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const disk = addDisk(world);
    const body = { access: "Read", durationInSeconds: 600 } as const;
    const { sas } = await client.ask({ do: "disks.grant", signIn, with: { ...disk, body } });
    assert.match(sas, /^https:\/\/md-[^/]+\.blob\.storage\.azure\.net\/.+sig=/);
    const shown = await client.ask({ do: "disks.get", signIn, with: disk });
    assert.equal(shown.properties?.["diskState"], "ActiveSAS");
    const { status, code } = await client.refused({ do: "disks.delete", signIn, with: disk });
    assert.deepEqual([status, code], [409, "OperationNotAllowed"]);
    await client.ask({ do: "disks.revoke", signIn, with: disk });
    await client.ask({ do: "disks.delete", signIn, with: disk });
  });

  test(`${sdk} makes a disk encryption set, a disk under its key, and is kept from deleting the set before`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const set = fresh("set");
    const keyUrl = "https://vault.vault.azure.net/keys/disks/0123456789abcdef0123456789abcdef";
    const encryptionType = "EncryptionAtRestWithCustomerKey";
    const made = await client.ask({
      ...{ do: "diskEncryptionSets.create", signIn },
      with: {
        ...set,
        body: {
          ...{ location: REGION, identity: { type: "SystemAssigned" } },
          properties: { activeKey: { keyUrl }, encryptionType },
        },
      },
    });
    assert.partialDeepStrictEqual(made.properties, { activeKey: { keyUrl }, encryptionType });
    assert.ok(isGuid(made.identity?.["principalId"]));
    assert.deepEqual(await client.ask({ do: "diskEncryptionSets.get", signIn, with: set }), made);
    const listed = await client.ask({ do: "diskEncryptionSets.list", signIn, with: { ...set } });
    assert.ok(listed.names.includes(set.name));

    const disk = fresh("disk");
    const encryption = { type: encryptionType, diskEncryptionSetId: made.id ?? "" };
    const body = { location: REGION, properties: { ...EMPTY, diskSizeGB: 4, encryption } };
    const encrypted = await client.ask({ do: "disks.create", signIn, with: { ...disk, body } });
    assert.deepEqual(encrypted.properties?.["encryption"], encryption);
    const rotated = { activeKey: { keyUrl: `${keyUrl.slice(0, -4)}4321` } };
    const rotation = { ...set, body: { properties: rotated } };
    const after = await client.ask({ do: "diskEncryptionSets.update", signIn, with: rotation });
    assert.partialDeepStrictEqual(after.properties, { ...rotated, encryptionType });
    const refusal = await client.refused({ do: "diskEncryptionSets.delete", signIn, with: set });
    assert.equal(refusal.status, 409, refusal.message);
    await client.ask({ do: "disks.delete", signIn, with: disk });
    await client.ask({ do: "diskEncryptionSets.delete", signIn, with: set });
    assert.equal((await client.refused({ do: "diskEncryptionSets.get", signIn, with: set })).status, 404);
  });

  test(`${sdk} makes a disk access, and a disk that is reached through it alone`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const access = fresh("access");
    const made = await client.ask({
      ...{ do: "diskAccesses.create", signIn, with: { ...access, body: { location: REGION } } },
    });
    assert.equal(made.id, idOf("diskAccesses", access));
    assert.deepEqual(await client.ask({ do: "diskAccesses.get", signIn, with: access }), made);
    const listed = await client.ask({
      ...{ do: "diskAccesses.list", signIn, with: { subscriptionId: SUBSCRIPTION, group: GROUP } },
    });
    assert.ok(listed.names.includes(access.name));
    const tagged = { ...access, body: { tags: { team: "store" } } };
    const updated = await client.ask({ do: "diskAccesses.update", signIn, with: tagged });
    assert.deepEqual(updated.tags, { team: "store" });
    const reach = { networkAccessPolicy: "AllowPrivate", diskAccessId: made.id ?? "" };
    const closed = { ...reach, publicNetworkAccess: "Disabled" };
    const disk = fresh("disk");
    const body = { location: REGION, properties: { ...EMPTY, diskSizeGB: 4, ...closed } };
    const reached = await client.ask({ do: "disks.create", signIn, with: { ...disk, body } });
    assert.partialDeepStrictEqual(reached.properties, closed);
    await client.ask({ do: "disks.delete", signIn, with: disk });
    await client.ask({ do: "diskAccesses.delete", signIn, with: access });
    assert.equal((await client.refused({ do: "diskAccesses.get", signIn, with: access })).status, 404);
  });

  test(`${sdk} learns which kinds of disk a region has, and in which zones`, async () => {
    const client = await world.client(sdk);
    const listed = async (location: string): Promise<ReadonlyMap<string, readonly string[]>> => {
      const filter = `location eq '${location}'`;
      const wanted = { subscriptionId: SUBSCRIPTION, resourceType: "disks", filter };
      const { skus } = await client.ask({ do: "skus.list", signIn: world.owner, with: wanted });
      return new Map(skus.map(({ name, locationInfo }) => [name, locationInfo[0]?.zones ?? []]));
    };
    const here = await listed(REGION);
    assert.deepEqual(here.get("PremiumV2_LRS")?.toSorted(), ["1", "2", "3"]);
    assert.ok(here.has("Premium_ZRS") && here.has("StandardSSD_LRS") && here.has("UltraSSD_LRS"));
    const elsewhere = await listed(REGION_WITHOUT_ZONES);
    assert.deepEqual([elsewhere.has("Premium_ZRS"), elsewhere.get("Premium_LRS")], [false, []]);
  });
}

function isGuid(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
