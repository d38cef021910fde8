import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { SDKS } from "./client.ts";
import {
  addDisk,
  copyOf,
  fresh,
  OTHER_REGION,
  startComputeWorld,
  type ComputeWorld,
} from "./compute-world.ts";
import type { Order } from "./order.ts";

const INCREMENTAL = { properties: { incremental: true } } as const;
const ONCE = { max: 0 } as const;
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
});
afterEach(() => {
  world.faults.clear();
  world.inventory.restoreRegion(OTHER_REGION);
  world.inventory.setComputePace({ disk: 0, snapshot: 0 });
});
after(() => world[Symbol.asyncDispose]());

for (const sdk of SDKS) {
  test(`${sdk} is refused for too many requests to Compute, when it may not try again`, async () => {
    const client = await world.client(sdk);
    const effect = { kind: "throttle", retryAfterSeconds: 30 } as const;
    world.faults.add({ service: "resource-manager", operation: "disks/get", effect });
    const order = { do: "disks.get", signIn: world.owner, with: addDisk(world), retries: ONCE } as const;
    const { status, code } = await client.refused(order);
    assert.deepEqual([status, code], [429, "OperationNotAllowed"]);
    world.faults.assertSpent();
  });

  test(`${sdk} waits as long as Compute says when it is throttled, and takes its snapshot then`, async () => {
    const client = await world.client(sdk);
    const effect = { kind: "throttle", retryAfterSeconds: 1 } as const;
    world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
    world.log.clear();
    const body = copyOf(addDisk(world).id, INCREMENTAL);
    await client.ask({
      ...{ do: "snapshots.create", signIn: world.owner, with: { ...fresh("snapshot"), body } },
    });
    world.faults.assertSpent();
    const asked = world.log.entries().filter(({ operation }) => operation === "snapshots/create");
    const [first, second] = asked;
    assert.deepEqual([first?.status, second?.status, asked.length], [429, 202, 2]);
    assert.ok((second?.time ?? 0) - (first?.time ?? 0) >= 1000);
  });

  test(`${sdk} sends a snapshot again whose answer was lost, and there is one snapshot`, async () => {
    const client = await world.client(sdk);
    const disk = addDisk(world);
    const then = world.inventory.writeDisk(disk.id);
    const order: Order<"snapshots.create"> = {
      ...{ do: "snapshots.create", signIn: world.owner, retries: ONCE },
      with: { ...fresh("snapshot"), body: copyOf(disk.id, INCREMENTAL) },
    };
    const effect = { kind: "cut", afterBytes: 0 } as const;
    world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
    assert.equal((await client.refused(order)).status, undefined);
    world.faults.assertSpent();
    world.inventory.writeDisk(disk.id);
    const taken = await client.ask(order);
    const found = world.inventory.snapshots().filter(({ sourceResourceId }) => sourceResourceId === disk.id);
    assert.deepEqual(
      found.map(({ id, generation }) => [id, generation]),
      [[taken.id, then]],
    );
  });

  for (const [kind, start] of [
    ["disks", "of a snapshot"],
    ["snapshots", "of a disk"],
  ] as const) {
    test(`${sdk} is told why one of the ${kind} ${start} came to nothing, and can delete what is left`, async () => {
      const client = await world.client(sdk);
      const signIn = world.owner;
      const disk = addDisk(world);
      const { subscriptionId, group: resourceGroup, name } = fresh("snapshot");
      const before = { subscriptionId, resourceGroup, name, sourceResourceId: disk.id };
      const source = kind === "snapshots" ? disk.id : world.inventory.addSnapshot(before).id;
      world.inventory.failOperations({ type: kind, code: "InternalExecutionError" });
      const place = fresh("failed");
      const { kind: who, code } = await client.refused({
        ...{ do: `${kind}.create`, signIn, with: { ...place, body: copyOf(source) } },
      });
      assert.deepEqual([who, code], ["service", "InternalExecutionError"]);
      const left = await client.ask({ do: `${kind}.get`, signIn, with: place });
      assert.equal(left.properties?.["provisioningState"], "Failed");
      await client.ask({ do: `${kind}.delete`, signIn, with: place });
      assert.equal((await client.refused({ do: `${kind}.get`, signIn, with: place })).status, 404);
    });
  }

  test(`${sdk} cannot delete a disk under a lock, nor change one that may only be read`, async () => {
    const client = await world.client(sdk);
    const signIn = world.owner;
    const disk = addDisk(world);
    const change = { do: "disks.update", signIn, with: { ...disk, body: { tags: { a: "b" } } } } as const;
    world.inventory.addLock({ scope: disk.id });
    const deletion = await client.refused({ do: "disks.delete", signIn, with: disk });
    assert.deepEqual([deletion.status, deletion.code], [409, "ScopeLocked"]);
    await client.ask(change);
    world.inventory.addLock({ scope: disk.id, level: "ReadOnly" });
    const { status, code } = await client.refused(change);
    assert.deepEqual([status, code], [409, "ScopeLocked"]);
  });

  test(`${sdk} is refused by a region that is out of service, and finds its disks when it is back`, async () => {
    const client = await world.client(sdk);
    const disk = addDisk(world, { location: OTHER_REGION });
    const order = { do: "disks.get", signIn: world.owner, with: disk, retries: ONCE } as const;
    world.inventory.loseRegion(OTHER_REGION, "unavailable");
    const { status } = await client.refused(order);
    assert.equal(status, 503);
    world.inventory.restoreRegion(OTHER_REGION);
    assert.equal((await client.ask(order)).id, disk.id);
  });
}
