import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DiskRecord } from "../simulator/resource-manager/compute/records.ts";
import { DISK_GROUP, SNAPSHOT_GROUP } from "./local-azure.ts";
import { Plugin, type VolumeSnapshotterClient } from "./plugin-client.ts";
import type { Scene } from "./scene.ts";

/** Where the cluster's nodes have the disk. */
const ZONE = "westeurope-2";

/** What a disk is beside its content, and what a bare copy of it would have lost. */
function traitsOf({ sku, tier, zones, encryption, networkAccessPolicy, maxShares }: DiskRecord) {
  return { sku, tier, zones, encryption, networkAccessPolicy, maxShares };
}

/** A disk of the cluster goes through a backup: a snapshot, an accident, a restore. */
export async function tellDisks(scene: Scene): Promise<void> {
  const { azure, narrator } = scene;
  const { disk, world } = azure;
  await withVolumes(scene, async (volumes) => {
    const handle = disk.id.replace("Microsoft.Compute/disks", "microsoft.compute/Disks");
    const volume = { spec: { csi: { driver: "disk.csi.azure.com", volumeHandle: handle } } };
    const snapshotId = await narrator.step("A disk is snapshotted, as Velero does for a volume", async () => {
      const volumeId = await volumes.volumeId(volume);
      const volumeType = await volumes.volumeType(volumeId);
      const tags = { "velero.io/backup": "nightly", "velero.io/pv": "pvc-shop" };
      const began = performance.now();
      const taken = await volumes.createSnapshot(volumeId, ZONE, tags);
      const milliseconds = Math.round(performance.now() - began);
      narrator.detail(
        `disk "${volumeId}", ${volumeType}, tier ${disk.tier}, zone 2, encrypted with a customer's key`,
      );
      narrator.detail(`snapshot ${taken.split("/").at(-1)}: ${milliseconds} ms`);
      return taken;
    });
    await narrator.step("Its data is overwritten by accident, and restored into a new disk", async () => {
      const good = world.inventory.disk(disk.id)?.generation;
      world.inventory.writeDisk(disk.id);
      const restoredId = await volumes.createVolumeFromSnapshot(snapshotId, disk.sku, ZONE);
      const restored = world.inventory.disk(disk.id.replace(/[^/]+$/, restoredId));
      ok(restored !== undefined, `there is no disk "${restoredId}"`);
      equal(restored.generation, good, "the restored disk holds other data");
      deepStrictEqual(traitsOf(restored), traitsOf(disk));
      const { csi } = (await volumes.withVolumeId(volume, restoredId)).spec;
      equal(csi.volumeHandle, restored.id);
      narrator.detail(`disk "${restoredId}" holds what was there when the snapshot was taken`);
      narrator.detail("the same kind, tier, zone, encryption set, network rules and number of shares");
    });
    await narrator.step("The backup's snapshot is deleted", async () => {
      await volumes.deleteSnapshot(snapshotId);
      equal(world.inventory.snapshot(snapshotId), undefined);
      narrator.detail("and nothing is left in the snapshots' resource group");
    });
  });
}

async function withVolumes(
  { azure, executable, folder, logged, signal }: Scene,
  use: (volumes: VolumeSnapshotterClient) => Promise<void>,
): Promise<void> {
  const [tenant] = azure.tenants;
  ok(tenant !== undefined);
  const credentialsFile = join(folder, "credentials-of-disks");
  const values = {
    AZURE_TENANT_ID: tenant.application.tenantId,
    AZURE_CLIENT_ID: tenant.application.clientId,
    AZURE_FEDERATED_TOKEN_FILE: await azure.writeServiceAccountToken(folder),
    AZURE_SUBSCRIPTION_ID: tenant.subscriptionId,
    AZURE_RESOURCE_GROUP: DISK_GROUP,
    AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
    AZURE_RESOURCE_MANAGER_ENDPOINT: azure.world.endpoints.resourceManager,
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(credentialsFile, lines.join(""), { mode: 0o600 });
  const log = (line: string): number => logged.push(line);
  await using plugin = await Plugin.start({ executable, temporary: folder, log, signal });
  await plugin.volumes.init({
    resourceGroup: SNAPSHOT_GROUP,
    caCert: azure.authority,
    credentialsFile,
  });
  await use(plugin.volumes);
  await plugin.shutdown();
}
