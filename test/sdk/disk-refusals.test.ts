import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { SDKS, type Sdk, type SdkClient } from "./client.ts";
import type { ComputeResource } from "./compute-orders.ts";
import {
  addDisk,
  copyOf,
  fresh,
  GROUP_SCOPE,
  OTHER_REGION,
  REGION,
  REGION_WITHOUT_ZONES,
  startComputeWorld,
  type ComputeWorld,
  type DiskWish,
} from "./compute-world.ts";
import type { Failed, Order, SignIn } from "./order.ts";
import { SUBSCRIPTION } from "./world.ts";

const HOUR = 3_600_000;
const EMPTY = { creationData: { createOption: "Empty" }, diskSizeGB: 64 } as const;
/** Holds what a role in one group does not reach. */
const ELSEWHERE = "elsewhere";
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
  world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: ELSEWHERE });
});
afterEach(() => {
  world.faults.clear();
  world.inventory.setComputePace({ disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 });
});
after(() => world[Symbol.asyncDispose]());

/** An order for a new disk; what is not said is as the SDK's user would have it at the least. */
function create(body: ComputeResource, signIn: SignIn = world.owner): Order<"disks.create"> {
  const whole = { location: REGION, ...body, properties: { ...EMPTY, ...body.properties } };
  return { do: "disks.create", signIn, with: { ...fresh("disk"), body: whole } };
}

function addSnapshot(source: DiskWish = {}, resourceGroup = ELSEWHERE): string {
  const { subscriptionId, name } = fresh("snapshot");
  const place = { subscriptionId, resourceGroup, name };
  return world.inventory.addSnapshot({ ...place, sourceResourceId: addDisk(world, source).id }).id;
}

function restore(snapshot: string, sku: string, properties: ComputeResource["properties"] = {}) {
  const body = copyOf(snapshot, { sku: { name: sku }, properties });
  return { do: "disks.create", signIn: world.owner, with: { ...fresh("disk"), body } } as const;
}

interface Refusal {
  readonly name: string;
  readonly order: (client: SdkClient) => Order | Promise<Order>;
  readonly status: number;
  readonly code: string;
}

const absences: readonly Refusal[] = [
  {
    name: "a disk that does not exist",
    order: () => ({ do: "disks.get", signIn: world.owner, with: fresh("disk") }),
    ...{ status: 404, code: "ResourceNotFound" },
  },
  {
    name: "a disk in a resource group that does not exist",
    order: () => {
      const order = create({});
      return { ...order, with: { ...fresh("disk"), body: {}, ...order.with, group: "nosuchgroup" } };
    },
    ...{ status: 404, code: "ResourceGroupNotFound" },
  },
  {
    name: "a disk in a subscription that does not exist",
    order: () => ({
      do: "disks.get",
      signIn: world.owner,
      with: { ...fresh("disk"), subscriptionId: randomUUID() },
    }),
    ...{ status: 404, code: "SubscriptionNotFound" },
  },
  {
    name: "a disk of a snapshot that does not exist",
    order: () => restore(`${addSnapshot()}-not`, "Premium_LRS"),
    ...{ status: 404, code: "NotFound" },
  },
  {
    name: "a disk of a snapshot in another region",
    order: () => restore(addSnapshot({ location: OTHER_REGION }), "Premium_LRS"),
    ...{ status: 404, code: "NotFound" },
  },
  {
    name: "an encryption set that does not exist",
    order: () => {
      const diskEncryptionSetId = `${GROUP_SCOPE}/providers/Microsoft.Compute/diskEncryptionSets/nosuchset`;
      const type = "EncryptionAtRestWithCustomerKey";
      return create({ properties: { encryption: { type, diskEncryptionSetId } } });
    },
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "an encryption set in another region",
    order: () => {
      const { subscriptionId, group: resourceGroup, name } = fresh("set");
      const place = { subscriptionId, resourceGroup, name, location: OTHER_REGION };
      const { id } = world.inventory.addDiskEncryptionSet(place);
      const encryption = { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: id };
      return create({ properties: { encryption } });
    },
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "a disk access that does not exist",
    order: () => {
      const diskAccessId = `${GROUP_SCOPE}/providers/Microsoft.Compute/diskAccesses/nosuchaccess`;
      return create({ properties: { networkAccessPolicy: "AllowPrivate", diskAccessId } });
    },
    ...{ status: 400, code: "BadRequest" },
  },
];

const INVALID = { status: 400, code: "InvalidParameter" };

const impossibilities: readonly Refusal[] = [
  {
    name: "a kind of disk that there is not",
    order: () => create({ sku: { name: "Gold_LRS" } }),
    ...INVALID,
  },
  {
    name: "a zone-redundant disk in a region without zones",
    order: () => create({ location: REGION_WITHOUT_ZONES, sku: { name: "Premium_ZRS" } }),
    ...INVALID,
  },
  {
    name: "a zone-redundant disk in one zone",
    order: () => create({ sku: { name: "Premium_ZRS" }, zones: ["1"] }),
    ...INVALID,
  },
  {
    name: "a zone that the region has not",
    order: () => create({ zones: ["7"] }),
    ...{ status: 400, code: "InvalidAvailabilityZone" },
  },
  {
    name: "an Ultra disk in a zone that has none",
    order: () => create({ location: "swedencentral", sku: { name: "UltraSSD_LRS" }, zones: ["3"] }),
    ...INVALID,
  },
  {
    name: "a Premium SSD of a snapshot with sectors of 4096 bytes",
    order: () => restore(addSnapshot({ sku: "PremiumV2_LRS", logicalSectorSize: 4096 }), "Premium_LRS"),
    ...INVALID,
  },
  {
    name: "a disk smaller than its snapshot",
    order: () => restore(addSnapshot({ sizeGiB: 64 }), "Premium_LRS", { diskSizeGB: 32 }),
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "a disk made smaller",
    order: () => {
      const disk = addDisk(world, { sizeGiB: 64 });
      return {
        do: "disks.update",
        signIn: world.owner,
        with: { ...disk, body: { properties: { diskSizeGB: 8 } } },
      };
    },
    ...{ status: 409, code: "OperationNotAllowed" },
  },
  {
    name: "a disk reached by a disk access that is not named",
    order: () => create({ properties: { networkAccessPolicy: "AllowPrivate" } }),
    ...INVALID,
  },
  {
    name: "a shared hard disk",
    order: () => create({ sku: { name: "Standard_LRS" }, properties: { maxShares: 2 } }),
    ...INVALID,
  },
  {
    name: "a performance tier for a Standard SSD",
    order: () => create({ sku: { name: "StandardSSD_LRS" }, properties: { tier: "P30" } }),
    ...INVALID,
  },
  {
    name: "bursting for a small disk",
    order: () => create({ sku: { name: "Premium_LRS" }, properties: { burstingEnabled: true } }),
    ...INVALID,
  },
  {
    name: "IOPS for a disk that has them by its size",
    order: () => create({ sku: { name: "Premium_LRS" }, properties: { diskIOPSReadWrite: 9000 } }),
    ...INVALID,
  },
];

const conflicts: readonly Refusal[] = [
  {
    name: "deleting a disk that is attached",
    order: () => ({ do: "disks.delete", signIn: world.owner, with: attached() }),
    ...{ status: 409, code: "OperationNotAllowed" },
  },
  {
    name: "reading a disk that is attached",
    order: () => {
      const body = { access: "Read", durationInSeconds: 60 } as const;
      return { do: "disks.grant", signIn: world.owner, with: { ...attached(), body } };
    },
    ...{ status: 409, code: "OperationNotAllowed" },
  },
  {
    name: "another source for a disk that is there",
    order: () => {
      const order = restore(addSnapshot(), "Premium_LRS");
      return { ...order, with: { ...order.with, name: addDisk(world).name } };
    },
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "a disk of a snapshot that is still being copied",
    order: async (client) => {
      world.inventory.setComputePace({ backgroundCopy: HOUR });
      const disk = addDisk(world, { sku: "PremiumV2_LRS", logicalSectorSize: 512 });
      const body = copyOf(disk.id, { properties: { incremental: true } });
      const order = { do: "snapshots.create", signIn: world.owner } as const;
      const { id = "" } = await client.ask({ ...order, with: { ...fresh("snapshot"), body } });
      return restore(id, "Premium_LRS");
    },
    ...{ status: 409, code: "OperationNotAllowed" },
  },
];

function attached() {
  const disk = addDisk(world);
  world.inventory.attachDisk(disk.id, `${GROUP_SCOPE}/providers/Microsoft.Compute/virtualMachines/vm1`);
  return disk;
}

/** Codes of tags that cannot be are published nowhere. */
const tags: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "51 tags": Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${index}`, "x"])),
  "a tag's name with a slash": { "velero.io/backup": "nightly" },
  "a tag's name of 513 characters": { ["n".repeat(513)]: "x" },
  "a tag's value of 257 characters": { name: "v".repeat(257) },
};

for (const sdk of SDKS) {
  for (const refusal of [...absences, ...impossibilities, ...conflicts]) {
    test(`${sdk} is refused for ${refusal.name}`, async () => {
      const client = await world.client(sdk);
      const { kind, status, code, message } = await client.refused(await refusal.order(client));
      assert.deepEqual([kind, status, code], ["service", refusal.status, refusal.code], message);
    });
  }

  for (const [name, wanted] of Object.entries(tags)) {
    test(`${sdk} is refused for ${name}`, async () => {
      const { kind, status, message } = await refused(sdk, create({ tags: wanted }));
      assert.deepEqual([kind, status], ["service", 400], message);
    });
  }

  test(`${sdk} makes no second change of a disk while the first is under way`, async () => {
    world.inventory.setComputePace({ disk: HOUR / 2 });
    const disk = addDisk(world);
    const order: Order<"disks.update"> = {
      ...{ do: "disks.update", signIn: world.owner },
      with: { ...disk, body: { tags: { a: "b" } } },
    };
    world.log.clear();
    const first = (await world.client(other(sdk))).ask(order);
    while (!world.log.entries().some(({ operation }) => operation === "disks/update")) {
      await Promise.race([setTimeout(20), first]);
    }
    const { status, code } = await (await world.client(sdk)).refused(order);
    world.clock.advance(HOUR / 2);
    assert.deepEqual([status, code], [409, "Conflict"]);
    assert.deepEqual((await first).tags, { a: "b" });
  });
}

function other(sdk: Sdk): Sdk {
  return sdk === "Go" ? "Python" : "Go";
}

async function refused(sdk: Sdk, order: Order): Promise<Failed> {
  return (await world.client(sdk)).refused(order);
}
