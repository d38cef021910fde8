import { normalRegion } from "../../config/region.ts";
import { COMPUTE_RULES } from "./compute-errors.ts";
import { field, textField, textsField } from "./json.ts";
import type { ResourceCall } from "./call.ts";
import { listAll } from "./list.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** A kind of disk as a region has it for a subscription. */
export interface DiskSku {
  /** `Premium_LRS`. */
  readonly name: string;
  /** Zones of the region that have it; empty where it has none of them. */
  readonly zones: ReadonlySet<string>;
  /** Not to be had at all in this region by this subscription. */
  readonly restricted: boolean;
}

/**
 * The kinds of disk that a region has. Of Azure's list of all resource SKUs, filtered by location; one entry a name.
 * Source: learn.microsoft.com/rest/api/compute/resource-skus/list
 */
export async function listDiskSkus(
  manager: ResourceManager,
  subscriptionId: string,
  location: string,
  signal: AbortSignal,
): Promise<readonly DiskSku[]> {
  const call: ResourceCall = {
    method: "GET",
    what: `list the kinds of disk of region "${location}"`,
    resource: ["subscriptions", subscriptionId, "providers", "Microsoft.Compute", "skus"],
    query: `$filter=${encodeURIComponent(`location eq '${normalRegion(location)}'`)}`,
    apiVersion: "2021-07-01",
    permission: { action: "Microsoft.Compute/skus/read", role: "Reader" },
    absent: "FailedPrecondition",
    rules: COMPUTE_RULES,
  };
  const skus = new Map<string, DiskSku>();
  for await (const entry of listAll(manager, call, signal)) {
    const sku = readSku(entry, location);
    if (sku !== undefined) {
      const known = skus.get(sku.name.toLowerCase());
      skus.set(sku.name.toLowerCase(), known === undefined ? sku : both(known, sku));
    }
  }
  return [...skus.values()];
}

/** The list has each kind once for each size. */
function both(one: DiskSku, other: DiskSku): DiskSku {
  const zones = new Set([...one.zones, ...other.zones]);
  return { name: one.name, zones, restricted: one.restricted && other.restricted };
}

/** Undefined for what is no disk, or elsewhere. */
function readSku(entry: unknown, location: string): DiskSku | undefined {
  const name = textField(entry, "name");
  const kind = textField(entry, "resourceType")?.toLowerCase();
  if (name === undefined || kind !== "disks") {
    return undefined;
  }
  const here = list(entry, "locationInfo").find((info) => isIn(textField(info, "location"), location));
  if (here === undefined && !textsField(entry, "locations").some((each) => isIn(each, location))) {
    return undefined;
  }
  const zones = new Set(textsField(here, "zones"));
  let restricted = false;
  for (const restriction of list(entry, "restrictions")) {
    const kindOfIt = textField(restriction, "type")?.toLowerCase();
    if (kindOfIt === "location") {
      restricted ||= textsField(restriction, "values").some((each) => isIn(each, location));
    } else if (kindOfIt === "zone") {
      for (const zone of textsField(field(restriction, "restrictionInfo"), "zones")) zones.delete(zone);
    }
  }
  return { name, zones, restricted };
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

/** Some answers say `West Europe` for `westeurope`. */
function isIn(one: string | undefined, other: string): boolean {
  return one !== undefined && normalRegion(one) === normalRegion(other);
}
