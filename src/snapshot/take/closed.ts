import type { DiskTraits } from "../../azure/resource-manager/disk.ts";

/**
 * Whether a disk's content is not for everybody to export who has an address for it. Its snapshots must not be either: Azure
 * makes them open, whatever the disk was. Source: learn.microsoft.com/azure/virtual-machines/disks-enable-private-links-for-import-export-portal
 */
export function isClosed({
  networkAccessPolicy,
  publicNetworkAccess,
}: Partial<Pick<DiskTraits, "networkAccessPolicy" | "publicNetworkAccess">>): boolean {
  const policy = networkAccessPolicy?.toLowerCase() ?? "allowall";
  return policy !== "allowall" || publicNetworkAccess?.toLowerCase() === "disabled";
}
