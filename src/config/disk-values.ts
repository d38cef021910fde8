import { nearest } from "./nearest.ts";
import { quote } from "./quote.ts";
import type { Reading } from "./reading.ts";
import { normalRegion } from "./region.ts";
import { DISK_SKUS, nameIn, SNAPSHOT_SKUS } from "./sku-names.ts";

type Words = Readonly<Record<string, string>>;

/** Kinds of disk for kinds of disk; a kind that Azure has since this version is let through with a warning. */
export function readSkuMap(text: string): Reading<Words | undefined> {
  const example = "Premium_LRS=Premium_ZRS,UltraSSD_LRS=PremiumV2_LRS";
  const map = readMap(text, example);
  if ("problem" in map) {
    return map;
  }
  const unknown = [...new Set(map.value.flat())].filter((sku) => nameIn(DISK_SKUS, sku) === undefined);
  const value = Object.fromEntries(map.value.map((pair) => pair.map((sku) => nameIn(DISK_SKUS, sku) ?? sku)));
  if (unknown.length === 0) {
    return { value };
  }
  const named = unknown.map((sku) => {
    const meant = nearest(sku, DISK_SKUS);
    return meant === undefined ? quote(sku) : `${quote(sku)} (did you mean ${meant}?)`;
  });
  return { value, warning: `no kind of disk is known as ${named.join(" or ")}` };
}

const ZONE = /^(?:none|(?:[a-z][a-z0-9]*-)?[0-9]+)$/i;

/** Zones for zones: a number, `westeurope-1`, or `none`. */
export function readZoneMap(text: string): Reading<Words | undefined> {
  const map = readMap(text, "1=2,3=none");
  if ("problem" in map) {
    return map;
  }
  const odd = map.value.flat().find((zone) => !ZONE.test(zone));
  return odd === undefined
    ? { value: Object.fromEntries(map.value) }
    : { problem: `${quote(odd)} is not a zone: write its number, "westeurope-1", or "none"` };
}

export function readSnapshotSku(text: string): Reading<string | undefined> {
  const value = nameIn(SNAPSHOT_SKUS, text.trim());
  return value === undefined
    ? { problem: `${quote(text)} is not how snapshots can be stored: write ${either(SNAPSHOT_SKUS)}` }
    : { value };
}

export function readRegion(text: string): Reading<string | undefined> {
  const value = normalRegion(text);
  return /^[a-z0-9]+$/.test(value)
    ? { value }
    : { problem: `${quote(text)} is not the name of a region, such as "northeurope" or "North Europe"` };
}

const SET =
  /^\/?subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Compute\/diskEncryptionSets\/([^/]+)\/?$/i;

/** The resource ID in the spelling of Azure's own tools. */
export function readDiskEncryptionSet(text: string): Reading<string | undefined> {
  const [, subscription, group, name] = SET.exec(text.trim()) ?? [];
  if (subscription === undefined || group === undefined || name === undefined) {
    return {
      problem: `${quote(text)} is not the resource ID of a disk encryption set (/subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/diskEncryptionSets/NAME)`,
    };
  }
  const place = `/subscriptions/${subscription}/resourceGroups/${group}`;
  return { value: `${place}/providers/Microsoft.Compute/diskEncryptionSets/${name}` };
}

type Pairs = readonly (readonly [string, string])[];

/** Pairs like tags, but a name that comes twice would say two things. */
function readMap(text: string, example: string): { readonly value: Pairs } | { readonly problem: string } {
  const pairs: [string, string][] = [];
  const seen = new Set<string>();
  for (const pair of text.split(",")) {
    const [from = "", to = "", ...more] = pair.split("=").map((part) => part.trim());
    if (from === "" || to === "" || more.length > 0) {
      return { problem: `${quote(text)} is not a map, such as "${example}"` };
    }
    if (seen.has(from.toLowerCase())) {
      return { problem: `${quote(text)} is not a map: ${quote(from)} stands for two things` };
    }
    seen.add(from.toLowerCase());
    pairs.push([from, to]);
  }
  return { value: pairs };
}

function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}
