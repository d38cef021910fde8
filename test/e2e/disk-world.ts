import { readFileSync } from "node:fs";
import type { DiskRecord } from "../../simulator/resource-manager/compute/records.ts";
import type { SnapshotView } from "../../simulator/resource-manager/compute/compute-inventory.ts";
import type { ClusterParts } from "../cluster/cluster.ts";
import { SimulatedAzure } from "../cluster/simulated-azure.ts";
import type { Location, SnapshotLocation } from "../cluster/velero.ts";
import type { ClaimedDisk } from "./claims.ts";

const tenantId = "d15c0000-0000-4000-8000-000000000001";
/** The cluster's subscription, and another that snapshots may go into. */
const cluster = "d15c0000-0000-4000-8000-000000000002";
const vault = "d15c0000-0000-4000-8000-000000000003";

/** Two regions of a local Azure: in the first one the cluster with its disks, in the other what outlives it. */
const groups = [
  { subscriptionId: cluster, name: "cluster", location: "westeurope" },
  { subscriptionId: cluster, name: "archive", location: "westeurope" },
  { subscriptionId: cluster, name: "snapshots", location: "westeurope" },
  { subscriptionId: cluster, name: "copies", location: "northeurope" },
  { subscriptionId: cluster, name: "cluster-north", location: "northeurope" },
  { subscriptionId: cluster, name: "backups", location: "northeurope" },
  { subscriptionId: vault, name: "snapshots", location: "westeurope" },
];

const account = "d15cbackups";
const container = "velero";

/** A local Azure with disks, and locations of every kind for their snapshots. */
export class DiskWorld {
  readonly azure: SimulatedAzure;
  /** What no log may hold. */
  readonly secret: string;
  readonly vault = vault;
  readonly #signIn: Readonly<Record<string, string>>;

  private constructor(azure: SimulatedAzure, secret: string, clientId: string) {
    this.azure = azure;
    this.secret = secret;
    this.#signIn = {
      AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
      AZURE_ENVIRONMENT_FILEPATH: azure.cloudFile,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: secret,
    };
  }

  static async start({ namespace }: Pick<ClusterParts, "namespace">): Promise<DiskWorld> {
    const azure = await SimulatedAzure.start(namespace);
    await azure.directory("addTenant", { tenantId });
    for (const subscriptionId of [cluster, vault])
      await azure.inventory("addSubscription", { subscriptionId, tenantId });
    for (const group of groups) await azure.inventory("addResourceGroup", group);
    const application = await azure.directory("addApplication", { tenantId, displayName: "velero" });
    const { value } = await azure.directory("addSecret", application);
    const { objectId: principalId, clientId } = application;
    for (const subscription of [cluster, vault]) {
      const scope = `/subscriptions/${subscription}`;
      await azure.inventory("assignRole", { principalId, role: "Contributor", scope });
    }
    await azure.inventory("addStorageAccount", {
      ...{ subscriptionId: cluster, resourceGroup: "backups", name: account },
    });
    await azure.createContainer(account, container);
    return new DiskWorld(azure, value, clientId);
  }

  /** Where backups are stored: in the region that is not lost. */
  get location(): Location {
    const config = {
      storageAccount: account,
      storageAccountURI: this.azure.blobEndpoint(account),
      resourceGroup: "backups",
      subscriptionId: cluster,
    };
    const credentials = this.#credentials("cluster");
    return { name: "default", bucket: container, config, credentials, authority: this.azure.authority };
  }

  /** A location for snapshots, in group "snapshots" unless the config has another; `disks` is the group of the disks. */
  snapshotLocation(
    name: string,
    config: Readonly<Record<string, string>> = {},
    disks = "cluster",
  ): SnapshotLocation {
    const caCert = readFileSync(this.azure.authority, "utf8");
    return {
      name,
      config: { resourceGroup: "snapshots", caCert, ...config },
      credentials: this.#credentials(disks),
    };
  }

  /** Makes the disk and writes to it so often; its resource ID. */
  async addDisk(claimed: ClaimedDisk, writes: number): Promise<string> {
    const { name, resourceGroup = "cluster", disk } = claimed;
    const place = { subscriptionId: cluster, resourceGroup, name };
    const { id } = await this.azure.inventory("addDisk", { ...place, ...disk });
    for (let count = 0; count < writes; count++) await this.write(id);
    return id;
  }

  async write(diskId: string): Promise<void> {
    await this.azure.inventory("writeDisk", diskId);
  }

  async disk(diskId: string): Promise<DiskRecord> {
    const disk = await this.azure.inventory("disk", diskId);
    if (disk?.id === undefined) throw new Error(`there is no disk "${diskId}"`);
    return disk;
  }

  /** Those of a backup, copies too. */
  async snapshotsOf(backup: string): Promise<readonly SnapshotView[]> {
    const all = await this.azure.inventory("snapshots");
    return all.filter(({ tags }) => tags["velero.io-backup"] === backup);
  }

  /** Lets time pass until the copying in the background, of all snapshots that have any, is as good as done. */
  async untilCopiedBut(seconds: number): Promise<void> {
    const snapshots = await this.azure.inventory("snapshots");
    const last = Math.max(...snapshots.map(({ copy }) => copy?.doneAt ?? 0));
    const left = (last - (await this.azure.advanceClock(0))) / 1000 - seconds;
    if (left > 0) await this.azure.advanceClock(left);
  }

  resourceId(kind: "diskEncryptionSets" | "diskAccesses", resourceGroup: string, name: string): string {
    return `/subscriptions/${cluster}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/${kind}/${name}`;
  }

  /** What disks are protected by: an encryption set in either region, and a disk access. */
  async addProtection(): Promise<void> {
    const place = { subscriptionId: cluster, name: "at-rest" };
    await this.azure.inventory("addDiskEncryptionSet", { ...place, resourceGroup: "cluster" });
    await this.azure.inventory("addDiskEncryptionSet", { ...place, resourceGroup: "cluster-north" });
    const access = { subscriptionId: cluster, resourceGroup: "cluster", name: "private" };
    await this.azure.inventory("addDiskAccess", access);
  }

  #credentials(disks: string): Readonly<Record<string, string>> {
    return { ...this.#signIn, AZURE_SUBSCRIPTION_ID: cluster, AZURE_RESOURCE_GROUP: disks };
  }
}

/** What a disk is like: all but which one it is, when and of what it was made, and what it holds. */
export function characterOf(disk: DiskRecord): Partial<DiskRecord> {
  const { id: _id, name: _name, uniqueId: _uniqueId, timeCreated: _timeCreated, ...rest } = disk;
  const { createOption: _option, sourceResourceId: _source, sourceUniqueId: _unique, ...like } = rest;
  const { generation: _generation, tags: _tags, ...character } = like;
  return character;
}
