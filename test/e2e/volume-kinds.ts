import { type ClaimedDisk, csi, inTree } from "./claims.ts";
import type { DiskWorld } from "./disk-world.ts";

/** Every kind of PersistentVolume that has a disk, each with a kind of disk of its own. */
export const everyKind = (world: DiskWorld): readonly ClaimedDisk[] => [
  {
    name: "orders",
    disk: {
      ...{ sku: "Premium_LRS", zones: ["1"], sizeGiB: 64, tier: "P30", tags: { team: "till" } },
      encryption: {
        type: "EncryptionAtRestWithCustomerKey",
        diskEncryptionSetId: world.resourceId("diskEncryptionSets", "cluster", "at-rest"),
      },
    },
    source: csi((id) =>
      id
        .replace("resourceGroups", "resourcegroups")
        .replace("/Microsoft.Compute/disks", "/microsoft.compute/DISKS"),
    ),
    labels: { "topology.kubernetes.io/zone": "westeurope-1" },
  },
  { name: "ledger", disk: { sku: "StandardSSD_LRS", sizeGiB: 32 }, source: inTree },
  {
    name: "catalog",
    disk: {
      ...{ sku: "Premium_LRS", zones: ["2"], tier: "P2", networkAccessPolicy: "AllowPrivate" },
      ...{ diskAccessId: world.resourceId("diskAccesses", "cluster", "private") },
      publicNetworkAccess: "Disabled",
    },
    source: inTree,
    labels: { "failure-domain.beta.kubernetes.io/zone": "westeurope-2" },
    // By this, kube-controller-manager says of it that it is migrated.
    annotations: { "pv.kubernetes.io/provisioned-by": "kubernetes.io/azure-disk" },
  },
  {
    name: "sessions",
    disk: { sku: "Premium_ZRS", tier: "P2" },
    source: csi(),
    spec: { nodeAffinity: inZones("westeurope-1", "westeurope-2", "westeurope-3") },
  },
  {
    name: "quorum",
    disk: { sku: "Premium_LRS", zones: ["1"], sizeGiB: 512, tier: "P20", maxShares: 2 },
    source: csi(),
    spec: { nodeAffinity: inZones("westeurope-1") },
    ...{ accessMode: "ReadWriteMany", volumeMode: "Block" },
  },
  {
    name: "search",
    disk: {
      ...{ sku: "PremiumV2_LRS", zones: ["3"], sizeGiB: 100 },
      ...{ iops: 6000, throughput: 300, logicalSectorSize: 4096 },
    },
    source: csi(),
    spec: { nodeAffinity: inZones("westeurope-3") },
  },
  { name: "minutes", disk: { sku: "Standard_LRS" }, source: csi(), resourceGroup: "archive" },
];

/** Two of the plain kind, for what goes otherwise. */
export const pair: readonly ClaimedDisk[] = [plain("letters"), plain("invoices")];

/** A volume that is no disk, and no matter of ours. */
export const hostPath: ClaimedDisk = {
  name: "scratch",
  disk: {},
  source: () => ({ hostPath: { path: "/var/empty" } }),
};

function plain(name: string): ClaimedDisk {
  return {
    ...{ name, disk: { sku: "Premium_LRS", zones: ["1"], tier: "P2" }, source: csi() },
    labels: { "topology.kubernetes.io/zone": "westeurope-1" },
  };
}

function inZones(...zones: readonly string[]): Readonly<Record<string, unknown>> {
  const key = "topology.disk.csi.azure.com/zone";
  return {
    required: {
      nodeSelectorTerms: zones.map((zone) => ({
        matchExpressions: [{ key, operator: "In", values: [zone] }],
      })),
    },
  };
}
