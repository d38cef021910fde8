/** What a kind of disk can do. */
export interface DiskKind {
  readonly sku: string;
  readonly tier: string;
  /** Snapshots of it are incremental and copied in the background. */
  readonly copiedInBackground: boolean;
  /** Performance is set by hand, and sectors may be of 4096 bytes. */
  readonly provisioned: boolean;
  readonly zoneRedundant: boolean;
  /** Has performance tiers and bursting that is paid for. */
  readonly tiered: boolean;
  readonly largestGiB: number;
}

const NOTHING_SPECIAL = {
  copiedInBackground: false,
  provisioned: false,
  zoneRedundant: false,
  tiered: false,
  largestGiB: 32_767,
};
const BY_HAND = { ...NOTHING_SPECIAL, copiedInBackground: true, provisioned: true, largestGiB: 65_536 };

/** Source: learn.microsoft.com/azure/virtual-machines/disks-types */
export const DISK_KINDS: readonly DiskKind[] = [
  { ...NOTHING_SPECIAL, sku: "Standard_LRS", tier: "Standard" },
  { ...NOTHING_SPECIAL, sku: "StandardSSD_LRS", tier: "Standard" },
  { ...NOTHING_SPECIAL, sku: "StandardSSD_ZRS", tier: "Standard", zoneRedundant: true },
  { ...NOTHING_SPECIAL, sku: "Premium_LRS", tier: "Premium", tiered: true },
  { ...NOTHING_SPECIAL, sku: "Premium_ZRS", tier: "Premium", tiered: true, zoneRedundant: true },
  { ...BY_HAND, sku: "PremiumV2_LRS", tier: "Premium" },
  { ...BY_HAND, sku: "UltraSSD_LRS", tier: "Ultra" },
];

/** By its name, without regard to case. */
export function diskKind(sku: string): DiskKind | undefined {
  return DISK_KINDS.find((kind) => kind.sku.toLowerCase() === sku.toLowerCase());
}

/** Source: learn.microsoft.com/rest/api/compute/snapshots/create-or-update#snapshotstorageaccounttypes */
export const SNAPSHOT_SKUS: readonly string[] = ["Standard_LRS", "Standard_ZRS", "Premium_LRS"];
