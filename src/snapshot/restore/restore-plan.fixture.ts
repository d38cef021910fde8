import type { DiskTraits } from "../../azure/resource-manager/disk.ts";
import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { kindOf } from "./disk-kinds.ts";
import { recordWith, v2Traits } from "../record/disk-record.fixture.ts";
import { type DiskRecord, recordTags } from "../record/disk-record.ts";
import { planRestore, type RestorePlan } from "./restore-plan.ts";
import type { RestoreWish } from "./restore-wish.ts";

export const platformKey = { type: undefined, diskEncryptionSetId: undefined };

export function snapshotOf(tags: Readonly<Record<string, string>>, fields: Partial<Snapshot> = {}): Snapshot {
  return {
    id: "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/snapshots/pvc-1-uuid",
    name: "pvc-1-uuid",
    location: "westeurope",
    sku: "Standard_ZRS",
    tags: { team: "a", ...tags },
    incremental: true,
    familyId: undefined,
    uniqueId: undefined,
    sourceUniqueId: undefined,
    createOption: "Copy",
    sourceResourceId: undefined,
    sizeBytes: 1024 * 2 ** 30,
    logicalSectorSize: undefined,
    encryption: platformKey,
    timeCreated: undefined,
    provisioningState: "Succeeded",
    completionPercent: undefined,
    copyError: undefined,
    ...fields,
  };
}

export interface RestoreCase {
  readonly traits?: Partial<DiskTraits>;
  readonly record?: Partial<DiskRecord>;
  readonly snapshot?: Partial<Snapshot>;
  readonly config?: Partial<RestoreWish["config"]>;
  readonly volumeType?: string;
  readonly zone?: string;
  readonly iops?: bigint;
  readonly subscriptionId?: string;
  /** As the official plugin takes them. */
  readonly bare?: boolean;
}

const unset = { restoreSkuMap: undefined, restoreZoneMap: undefined, diskEncryptionSetId: undefined };

export function plan(given: RestoreCase): RestorePlan {
  const record = recordWith(given.traits ?? {}, given.record);
  return planRestore({
    snapshot: snapshotOf(given.bare === true ? {} : recordTags(record), given.snapshot),
    request: {
      snapshotId: "unused",
      volumeType: given.volumeType ?? record.disk.sku,
      zone: given.zone ?? "westeurope-1",
      iops: given.iops,
    },
    config: { ...unset, ...given.config },
    subscriptionId: given.subscriptionId,
  });
}

/** What a disk of a kind can have at the most. */
export function traitsOf(sku: string): DiskTraits {
  const kind = kindOf(sku);
  const common = { ...v2Traits, sku, zones: kind?.zoneRedundant === true ? [] : ["1"] };
  const chosen = { ...common, maxShares: 4 };
  if (kind?.chosen !== undefined) {
    return { ...chosen, logicalSectorSize: 512 };
  }
  const fixed = { ...common, logicalSectorSize: undefined, osType: "Linux", hyperVGeneration: "V2" };
  return kind?.tiers === true
    ? { ...fixed, iops: 7500, throughput: 250, tier: "P40", burstingEnabled: true, maxShares: 4 }
    : { ...fixed, iops: 500, throughput: 60, maxShares: sku === "Standard_LRS" ? undefined : 4 };
}
