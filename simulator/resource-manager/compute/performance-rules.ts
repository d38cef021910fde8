import type { DiskKind } from "./disk-kinds.ts";
import { isTier, tierNumber, tierOfSize } from "./performance.ts";
import type { DiskRecord } from "./records.ts";
import { invalidParameter } from "./refusals.ts";

/** What can be set by hand, a GiB and altogether. Source: learn.microsoft.com/azure/virtual-machines/disks-types */
const BY_HAND: Readonly<
  Record<
    string,
    { iops: readonly [number, number]; iopsPerGiB: number; throughput: readonly [number, number] }
  >
> = {
  PremiumV2_LRS: { iops: [3000, 80_000], iopsPerGiB: 500, throughput: [125, 1200] },
  UltraSSD_LRS: { iops: [100, 400_000], iopsPerGiB: 1000, throughput: [1, 10_000] },
};

/** Refuses performance, tiers, bursting and sharing that the kind or the size does not have. */
export function checkPerformance(kind: DiskKind, disk: DiskRecord): void {
  checkByHand(kind, disk);
  checkTier(kind, disk);
  const { burstingEnabled, sku, sizeGiB } = disk;
  if (burstingEnabled === true && (!kind.tiered || sizeGiB <= 512)) {
    throw invalidParameter(
      `On-demand bursting cannot be enabled on disk with SKU ${sku} and size ${sizeGiB} GB: it needs a premium SSD ` +
        "larger than 512 GB.",
      "burstingEnabled",
    );
  }
  const shares = sharesOf(kind, sizeGiB);
  const { maxShares = 1 } = disk;
  if (maxShares < 1 || maxShares > shares) {
    throw invalidParameter(
      `The value '${maxShares}' of parameter maxShares is out of range. The value must be between '1' and '${shares}', ` +
        "inclusive.",
      "maxShares",
    );
  }
}

function checkByHand(kind: DiskKind, { sku, sizeGiB, iops, throughput }: DiskRecord): void {
  const limits = BY_HAND[kind.sku];
  if (limits === undefined) {
    if (iops !== undefined || throughput !== undefined) {
      const name = iops === undefined ? "diskMBpsReadWrite" : "diskIOPSReadWrite";
      throw invalidParameter(`Parameter '${name}' cannot be set for disks with SKU ${sku}.`, name);
    }
    return;
  }
  const most = Math.min(limits.iops[1], Math.max(limits.iops[0], sizeGiB * limits.iopsPerGiB));
  inRange("diskIOPSReadWrite", iops, [limits.iops[0], most]);
  const quarter = Math.max(limits.throughput[0], Math.floor((iops ?? limits.iops[0]) / 4));
  inRange("diskMBpsReadWrite", throughput, [limits.throughput[0], Math.min(limits.throughput[1], quarter)]);
}

function inRange(name: string, value: number | undefined, [least, most]: readonly [number, number]): void {
  if (value !== undefined && (value < least || value > most)) {
    throw invalidParameter(
      `The value '${value}' of parameter ${name} is out of range. The value must be between '${least}' and '${most}', ` +
        "inclusive.",
      name,
    );
  }
}

function checkTier(kind: DiskKind, { tier, sku, sizeGiB }: DiskRecord): void {
  if (tier === undefined) {
    return;
  }
  if (!kind.tiered || !isTier(tier)) {
    throw invalidParameter(`Performance tier '${tier}' is not supported for disks with SKU ${sku}.`, "tier");
  }
  const least = tierOfSize(sizeGiB);
  // The largest tiers are for the largest disks alone.
  const small = tierNumber(least) <= 50;
  if (tierNumber(tier) < tierNumber(least) || (small && tierNumber(tier) > 50)) {
    throw invalidParameter(
      `Performance tier '${tier}' is not supported for a disk of ${sizeGiB} GB, whose baseline tier is '${least}'.`,
      "tier",
    );
  }
}

/** Source: learn.microsoft.com/azure/virtual-machines/disks-shared */
function sharesOf(kind: DiskKind, sizeGiB: number): number {
  if (kind.sku === "Standard_LRS") {
    return 1;
  }
  if (kind.provisioned) {
    return 15;
  }
  return sizeGiB <= 512 ? 3 : sizeGiB <= 4096 ? 5 : 10;
}
