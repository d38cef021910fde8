import { randomUUID } from "node:crypto";
import type { ComputeKind, ComputeResource } from "./compute-orders.ts";
import type { SignIn } from "./order.ts";
import { GROUP, GROUP_ID, startWorld, SUBSCRIPTION, TENANT, type Roles, type World } from "./world.ts";

export const SUBSCRIPTION_ID = `/subscriptions/${SUBSCRIPTION}`;
/** Where the groups are, and all that is made without another place. */
export const REGION = "westeurope";
export const OTHER_REGION = "northeurope";
/** Has neither zones nor zone-redundant disks. */
export const REGION_WITHOUT_ZONES = "westus";
export const OTHER_SUBSCRIPTION = "44444444-4444-4444-8444-444444444444";

export interface Named {
  readonly subscriptionId: string;
  readonly group: string;
  readonly name: string;
}

/** A world with disks to be made in it: a second subscription with a group of the same name, and an owner of both. */
export interface ComputeWorld extends World {
  readonly owner: SignIn;
  signInWith(...roles: Roles): SignIn;
}

export async function startComputeWorld(): Promise<ComputeWorld> {
  const world = await startWorld();
  world.inventory.addSubscription({ subscriptionId: OTHER_SUBSCRIPTION, tenantId: TENANT });
  world.inventory.addResourceGroup({ subscriptionId: OTHER_SUBSCRIPTION, name: GROUP });
  const signInWith = (...roles: Roles): SignIn => world.application(roles).signIn;
  const owner = signInWith(["Owner", SUBSCRIPTION_ID], ["Owner", `/subscriptions/${OTHER_SUBSCRIPTION}`]);
  return { ...world, owner, signInWith };
}

/** A name that nothing has yet. */
export function fresh(what: string): Named {
  return { subscriptionId: SUBSCRIPTION, group: GROUP, name: `${what}-${randomUUID()}` };
}

/** What has the place's name in that subscription and group. */
export function idOf(kind: ComputeKind, { subscriptionId, group, name }: Named): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/${kind}/${name}`;
}

/** Of the group that is there from the start. */
export const GROUP_SCOPE = GROUP_ID;

/** What the inventory may be told of a disk. */
export type DiskWish = Partial<Parameters<World["inventory"]["addDisk"]>[0]>;

/** A new disk; the inventory's, so that no rule of Compute is in the way. */
export function addDisk(world: World, settings: DiskWish = {}): Named & { readonly id: string } {
  const place = fresh("disk");
  const { subscriptionId, group: resourceGroup, name } = place;
  const { id } = world.inventory.addDisk({ subscriptionId, resourceGroup, name, ...settings });
  return { ...place, id };
}

/** What is sent for a snapshot of a disk, or for a disk of a snapshot. */
export function copyOf(sourceResourceId: string, more: ComputeResource = {}): ComputeResource {
  const { properties, ...head } = more;
  return {
    location: REGION,
    ...head,
    properties: { creationData: { createOption: "Copy", sourceResourceId }, ...properties },
  };
}

/** What is sent to copy a snapshot to another region. */
export function copyStartOf(sourceResourceId: string, location = OTHER_REGION): ComputeResource {
  return {
    location,
    properties: { creationData: { createOption: "CopyStart", sourceResourceId }, incremental: true },
  };
}
