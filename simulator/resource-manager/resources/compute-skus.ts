import { DISK_KINDS, SNAPSHOT_SKUS } from "../compute/disk-kinds.ts";
import type { DiskKind } from "../compute/disk-kinds.ts";
import { knownRegions, regionNamed, zonesOf } from "../compute/regions.ts";
import type { Region } from "../compute/regions.ts";
import type { Json, JsonObject } from "../json.ts";
import { listOf } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import { locationName } from "./location.ts";

/** Azure has one entry a size; two show that there are several. */
const SIZES: Readonly<Record<string, readonly string[]>> = {
  Standard: ["S10", "S80"],
  StandardSSD: ["E10", "E80"],
  Premium: ["P10", "P80"],
  PremiumV2: ["P"],
  UltraSSD: ["U"],
};

/**
 * What a subscription can have where: kinds of disks and snapshots, and one virtual machine, since the real list is mostly of
 * those. The filter by location is the only one. Source: learn.microsoft.com/rest/api/compute/resource-skus/list
 */
export function computeSkuRoutes(): readonly Route[] {
  return [
    {
      operation: "computeSkus/list",
      method: "GET",
      path: "/subscriptions/{subscription}/providers/Microsoft.Compute/skus",
      action: "Microsoft.Compute/skus/read",
      answer: list,
    },
  ];
}

function list({ query, state }: ManagementRequest): Answer {
  const wanted = /^\s*location\s+eq\s+'([^']*)'\s*$/i.exec(query.get("$filter") ?? "")?.[1];
  const location = locationName(wanted);
  const regions = location === undefined ? knownRegions() : [regionNamed(location)];
  const { restrictedSkus } = state.compute;
  return listOf(
    regions
      .flatMap((region) => [
        DISK_KINDS.flatMap((kind) => disksOf(region, kind, restrictedSkus[region.name] ?? [])),
        SNAPSHOT_SKUS.filter((sku) => region.zones.length > 0 || !sku.endsWith("_ZRS")).map((name) =>
          entry(region, { resourceType: "snapshots", name, tier: name.split("_")[0] ?? "" }, region.zones),
        ),
        entry(region, MACHINE, region.zones),
      ])
      .flat(),
  );
}

const MACHINE = {
  resourceType: "virtualMachines",
  name: "Standard_D2s_v5",
  tier: "Standard",
  size: "D2s_v5",
};

function disksOf(
  region: Region,
  { sku, tier, largestGiB }: DiskKind,
  restricted: readonly string[],
): readonly Json[] {
  const zones = zonesOf(region, sku);
  if (zones === undefined) {
    return [];
  }
  const restriction = {
    type: "Location",
    values: [region.name],
    restrictionInfo: { locations: [region.name] },
    reasonCode: "NotAvailableForSubscription",
  };
  const more = {
    capabilities: [{ name: "MaxSizeGiB", value: String(largestGiB) }],
    restrictions: restricted.includes(sku) ? [restriction] : [],
  };
  const sizes = SIZES[sku.split("_")[0] ?? ""] ?? [""];
  return sizes.map((size) => entry(region, { resourceType: "disks", name: sku, tier, size, ...more }, zones));
}

/** What every entry has. */
function entry(region: Region, head: JsonObject, zones: readonly string[]): JsonObject {
  const location = region.name;
  const where = { locations: [location], locationInfo: [{ location, zones, zoneDetails: [] }] };
  return { capabilities: [], restrictions: [], ...head, ...where };
}
