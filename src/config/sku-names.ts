/** The kinds of managed disk, in Azure's spelling. Source: learn.microsoft.com/rest/api/compute/disks/get#diskstorageaccounttypes */
export const DISK_SKUS = [
  "Standard_LRS",
  "StandardSSD_LRS",
  "StandardSSD_ZRS",
  "Premium_LRS",
  "Premium_ZRS",
  "PremiumV2_LRS",
  "UltraSSD_LRS",
] as const;

/** How snapshots are stored. Source: learn.microsoft.com/rest/api/compute/snapshots/get#snapshotstorageaccounttypes */
export const SNAPSHOT_SKUS = ["Standard_LRS", "Standard_ZRS", "Premium_LRS"] as const;

/** The one of the names that the text is, whatever its case. */
export function nameIn<N extends string>(names: readonly N[], text: string): N | undefined {
  return names.find((name) => name.toLowerCase() === text.toLowerCase());
}
