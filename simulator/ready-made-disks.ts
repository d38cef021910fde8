import type { ApplicationRecord } from "./entra/state.ts";
import type { Simulator } from "./simulator.ts";

/** Where the simulated cluster's disks are, as in AKS a group of their own. */
const DISK_GROUP = "MC_cluster_simulated_westeurope";
const COPY_REGION = "northeurope";
const COPY_GROUP = "velero-backups-north";

/** Where snapshots go: a group that is there already. */
interface SnapshotGroup {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

export interface ReadyMadeDisks {
  /** Lines of the credentials file besides the sign-in. */
  readonly credentials: Readonly<Record<string, string>>;
  /** `spec.config` of a VolumeSnapshotLocation. */
  readonly config: Readonly<Record<string, string>>;
  /** Where copies of its snapshots may go. */
  readonly copies: { readonly region: string; readonly resourceGroup: string };
  /** Resource IDs: what a PersistentVolume of `disk.csi.azure.com` has as its `volumeHandle`. */
  readonly disks: readonly string[];
}

/** A cluster's disks, one of a kind that is copied whole and one that is copied in the background, and who may do what with them. */
export function readyMadeDisks(
  { inventory }: Simulator,
  application: ApplicationRecord,
  group: SnapshotGroup,
): ReadyMadeDisks {
  const { subscriptionId, resourceGroup } = group;
  const inGroup = { subscriptionId, resourceGroup: DISK_GROUP };
  const scope = (name: string): string => `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
  const diskId = (name: string): string => `${scope(DISK_GROUP)}/providers/Microsoft.Compute/disks/${name}`;
  // A world that was kept has them, as whoever used it left them.
  if (inventory.disk(diskId("pvc-shop")) === undefined) {
    inventory.addResourceGroup({ subscriptionId, name: DISK_GROUP });
    inventory.addResourceGroup({ subscriptionId, name: COPY_GROUP, location: COPY_REGION });
    inventory.addDisk({ ...inGroup, name: "pvc-shop", sku: "Premium_LRS", sizeGiB: 64, zones: ["1"] });
    inventory.addDisk({ ...inGroup, name: "pvc-ledger", sku: "PremiumV2_LRS", sizeGiB: 64, zones: ["2"] });
    const principalId = application.objectId;
    const grants = [
      ["Contributor", DISK_GROUP],
      ["Disk Snapshot Contributor", resourceGroup],
      ["Disk Snapshot Contributor", COPY_GROUP],
    ] as const;
    for (const [role, name] of grants) inventory.assignRole({ principalId, role, scope: scope(name) });
  }
  return {
    credentials: { AZURE_SUBSCRIPTION_ID: subscriptionId, AZURE_RESOURCE_GROUP: DISK_GROUP },
    config: { resourceGroup, subscriptionId, incremental: "true" },
    copies: { region: COPY_REGION, resourceGroup: COPY_GROUP },
    disks: [diskId("pvc-shop"), diskId("pvc-ledger")],
  };
}
