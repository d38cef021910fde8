import { randomUUID } from "node:crypto";
import { formatResourceId } from "../../src/snapshot/resource-id.ts";
import { HostVolumeSnapshotter } from "../host/volume-snapshotter.ts";
import type { HostedPlugin } from "../host/host.ts";
import { type AzureWorld, type Location, type Part, TENANT } from "./azure-world.ts";
import { initVolumes } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";

type Words = Readonly<Record<string, string>>;

/** What only tests of disks need: a subscription of one's own, with a group for each purpose. */
export interface Estate {
  readonly subscriptionId: string;
  /** Resource groups: of disks, of snapshots, of restored disks, and of copies in `northeurope`. */
  readonly disks: string;
  readonly snapshots: string;
  readonly restores: string;
  readonly copies: string;
  /** The ID of a group. */
  readonly scopeOf: (group: string) => string;
  /** The ID of a disk of `disks`. */
  readonly diskId: (name: string) => string;
}

export const COPY_REGION = "northeurope";

/** A new subscription of the world's tenant; nobody may do anything in it yet. */
export function newEstate({ azure: { inventory } }: AzureWorld, tenantId = TENANT): Estate {
  const subscriptionId = randomUUID();
  inventory.addSubscription({ subscriptionId, tenantId });
  for (const name of ["disks", "snapshots", "restores"]) inventory.addResourceGroup({ subscriptionId, name });
  inventory.addResourceGroup({ subscriptionId, name: "copies", location: COPY_REGION });
  return {
    ...{ subscriptionId, disks: "disks", snapshots: "snapshots", restores: "restores", copies: "copies" },
    scopeOf: (group) => `/subscriptions/${subscriptionId}/resourceGroups/${group}`,
    diskId: (name) => formatResourceId("disks", { subscriptionId, resourceGroup: "disks", name }),
  };
}

/** Somebody new, by a client secret, with roles: by their names, the scopes. */
export function somebody(
  { azure: { directory, inventory } }: AzureWorld,
  roles: Readonly<Record<string, readonly string[]>>,
): { readonly objectId: string; readonly secret: string; readonly values: Words } {
  const application = directory.addApplication({ tenantId: TENANT, displayName: "disks" });
  const { objectId, clientId } = application;
  for (const [role, scopes] of Object.entries(roles)) {
    for (const scope of scopes) inventory.assignRole({ principalId: objectId, role, scope });
  }
  const secret = directory.addSecret(application).value;
  const values = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: secret };
  return { objectId, secret, values };
}

/** Roles that allow what is needed on an estate's groups, and little more. */
export function leastRoles({ scopeOf, disks, snapshots, restores, copies }: Estate) {
  return {
    "Disk Backup Reader": [scopeOf(disks)],
    "Disk Snapshot Contributor": [scopeOf(snapshots), scopeOf(copies)],
    // The smallest with disks/delete, for what a restore that failed has begun.
    "Virtual Machine Contributor": [scopeOf(disks), scopeOf(restores)],
  };
}

/** The ID of a new disk encryption set of the estate. */
export function encryptionSet(
  { azure: { inventory } }: AzureWorld,
  { subscriptionId }: Pick<Estate, "subscriptionId">,
  settings: { readonly name?: string; readonly location?: string; readonly encryptionType?: string } = {},
): string {
  const place = { subscriptionId, resourceGroup: "restores", name: "key" };
  return inventory.addDiskEncryptionSet({ ...place, ...settings }).id;
}

/** As a disk says that it is encrypted with one's own key. */
export function encryptedWith(diskEncryptionSetId: string) {
  return { encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId } };
}

/** A location in a process of its own, its Init done. */
export interface VolumeLocation extends Location {
  readonly volumes: HostVolumeSnapshotter;
  /** A process that comes after, its Init done. */
  readonly next: () => Promise<{ readonly plugin: HostedPlugin; readonly volumes: HostVolumeSnapshotter }>;
}

/** A volume snapshot location whose disks and snapshots are an estate's, with more config. */
export async function volumeLocation(
  world: AzureWorld,
  estate: Estate,
  { config = {}, values, cloud }: { readonly config?: Words; readonly values: Words; readonly cloud?: Part },
): Promise<VolumeLocation> {
  const place: Part = {
    values: { AZURE_SUBSCRIPTION_ID: estate.subscriptionId, AZURE_RESOURCE_GROUP: estate.disks, ...values },
    config: { resourceGroup: estate.snapshots, ...config },
  };
  const location = await world.volumes(cloud ?? (await publicCloud.part(world)), place);
  await initVolumes(location);
  const next = async () => {
    const plugin = await location.another();
    await initVolumes({ ...location, plugin });
    return { plugin, volumes: new HostVolumeSnapshotter(plugin) };
  };
  return { ...location, volumes: new HostVolumeSnapshotter(location.plugin), next };
}
