import { type DiskTraits, UNKNOWN_TRAITS } from "../../azure/resource-manager/disk.ts";
import type { DiskRecord } from "./disk-record.ts";

/** A Premium SSD v2 disk with everything that such a disk can have. */
export const v2Traits: DiskTraits = {
  ...UNKNOWN_TRAITS,
  sku: "PremiumV2_LRS",
  iops: 5000,
  throughput: 200,
  logicalSectorSize: 4096,
  networkAccessPolicy: "AllowAll",
  publicNetworkAccess: "Enabled",
  zones: ["1"],
};

export function recordWith(traits: Partial<DiskTraits>, rest: Partial<DiskRecord> = {}): DiskRecord {
  return {
    location: "westeurope",
    place: { subscriptionId: "11111111-1111-1111-1111-111111111111", resourceGroup: "MC_nodes" },
    disk: { ...v2Traits, ...traits },
    copy: undefined,
    ...rest,
  };
}
