import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SDKS } from "./client.ts";
import {
  addDisk,
  copyOf,
  copyStartOf,
  fresh,
  GROUP_SCOPE,
  REGION,
  startComputeWorld,
  SUBSCRIPTION_ID,
  type ComputeWorld,
  type DiskWish,
} from "./compute-world.ts";
import type { Order } from "./order.ts";
import { GROUP, SUBSCRIPTION, type Roles } from "./world.ts";

const INCREMENTAL = { properties: { incremental: true } } as const;
/** A group that a role in the world's own group does not reach. */
const ELSEWHERE = "elsewhere";
const ELSEWHERE_SCOPE = `${SUBSCRIPTION_ID}/resourceGroups/${ELSEWHERE}`;
const RESTORES = ["Disk Restore Operator", GROUP_SCOPE] as const;
let world: ComputeWorld;

before(async () => {
  world = await startComputeWorld();
  world.inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: ELSEWHERE });
});
after(() => world[Symbol.asyncDispose]());

interface Refusal {
  readonly name: string;
  readonly roles: Roles;
  readonly order: () => Order;
  readonly code: "AuthorizationFailed" | "LinkedAuthorizationFailed";
}

function newDisk(properties: NonNullable<ReturnType<typeof copyOf>["properties"]>): Order {
  const creationData = { createOption: "Empty" };
  const body = { location: REGION, properties: { creationData, diskSizeGB: 4, ...properties } };
  return { do: "disks.create", with: { ...fresh("disk"), body } };
}

function addSnapshot(resourceGroup: string, disk: DiskWish = {}) {
  const { subscriptionId, name } = fresh("snapshot");
  const sourceResourceId = addDisk(world, disk).id;
  const place = { subscriptionId, resourceGroup, name };
  const { id } = world.inventory.addSnapshot({ ...place, sourceResourceId, incremental: true });
  return { subscriptionId, group: resourceGroup, name, id };
}

const refusals: readonly Refusal[] = [
  {
    name: "reading a disk without a role",
    roles: [],
    order: () => ({ do: "disks.get", with: addDisk(world) }),
    code: "AuthorizationFailed",
  },
  {
    name: "making a disk with a role that may only read",
    roles: [["Reader", SUBSCRIPTION_ID]],
    order: () => newDisk({}),
    code: "AuthorizationFailed",
  },
  {
    name: "deleting a disk with the role for restores",
    roles: [RESTORES],
    order: () => ({ do: "disks.delete", with: addDisk(world) }),
    code: "AuthorizationFailed",
  },
  {
    name: "a disk of a snapshot that it may not use",
    roles: [RESTORES],
    order: () => {
      const body = copyOf(addSnapshot(ELSEWHERE).id);
      return { do: "disks.create", with: { ...fresh("disk"), body } };
    },
    code: "LinkedAuthorizationFailed",
  },
  {
    name: "a disk under an encryption set that it may not read",
    roles: [RESTORES],
    order: () => {
      const place = { subscriptionId: SUBSCRIPTION, resourceGroup: ELSEWHERE, name: fresh("set").name };
      const { id: diskEncryptionSetId } = world.inventory.addDiskEncryptionSet(place);
      return newDisk({ encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId } });
    },
    code: "LinkedAuthorizationFailed",
  },
  {
    name: "a disk behind a disk access that it may not read",
    roles: [RESTORES],
    order: () => {
      const place = { subscriptionId: SUBSCRIPTION, resourceGroup: ELSEWHERE, name: fresh("access").name };
      const { id: diskAccessId } = world.inventory.addDiskAccess(place);
      return newDisk({ networkAccessPolicy: "AllowPrivate", diskAccessId });
    },
    code: "LinkedAuthorizationFailed",
  },
  {
    name: "asking for the kinds of disk with a role in one group",
    roles: [["Contributor", GROUP_SCOPE]],
    order: () => ({ do: "skus.list", with: { subscriptionId: SUBSCRIPTION, resourceType: "disks" } }),
    code: "AuthorizationFailed",
  },
  {
    name: "a snapshot with the role for reading disks",
    roles: [["Disk Backup Reader", SUBSCRIPTION_ID]],
    order: () => {
      const body = copyOf(addDisk(world).id, INCREMENTAL);
      return { do: "snapshots.create", with: { ...fresh("snapshot"), body } };
    },
    code: "AuthorizationFailed",
  },
  {
    name: "a snapshot of a disk that it may not use",
    roles: [["Disk Snapshot Contributor", GROUP_SCOPE]],
    order: () => {
      const body = copyOf(addDisk(world, { resourceGroup: ELSEWHERE }).id, INCREMENTAL);
      return { do: "snapshots.create", with: { ...fresh("snapshot"), body } };
    },
    code: "LinkedAuthorizationFailed",
  },
  {
    name: "a copy of a snapshot that it may not use",
    roles: [["Disk Snapshot Contributor", GROUP_SCOPE]],
    order: () => {
      const body = copyStartOf(addSnapshot(ELSEWHERE).id);
      return { do: "snapshots.create", with: { ...fresh("copy"), body } };
    },
    code: "LinkedAuthorizationFailed",
  },
  {
    name: "deleting a snapshot with the role for restores",
    roles: [RESTORES],
    order: () => ({ do: "snapshots.delete", with: addSnapshot(GROUP) }),
    code: "AuthorizationFailed",
  },
];

for (const sdk of SDKS) {
  for (const { name, roles, order, code } of refusals) {
    test(`${sdk} is refused for ${name}`, async () => {
      const client = await world.client(sdk);
      const refusal = await client.refused({ ...order(), signIn: world.signInWith(...roles) });
      const { kind, status, message } = refusal;
      assert.deepEqual([kind, status, refusal.code], ["service", 403, code], message);
    });
  }

  test(`${sdk} takes a snapshot, restores and deletes it with exactly the roles that are for it`, async () => {
    const client = await world.client(sdk);
    const signIn = world.signInWith(
      ["Disk Backup Reader", ELSEWHERE_SCOPE],
      ["Disk Snapshot Contributor", GROUP_SCOPE],
      ["Disk Restore Operator", ELSEWHERE_SCOPE],
    );
    const disk = addDisk(world, { resourceGroup: ELSEWHERE });
    const snapshot = fresh("snapshot");
    const taken = { ...snapshot, body: copyOf(disk.id, INCREMENTAL) };
    const { id = "" } = await client.ask({ do: "snapshots.create", signIn, with: taken });
    const restored = { ...fresh("restored"), group: ELSEWHERE, body: copyOf(id) };
    await client.ask({ do: "disks.create", signIn, with: restored });
    await client.ask({ do: "snapshots.delete", signIn, with: snapshot });
  });
}
