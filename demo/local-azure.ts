import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localIssuer, type LocalIssuer } from "../simulator/entra/local-issuer.ts";
import type { ApplicationRecord } from "../simulator/entra/state.ts";
import type { DiskRecord } from "../simulator/resource-manager/compute/records.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";

export const BUCKET = "velero";
/** The storage account that the first half of the story is about, signed in to by its key. */
export const ACCOUNT = "demoaccount";

const SUBJECT = "system:serviceaccount:velero:velero";
const AUDIENCE = "api://AzureADTokenExchange";
const ISSUER = "https://cluster.demo.invalid/";
/** Of the storage accounts, and of the snapshots. */
export const SNAPSHOT_GROUP = "backups";
/** Of the cluster's nodes and disks. */
export const DISK_GROUP = "MC_demo";

/** A customer with a tenant, a subscription and a storage account of its own, whose identity trusts the cluster. */
export interface Tenant {
  readonly name: string;
  readonly account: string;
  readonly subscriptionId: string;
  readonly application: ApplicationRecord;
}

/** The simulator with what the story needs in it. */
export interface LocalAzure {
  readonly world: Simulator;
  /** Base64. A secret. */
  readonly accountKey: string;
  /** PEM of the authority that vouches for all of it. */
  readonly authority: string;
  readonly tenants: readonly Tenant[];
  /** Of the first tenant's cluster: not one that a bare copy would do for. */
  readonly disk: DiskRecord;
  endpoint(account: string): string;
  /** The path of a service account token as a cluster gives it to Velero's pod. */
  writeServiceAccountToken(folder: string): Promise<string>;
}

export async function startLocalAzure(): Promise<LocalAzure> {
  const world = await startSimulator();
  try {
    const issuer = await localIssuer({ issuer: ISSUER, clock: world.clock });
    world.directory.trustIssuer({ issuer: ISSUER, jwks: issuer.jwks });
    const tenants = [await addTenant(world, "adatum", "ada"), await addTenant(world, "fabrikam", "fab")];
    await addAccount(world, guid("ada", 2), ACCOUNT);
    const disk = addDisk(world, guid("ada", 2));
    return {
      disk,
      world,
      tenants,
      accountKey: world.inventory.storageAccount(ACCOUNT)?.keys[0] ?? "",
      authority: world.authority.certificate,
      endpoint: (account) => `${world.endpoints.blob}/${account}`,
      writeServiceAccountToken: (folder) => writeToken(issuer, folder),
    };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

async function addTenant(world: Simulator, name: string, prefix: string): Promise<Tenant> {
  const { directory, inventory } = world;
  const tenantId = guid(prefix, 1);
  const subscriptionId = guid(prefix, 2);
  directory.addTenant({ tenantId, domains: [`${name}.onmicrosoft.com`] });
  inventory.addSubscription({ subscriptionId, tenantId });
  for (const name of [SNAPSHOT_GROUP, DISK_GROUP]) inventory.addResourceGroup({ subscriptionId, name });
  const application = directory.addApplication({
    tenantId,
    clientId: guid(prefix, 3),
    displayName: "velero",
  });
  const trust = { name: "cluster", issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] };
  directory.addFederatedCredential(application, trust);
  const account = `${name}backups`;
  const scope = await addAccount(world, subscriptionId, account);
  const grant = (role: string, scope: string): unknown =>
    inventory.assignRole({ principalId: application.objectId, role, scope });
  grant("Storage Blob Data Contributor", scope);
  const groups = `/subscriptions/${subscriptionId}/resourceGroups`;
  grant("Contributor", `${groups}/${DISK_GROUP}`);
  grant("Disk Snapshot Contributor", `${groups}/${SNAPSHOT_GROUP}`);
  return { name, account, subscriptionId, application };
}

function addDisk({ inventory }: Simulator, subscriptionId: string): DiskRecord {
  const inGroup = { subscriptionId, resourceGroup: DISK_GROUP };
  const set = inventory.addDiskEncryptionSet({ ...inGroup, name: "customer-key" });
  return inventory.addDisk({
    ...inGroup,
    name: "pvc-shop",
    ...{ sku: "Premium_LRS", tier: "P30", sizeGiB: 256, zones: ["2"], maxShares: 2 },
    encryption: { type: set.encryptionType, diskEncryptionSetId: set.id },
    networkAccessPolicy: "DenyAll",
  });
}

/** Resolves to the account's resource ID. */
async function addAccount(world: Simulator, subscriptionId: string, name: string): Promise<string> {
  const { id } = world.inventory.addStorageAccount({ subscriptionId, resourceGroup: SNAPSHOT_GROUP, name });
  await world.containers.create(name, BUCKET);
  return id;
}

async function writeToken(issuer: LocalIssuer, folder: string): Promise<string> {
  const path = join(folder, "service-account-token");
  await writeFile(path, await issuer.token({ subject: SUBJECT }), { mode: 0o600 });
  return path;
}

function guid(prefix: string, number: number): string {
  return `${prefix}00000-0000-4000-8000-00000000000${number}`;
}
