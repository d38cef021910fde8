import { ManagementError } from "../errors.ts";
import type { ComputeSettings } from "./records.ts";

/** A region, as far as disks need one. */
export interface Region {
  readonly name: string;
  /** Empty for one without availability zones, which has no zone-redundant disks either. */
  readonly zones: readonly string[];
  /** Kinds of disk that it has not at all. */
  readonly without: readonly string[];
  /** Zones that a kind is in, where that is not all of them. */
  readonly only: Readonly<Record<string, readonly string[]>>;
}

const ALL_ZONES = ["1", "2", "3"];

/**
 * Some of Azure's regions. That westus has no zones and that kinds are missing here and there is as in Azure; which zone of
 * swedencentral lacks Ultra disks is made up, since it differs between subscriptions.
 * Source: learn.microsoft.com/azure/reliability/regions-list
 */
const REGIONS: readonly Region[] = [
  ...["westeurope", "northeurope", "eastus", "eastus2", "westus2", "westus3", "centralus"].map(whole),
  ...["uksouth", "germanywestcentral", "francecentral", "southeastasia", "japaneast"].map(whole),
  ...["australiaeast", "canadacentral", "brazilsouth", "usgovvirginia", "chinanorth3"].map(whole),
  { ...whole("swedencentral"), only: { UltraSSD_LRS: ["1", "2"] } },
  { ...whole("westus"), zones: [], without: ["StandardSSD_ZRS", "Premium_ZRS"] },
  {
    ...whole("westcentralus"),
    zones: [],
    without: ["StandardSSD_ZRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS"],
  },
];

function whole(name: string): Region {
  return { name, zones: ALL_ZONES, without: [], only: {} };
}

/** One of the table, or for any other name a region that has everything: worlds may have their own. */
export function regionNamed(name: string): Region {
  return REGIONS.find((region) => region.name === name) ?? whole(name);
}

export function knownRegions(): readonly Region[] {
  return REGIONS;
}

/** The zones that have a kind of disk; undefined where the region has not got it. */
export function zonesOf({ zones, without, only }: Region, sku: string): readonly string[] | undefined {
  return without.includes(sku) ? undefined : (only[sku] ?? zones);
}

/** Refuses what a region that is out of service would have to do. */
export function checkRegion({ outages }: ComputeSettings, location: string): void {
  if (outages[location] !== undefined) {
    throw new ManagementError(
      503,
      "ServiceUnavailable",
      `The service is temporarily unavailable in location '${location}'. Please try again later.`,
    );
  }
}
