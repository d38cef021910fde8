import { type DiskTraits, type NewDisk, UNKNOWN_TRAITS } from "../../azure/resource-manager/disk.ts";
import type { DiskSku } from "../../azure/resource-manager/disk-skus.ts";
import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { normalRegion } from "../../config/region.ts";
import { Failure } from "../../errors/error.ts";
import { kindOf, spelledSku } from "./disk-kinds.ts";
import { type DiskRecord, isRecordTag, readRecord } from "../record/disk-record.ts";
import { keptTraits } from "./kept-traits.ts";
import type { RestoreWish } from "./restore-wish.ts";

export interface RestorePlan {
  readonly disk: NewDisk;
  /** What of the disk cannot come back as it was, and why; for the log at warn. */
  readonly warnings: readonly string[];
  /**
   * Whether kind, zone, region or subscription differ from what there was once, so that it must be asked whether the region has
   * them; otherwise the disk itself is the proof.
   */
  readonly unproven: boolean;
}

/**
 * The disk to make: as the record in the snapshot's tags has it, with the kind and zone that Velero asks for, changed by
 * the location's maps. Pure.
 *
 * Throws `Failure`: FailedPrecondition for what Azure would refuse whatever the region has (a snapshot with 4096-byte sectors
 * to a kind without them, a customer's key that is in another region), DataLoss for a damaged record.
 */
export function planRestore(wish: RestoreWish): RestorePlan {
  const { snapshot, request, config } = wish;
  const record = readRecord(snapshot.tags);
  const sku = kindOfOrigin(wish, record);
  const origin = zoneOfOrigin(request.zone, record);
  const region = regionOfOrigin(request.zone, record);
  const moved = region !== undefined && normalRegion(region) !== normalRegion(snapshot.location);
  const wanted = spelledSku(lookUp(config.restoreSkuMap, [sku]) ?? sku);
  const zone = kindOf(wanted)?.zoneRedundant === true ? undefined : wantedZone(wish, origin);
  const was = record?.disk ?? withoutRecord(sku, snapshot);
  const traits = keptTraits({ was, sku: wanted, moved, wish });
  const tags = Object.entries(snapshot.tags).filter(([name]) => !isRecordTag(name));
  const elsewhere =
    record !== undefined &&
    wish.subscriptionId !== undefined &&
    wish.subscriptionId.toLowerCase() !== record.place.subscriptionId.toLowerCase();
  return {
    disk: {
      ...traits.kept,
      sku: wanted,
      zones: zone === undefined ? [] : [zone],
      location: snapshot.location,
      tags: Object.fromEntries(tags),
      snapshotId: snapshot.id,
    },
    warnings: traits.warnings,
    unproven:
      moved ||
      elsewhere ||
      wanted !== spelledSku(was.sku) ||
      (zone !== undefined && zone !== (record === undefined ? origin : record.disk.zones[0])) ||
      (zone === undefined && kindOf(wanted)?.zoneRedundant !== true && origin !== undefined),
  };
}

/** Throws `Failure` FailedPrecondition when the region has no such kind of disk, or not in the zone. Pure. */
export function checkAvailable(plan: RestorePlan, skus: readonly DiskSku[]): void {
  const { sku, location, zones, snapshotId } = plan.disk;
  const refuse = (reason: string, key: string): Failure =>
    new Failure("FailedPrecondition", `cannot make a disk of snapshot "${nameOf(snapshotId)}": ${reason}`, {
      hint: `name another one in the location's ${key}`,
    });
  const found = skus.find(({ name }) => name.toLowerCase() === sku.toLowerCase());
  if (found === undefined || found.restricted) {
    const others = skus.filter(({ restricted }) => !restricted).map(({ name }) => name);
    throw refuse(
      `region "${location}" has no disks of kind ${sku} for this subscription (it has ${others.join(", ") || "none"})`,
      `restoreSkuMap (${sku}=KIND)`,
    );
  }
  const [zone] = zones;
  if (zone !== undefined && !found.zones.has(zone)) {
    const others = [...found.zones].toSorted();
    const has = others.length === 0 ? "in none of its zones" : `in ${words("zone", others)}`;
    throw refuse(
      `region "${location}" has no ${sku} disks in zone ${zone} for this subscription (it has them ${has})`,
      `restoreZoneMap (${zone}=${others[0] ?? "none"})`,
    );
  }
}

function kindOfOrigin({ request, snapshot }: RestoreWish, record: DiskRecord | undefined): string {
  const sku = request.volumeType === "" ? record?.disk.sku : request.volumeType;
  if (sku === undefined || sku === "") {
    throw new Failure(
      "FailedPrecondition",
      `cannot make a disk of snapshot "${snapshot.name}": neither the backup nor the snapshot's tags say of what kind the disk was`,
      { hint: "make the disk by hand (az disk create --source)" },
    );
  }
  return spelledSku(sku);
}

/** Only `REGION-NUMBER` names a zone: a bare number is the fault domain of a node without zone. Else the record's. */
function zoneOfOrigin(volumeZone: string, record: DiskRecord | undefined): string | undefined {
  return /-([0-9]+)$/.exec(volumeZone.trim())?.[1] ?? record?.disk.zones[0];
}

function regionOfOrigin(volumeZone: string, record: DiskRecord | undefined): string | undefined {
  return record?.location ?? /^(.+)-[0-9]+$/.exec(volumeZone.trim())?.[1];
}

function wantedZone({ request, config }: RestoreWish, origin: string | undefined): string | undefined {
  const mapped = lookUp(config.restoreZoneMap, [request.zone.trim(), origin ?? "none"]);
  if (mapped === undefined) {
    return origin;
  }
  return mapped.toLowerCase() === "none" ? undefined : mapped.slice(mapped.lastIndexOf("-") + 1);
}

/** The value of the first name that the map has, whatever its case. */
function lookUp(
  map: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
): string | undefined {
  const entries = new Map(Object.entries(map ?? {}).map(([from, to]) => [from.toLowerCase(), to]));
  return names.map((name) => entries.get(name.toLowerCase())).find((to) => to !== undefined);
}

/** The official plugin's snapshots say nothing of the disk; what Azure keeps in a snapshot by itself is known. */
function withoutRecord(sku: string, { logicalSectorSize, encryption }: Snapshot): DiskTraits {
  return { ...UNKNOWN_TRAITS, sku, logicalSectorSize, encryption };
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function words(noun: string, items: readonly string[]): string {
  return `${noun}${items.length === 1 ? "" : "s"} ${items.join(", ")}`;
}
