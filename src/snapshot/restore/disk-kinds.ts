import { DISK_SKUS, nameIn } from "../../config/sku-names.ts";

/** What a kind of disk can be and have. */
export interface DiskKind {
  /** Whether it is in all zones of its region, and so in none that could be named. */
  readonly zoneRedundant: boolean;
  /** Performance tiers and bursting on demand. */
  readonly tiers: boolean;
  /** Whether IOPS, throughput and the size of sectors are the user's choice, and between what. */
  readonly chosen: ChosenPerformance | undefined;
  /** How many machines may share a disk of this size. */
  readonly shares: (gibibytes: number) => number;
  /** Whether a machine can start from it. */
  readonly bootable: boolean;
}

export interface ChosenPerformance {
  readonly iops: readonly [least: number, most: number];
  readonly iopsPerGibibyte: number;
  /** MB/s; never more than a quarter of the IOPS, since an operation counts 256 KiB at the most. */
  readonly throughput: readonly [least: number, most: number];
}

/** By size as the tiers P and E: 3 up to 512 GiB, 5 up to 4 TiB. */
const sharesBySize = (gibibytes: number): number => (gibibytes <= 512 ? 3 : gibibytes <= 4096 ? 5 : 10);
const plain = { zoneRedundant: false, tiers: false, chosen: undefined, bootable: true };

/**
 * Sources, all under learn.microsoft.com/azure/virtual-machines/: disks-types (what is chosen, limits, usable as OS disk),
 * disks-redundancy (zones), disks-change-performance (tiers), disk-bursting, disks-shared (shares by size).
 */
const KINDS: Readonly<Record<(typeof DISK_SKUS)[number], DiskKind>> = {
  Standard_LRS: { ...plain, shares: () => 1 },
  StandardSSD_LRS: { ...plain, shares: sharesBySize },
  StandardSSD_ZRS: { ...plain, zoneRedundant: true, shares: sharesBySize },
  Premium_LRS: { ...plain, tiers: true, shares: sharesBySize },
  Premium_ZRS: { ...plain, zoneRedundant: true, tiers: true, shares: sharesBySize },
  PremiumV2_LRS: {
    ...plain,
    bootable: false,
    chosen: { iops: [3000, 80_000], iopsPerGibibyte: 500, throughput: [125, 1200] },
    shares: () => 15,
  },
  UltraSSD_LRS: {
    ...plain,
    bootable: false,
    chosen: { iops: [100, 400_000], iopsPerGibibyte: 1000, throughput: [1, 10_000] },
    shares: () => 15,
  },
};

/** Undefined for a kind that came after this version. */
export function kindOf(sku: string): DiskKind | undefined {
  const name = nameIn(DISK_SKUS, sku);
  return name === undefined ? undefined : KINDS[name];
}

/** In Azure's spelling, as far as the kind is known. */
export function spelledSku(sku: string): string {
  return nameIn(DISK_SKUS, sku) ?? sku;
}
