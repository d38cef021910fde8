import type { DiskRecord } from "./records.ts";

/** GiB up to which a tier goes, its name's number, IOPS, MB/s. */
type Step = readonly [gib: number, number: number, iops: number, throughput: number];

/** Source: learn.microsoft.com/azure/virtual-machines/disks-scalability-targets (premium SSD). */
const PREMIUM: readonly Step[] = [
  [4, 1, 120, 25],
  [8, 2, 120, 25],
  [16, 3, 120, 25],
  [32, 4, 120, 25],
  [64, 6, 240, 50],
  [128, 10, 500, 100],
  [256, 15, 1100, 125],
  [512, 20, 2300, 150],
  [1024, 30, 5000, 200],
  [2048, 40, 7500, 250],
  [4096, 50, 7500, 250],
  [8192, 60, 16_000, 500],
  [16_384, 70, 18_000, 750],
  [32_767, 80, 20_000, 900],
];

/** The performance tier of a premium SSD: the one that was set, else the one of its size. */
export function tierOf(disk: Pick<DiskRecord, "sku" | "tier" | "sizeGiB">): string | undefined {
  if (!disk.sku.startsWith("Premium_")) {
    return undefined;
  }
  return disk.tier ?? tierOfSize(disk.sizeGiB);
}

export function tierOfSize(sizeGiB: number): string {
  return `P${stepOf(PREMIUM, sizeGiB)[1]}`;
}

/** What a disk does: what was set where that can be set, else what its kind and size give. */
export function performanceOf(disk: Pick<DiskRecord, "sku" | "tier" | "sizeGiB" | "iops" | "throughput">): {
  iops: number;
  throughput: number;
} {
  const { sku, iops, throughput, sizeGiB } = disk;
  if (sku === "PremiumV2_LRS") {
    return { iops: iops ?? 3000, throughput: throughput ?? 125 };
  }
  if (sku === "UltraSSD_LRS") {
    return { iops: iops ?? Math.max(100, Math.min(sizeGiB, 500)), throughput: throughput ?? 25 };
  }
  if (sku.startsWith("Premium_")) {
    const named = PREMIUM.find(([, number]) => `P${number}` === disk.tier);
    const [, , tierIops, tierThroughput] = named ?? stepOf(PREMIUM, sizeGiB);
    return { iops: tierIops, throughput: tierThroughput };
  }
  // Both standard kinds have one performance up to 4 TiB.
  return { iops: 500, throughput: sku === "Standard_LRS" ? 60 : 100 };
}

/** Whether there is such a tier: P1, P2, … */
export function isTier(tier: string): boolean {
  return PREMIUM.some(([, number]) => `P${number}` === tier);
}

export function tierNumber(tier: string): number {
  return Number(tier.slice(1));
}

function stepOf(steps: readonly Step[], sizeGiB: number): Step {
  const step = steps.find(([gib]) => sizeGiB <= gib) ?? steps.at(-1);
  if (step === undefined) {
    throw new Error("there are no tiers");
  }
  return step;
}
