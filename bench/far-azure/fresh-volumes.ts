import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Simulator } from "../../simulator/simulator.ts";
import type { FreshVolumes } from "./orders.ts";

/**
 * How long Azure's Compute takes, as Microsoft's own recordings of its command line have it (azure-cli,
 * test_completion_percent.yaml, November 2023): the first look finds a snapshot not done, its operation takes 0.64 s;
 * a disk's takes 0.13 s. None of the answers has a Retry-After.
 */
const pace = { snapshot: 640, disk: 125, deletion: 125, retryAfterSeconds: null };

const location = "westeurope";

/** The parts of a far world that volumes are made in. */
export interface VolumeWorld {
  readonly world: Simulator;
  /** For files. */
  readonly folder: string;
  /** Of the plugin's process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Disks in a subscription that nobody has used, and a volume snapshot location for them, signed in by a client secret. */
export async function freshVolumes(
  { world, folder, environment }: VolumeWorld,
  count: number,
): Promise<FreshVolumes> {
  const { inventory, directory, authority, log } = world;
  inventory.setComputePace(pace);
  const { tenantId } = directory.addTenant();
  const { subscriptionId } = inventory.addSubscription({ subscriptionId: randomUUID(), tenantId });
  const disks = inventory.addResourceGroup({ subscriptionId, name: "cluster", location });
  const snapshots = inventory.addResourceGroup({ subscriptionId, name: "snapshots", location });
  const application = directory.addApplication({ tenantId });
  const { value } = directory.addSecret(application);
  for (const scope of [disks.id, snapshots.id]) {
    inventory.assignRole({ principalId: application.objectId, role: "Contributor", scope });
  }
  const names = Array.from({ length: count }, (_, index) => `pvc-${String(index).padStart(3, "0")}`);
  for (const name of names) {
    const place = { subscriptionId, resourceGroup: disks.name, name };
    inventory.addDisk({ ...place, location, sku: "Premium_LRS", zones: ["1"], tags: { team: "bench" } });
  }
  const credentials = {
    AZURE_CLOUD_NAME: "AzurePublicCloud",
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    AZURE_RESOURCE_GROUP: disks.name,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: application.clientId,
    AZURE_CLIENT_SECRET: value,
  };
  const lines = Object.entries(credentials).map(([key, text]) => `${key}=${text}\n`);
  const tag = randomBytes(4).toString("hex");
  const credentialsFile = join(folder, `credentials-${tag}`);
  await writeFile(credentialsFile, lines.join(""), { mode: 0o600 });
  const trusted = join(folder, `trusted-${tag}.pem`);
  await writeFile(trusted, authority.certificate);
  log.clear();
  return {
    subscriptionId,
    volumes: names,
    zone: `${location}-1`,
    config: { resourceGroup: snapshots.name, subscriptionId, incremental: "true", credentialsFile },
    // The official plugin takes no caCert for volumes.
    environment: { ...environment, SSL_CERT_FILE: trusted },
  };
}
