import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { SDKS, type SdkClient } from "./client.ts";
import type { ComputeResource } from "./compute-orders.ts";
import {
  addDisk,
  copyOf,
  copyStartOf,
  fresh,
  OTHER_REGION,
  OTHER_SUBSCRIPTION,
  startComputeWorld,
  type ComputeWorld,
  type DiskWish,
} from "./compute-world.ts";
import type { Order, SignIn } from "./order.ts";
import { SUBSCRIPTION } from "./world.ts";

const HOUR = 3_600_000;
const INCREMENTAL = { properties: { incremental: true } } as const;
const ELSEWHERE = "elsewhere";
const NOT_NOW = { status: 409, code: "OperationNotAllowed" };
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
  world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: ELSEWHERE });
});
afterEach(() => {
  // Whatever was being copied is there now.
  world.clock.advance(HOUR);
  world.faults.clear();
  world.inventory.setComputePace({ disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 });
});
after(() => world[Symbol.asyncDispose]());

function create(body: ComputeResource, signIn: SignIn = world.owner): Order<"snapshots.create"> {
  return { do: "snapshots.create", signIn, with: { ...fresh("snapshot"), body } };
}

/** As if it had been taken long ago. */
function addSnapshot(sourceResourceId: string, incremental = true): string {
  const { subscriptionId, group: resourceGroup, name } = fresh("snapshot");
  const timeCreated = new Date(world.clock.now() - 24 * HOUR).toISOString();
  const place = { subscriptionId, resourceGroup, name, timeCreated };
  return world.inventory.addSnapshot({ ...place, sourceResourceId, incremental }).id;
}

async function taken(client: SdkClient, disk: DiskWish = {}): Promise<string> {
  const { id = "" } = await client.ask(create(copyOf(addDisk(world, disk).id, INCREMENTAL)));
  return id;
}

/** Of a disk of which three are still being copied in the background. */
async function fourth(client: SdkClient, sku: string): Promise<Order> {
  world.inventory.setComputePace({ backgroundCopy: HOUR });
  const { id } = addDisk(world, { sku });
  for (let count = 0; count < 3; count += 1) await client.ask(create(copyOf(id, INCREMENTAL)));
  return create(copyOf(id, INCREMENTAL));
}

interface Refusal {
  readonly name: string;
  readonly order: (client: SdkClient) => Order | Promise<Order>;
  readonly status: number;
  readonly code: string;
}

const limits: readonly Refusal[] = [
  {
    name: "the 501st incremental snapshot of a disk",
    order: () => {
      const { id } = addDisk(world);
      for (let count = 0; count < 500; count += 1) addSnapshot(id);
      return create(copyOf(id, INCREMENTAL));
    },
    // It is accepted, and its operation fails.
    ...{ status: 200, code: "SnapshotsLimitReached" },
  },
  {
    name: "the eighth incremental snapshot of a disk in five minutes",
    order: async (client) => {
      const { id } = addDisk(world);
      for (let count = 0; count < 7; count += 1) await client.ask(create(copyOf(id, INCREMENTAL)));
      return create(copyOf(id, INCREMENTAL));
    },
    ...NOT_NOW,
  },
  {
    name: "a snapshot of a Premium SSD v2 disk of which three are being copied",
    order: (client) => fourth(client, "PremiumV2_LRS"),
    ...NOT_NOW,
  },
  {
    name: "a snapshot of an Ultra disk of which three are being copied",
    order: (client) => fourth(client, "UltraSSD_LRS"),
    ...NOT_NOW,
  },
  {
    name: "a hundred and one copies to a region at once",
    order: async (client) => {
      world.inventory.setComputePace({ regionCopy: HOUR });
      const { id = "" } = await client.ask(create(copyStartOf(addSnapshot(addDisk(world).id))));
      const copy = world.inventory.state.snapshots[id.toLowerCase()];
      assert.ok(copy !== undefined);
      // Each of another disk.
      for (let count = 1; count < 100; count += 1) {
        const another = { id: `${id}-${count}`, sourceResourceId: addSnapshot(addDisk(world).id) };
        world.inventory.state.snapshots[another.id.toLowerCase()] = { ...copy, ...another };
      }
      return create(copyStartOf(addSnapshot(addDisk(world).id)));
    },
    ...NOT_NOW,
  },
  {
    name: "a second copy of a disk's snapshots while the first is under way",
    order: async (client) => {
      world.inventory.setComputePace({ regionCopy: HOUR });
      const { id } = addDisk(world);
      const [first, second] = [addSnapshot(id), addSnapshot(id)];
      await client.ask(create(copyStartOf(first)));
      return create(copyStartOf(second));
    },
    ...NOT_NOW,
  },
];

const impossibilities: readonly Refusal[] = [
  {
    name: "a full snapshot of a Premium SSD v2 disk",
    order: () => create(copyOf(addDisk(world, { sku: "PremiumV2_LRS" }).id)),
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "a full snapshot of an Ultra disk",
    order: () => create(copyOf(addDisk(world, { sku: "UltraSSD_LRS" }).id)),
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "an incremental snapshot outside its disk's subscription",
    order: () => inOtherSubscription(copyOf(addDisk(world).id, INCREMENTAL)),
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "a kind that snapshots are not kept in",
    order: () => create(copyOf(addDisk(world).id, { sku: { name: "StandardSSD_LRS" } })),
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "a snapshot of a disk that does not exist",
    order: () => create(copyOf(`${addDisk(world).id}-not`)),
    ...{ status: 404, code: "NotFound" },
  },
  {
    name: "a snapshot in another region than its disk",
    order: () => create(copyOf(addDisk(world).id, { location: OTHER_REGION })),
    ...{ status: 404, code: "NotFound" },
  },
  {
    name: "another disk for a snapshot that is there",
    order: () => {
      const name = addSnapshot(addDisk(world).id).split("/").at(-1) ?? "";
      const order = create(copyOf(addDisk(world).id, INCREMENTAL));
      return { ...order, with: { ...fresh("snapshot"), body: {}, ...order.with, name } };
    },
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "copying a full snapshot to another region",
    order: () => create(copyStartOf(addSnapshot(addDisk(world).id, false))),
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "copying a disk to another region",
    order: () => create(copyStartOf(addDisk(world).id)),
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "copying to another region without asking for an incremental snapshot",
    order: () => {
      const { properties, ...head } = copyStartOf(addSnapshot(addDisk(world).id));
      return create({ ...head, properties: { ...properties, incremental: false } });
    },
    ...{ status: 400, code: "InvalidParameter" },
  },
  {
    name: "copying a snapshot to another subscription",
    order: () => inOtherSubscription(copyStartOf(addSnapshot(addDisk(world).id))),
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "copying a snapshot under a customer's key without a set of keys in the other region",
    order: () => create(copyStartOf(addSnapshot(encryptedDisk()))),
    ...{ status: 400, code: "BadRequest" },
  },
  {
    name: "copying a snapshot whose data is not there yet",
    order: async (client) => {
      world.inventory.setComputePace({ backgroundCopy: HOUR });
      return create(copyStartOf(await taken(client, { sku: "PremiumV2_LRS" })));
    },
    ...NOT_NOW,
  },
  {
    name: "reading a snapshot whose data is not there yet",
    order: async (client) => {
      world.inventory.setComputePace({ backgroundCopy: HOUR });
      return grant(await taken(client, { sku: "PremiumV2_LRS", logicalSectorSize: 512 }));
    },
    ...NOT_NOW,
  },
  {
    name: "reading a snapshot with sectors of 4096 bytes in a format that has none",
    order: () => grant(addSnapshot(addDisk(world, { sku: "UltraSSD_LRS", logicalSectorSize: 4096 }).id)),
    ...{ status: 400, code: "BadRequest" },
  },
];

function inOtherSubscription(body: ComputeResource): Order {
  const order = create(body);
  return { ...order, with: { ...fresh("snapshot"), body, subscriptionId: OTHER_SUBSCRIPTION } };
}

function encryptedDisk(): string {
  const { subscriptionId, group: resourceGroup, name } = fresh("set");
  const { id: diskEncryptionSetId } = world.inventory.addDiskEncryptionSet({
    ...{ subscriptionId, resourceGroup, name },
  });
  const encryption = { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId };
  return addDisk(world, { encryption }).id;
}

function grant(snapshot: string): Order {
  const name = snapshot.split("/").at(-1) ?? "";
  const body = { access: "Read", durationInSeconds: 60 } as const;
  return { do: "snapshots.grant", signIn: world.owner, with: { ...fresh("snapshot"), name, body } };
}

for (const sdk of SDKS) {
  for (const { name, order, ...wanted } of [...limits, ...impossibilities]) {
    test(`${sdk} is refused for ${name}`, async () => {
      const client = await world.client(sdk);
      const { kind, status, code, message } = await client.refused(await order(client));
      assert.deepEqual({ kind, status, code }, { kind: "service", ...wanted }, message);
    });
  }

  test(`${sdk} takes the eighth snapshot of a disk when five minutes are over`, async () => {
    const client = await world.client(sdk);
    const { id } = addDisk(world);
    for (let count = 0; count < 7; count += 1) await client.ask(create(copyOf(id, INCREMENTAL)));
    assert.equal((await client.refused(create(copyOf(id, INCREMENTAL)))).status, 409);
    // Full ones are not counted.
    await client.ask(create(copyOf(id)));
    world.clock.advance(5 * 60_000);
    await client.ask(create(copyOf(id, INCREMENTAL)));
  });

  test(`${sdk} takes the fourth snapshot of an Ultra disk when one has been copied`, async () => {
    const client = await world.client(sdk);
    world.inventory.setComputePace({ backgroundCopy: HOUR });
    const { id } = addDisk(world, { sku: "UltraSSD_LRS" });
    for (let count = 0; count < 3; count += 1) await client.ask(create(copyOf(id, INCREMENTAL)));
    assert.equal((await client.refused(create(copyOf(id, INCREMENTAL)))).status, 409);
    world.clock.advance(HOUR);
    await client.ask(create(copyOf(id, INCREMENTAL)));
  });

  test(`${sdk} has a copy that fails when its source is deleted before it is whole`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    world.inventory.setComputePace({ regionCopy: HOUR });
    const source = { ...fresh("snapshot"), name: (await taken(client)).split("/").at(-1) ?? "" };
    const copy = fresh("copy");
    const body = copyStartOf((await client.ask({ do: "snapshots.get", signIn, with: source })).id ?? "");
    await client.ask({ do: "snapshots.create", signIn, with: { ...copy, body } });
    world.clock.advance(HOUR / 4);
    await client.ask({ do: "snapshots.delete", signIn, with: source });
    world.clock.advance(HOUR);
    const { properties } = await client.ask({ do: "snapshots.get", signIn, with: copy });
    const { errorCode } = { ...Object(properties?.["copyCompletionError"]) };
    assert.equal(errorCode, "CopySourceNotFound");
    assert.ok(Number(properties?.["completionPercent"]) < 100);
  });

  test(`${sdk} takes a full snapshot outside its disk's subscription`, async () => {
    const client = await world.client(sdk);
    const made = await client.ask({
      ...{ do: "snapshots.create", signIn: world.owner },
      with: { ...fresh("snapshot"), body: copyOf(addDisk(world).id), subscriptionId: OTHER_SUBSCRIPTION },
    });
    assert.ok(made.id?.startsWith(`/subscriptions/${OTHER_SUBSCRIPTION}/`), made.id);
  });
}
