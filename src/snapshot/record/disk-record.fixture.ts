import type { DiskTraits } from "../../azure/resource-manager/disk.ts";
import type { DiskRecord } from "./disk-record.ts";

/** A Premium SSD v2 disk with everything that such a disk can have. */
export const v2Traits: DiskTraits = {
  sku: "PremiumV2_LRS",
  tier: undefined,
  iops: 5000,
  throughput: 200,
  iopsReadOnly: undefined,
  throughputReadOnly: undefined,
  performancePlus: undefined,
  dataAccessAuthMode: undefined,
  logicalSectorSize: 4096,
  encryption: { type: undefined, diskEncryptionSetId: undefined },
  networkAccessPolicy: "AllowAll",
  diskAccessId: undefined,
  publicNetworkAccess: "Enabled",
  burstingEnabled: undefined,
  maxShares: undefined,
  zones: ["1"],
  osType: undefined,
  hyperVGeneration: undefined,
  securityType: undefined,
  secureVMDiskEncryptionSetId: undefined,
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
