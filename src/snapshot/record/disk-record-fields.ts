import type { DiskTraits } from "../../azure/resource-manager/disk.ts";
import type { ComputePlace } from "../resource-id.ts";

/** Where a snapshot was copied to; the copy's name follows from the snapshot's. */
export interface CopyPlace {
  /** `northeurope`. */
  readonly region: string;
  readonly resourceGroup: string;
}

/**
 * What is written into a snapshot's tags, so that whichever process restores it, years later and with nothing else at
 * hand, can make the disk as it was.
 */
export interface DiskRecord {
  /** Of the disk, `westeurope`. */
  readonly location: string;
  /** Where the disk was. */
  readonly place: ComputePlace;
  readonly disk: DiskTraits;
  readonly copy: CopyPlace | undefined;
}

/**
 * The fields of a record as one line of text, `name=value` with `;` between them, in words that a person can read:
 * `location=westeurope;subscription=…;group=…;sku=PremiumV2_LRS;iops=5000;…`. What is undefined has no field. Resource IDs of
 * the disk's own group are shortened to the name, of its subscription to GROUP/NAME.
 */
export function fieldsOf({ location, place, disk, copy }: DiskRecord): string {
  const short = (type: string, id: string | undefined): string | undefined =>
    id === undefined ? undefined : shortened(type, id, place);
  const fields: Readonly<Record<string, string | number | boolean | undefined>> = {
    location,
    subscription: place.subscriptionId,
    group: place.resourceGroup,
    sku: disk.sku,
    tier: disk.tier,
    iops: disk.iops,
    mbps: disk.throughput,
    readiops: disk.iopsReadOnly,
    readmbps: disk.throughputReadOnly,
    plus: disk.performancePlus,
    sector: disk.logicalSectorSize,
    encryption: disk.encryption.type,
    key: short("diskEncryptionSets", disk.encryption.diskEncryptionSetId),
    network: disk.networkAccessPolicy,
    access: short("diskAccesses", disk.diskAccessId),
    public: disk.publicNetworkAccess,
    export: disk.dataAccessAuthMode,
    bursting: disk.burstingEnabled,
    shares: disk.maxShares,
    zones: disk.zones.length === 0 ? undefined : disk.zones.map((zone) => escaped(zone, ",")).join(","),
    os: disk.osType,
    generation: disk.hyperVGeneration,
    security: disk.securityType,
    vmkey: short("diskEncryptionSets", disk.secureVMDiskEncryptionSetId),
    copyregion: copy?.region,
    copygroup: copy?.resourceGroup,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${name === "zones" ? String(value) : escaped(String(value), "")}`)
    .join(";");
}

/** What `fieldsOf` wrote, without the fields that a later version added; undefined for what it never wrote. */
export function recordFrom(text: string): DiskRecord | undefined {
  try {
    return read(new Map(text.split(";").map(pair)));
  } catch (error) {
    if (error instanceof URIError || error instanceof TypeError) {
      return undefined;
    }
    throw error;
  }
}

function pair(field: string): [string, string] {
  const at = field.indexOf("=");
  return [field.slice(0, at), field.slice(at + 1)];
}

function read(fields: ReadonlyMap<string, string>): DiskRecord {
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : decodeURIComponent(value);
  };
  const needed = (name: string): string => {
    const value = text(name);
    if (value === undefined) throw new TypeError(name);
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    return value === undefined ? undefined : Number(value);
  };
  const place = { subscriptionId: needed("subscription"), resourceGroup: needed("group") };
  const id = (type: string, name: string): string | undefined => {
    const value = text(name);
    return value === undefined ? undefined : lengthened(type, value, place);
  };
  const flag = (name: string): boolean | undefined => {
    const value = text(name);
    return value === undefined ? undefined : value === "true";
  };
  const disk: DiskTraits = {
    sku: needed("sku"),
    tier: text("tier"),
    iops: number("iops"),
    throughput: number("mbps"),
    iopsReadOnly: number("readiops"),
    throughputReadOnly: number("readmbps"),
    performancePlus: flag("plus"),
    logicalSectorSize: number("sector"),
    encryption: { type: text("encryption"), diskEncryptionSetId: id("diskEncryptionSets", "key") },
    networkAccessPolicy: text("network"),
    diskAccessId: id("diskAccesses", "access"),
    publicNetworkAccess: text("public"),
    dataAccessAuthMode: text("export"),
    burstingEnabled: flag("bursting"),
    maxShares: number("shares"),
    zones: fields.get("zones")?.split(",").map(decodeURIComponent) ?? [],
    osType: text("os"),
    hyperVGeneration: text("generation"),
    securityType: text("security"),
    secureVMDiskEncryptionSetId: id("diskEncryptionSets", "vmkey"),
  };
  const region = text("copyregion");
  const copy = region === undefined ? undefined : { region, resourceGroup: needed("copygroup") };
  return { location: needed("location"), place, disk, copy };
}

/** Percent-encoded: everything but visible ASCII, and what the format itself uses. */
function escaped(text: string, more: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\u0021-\u007e]|[%;,]/gu, (character) =>
      character === "," && more === "" ? character : encodeURIComponent(character).replace(",", "%2C"),
    );
}

/** Only what can be made long again exactly is shortened. What would be made long, but is none of it, gets a `=` in front. */
function shortened(type: string, id: string, place: ComputePlace): string {
  const [, , subscription = "", , group = "", , , , name = ""] = id.split("/");
  const candidates = [name, `${group}/${name}`, `${subscription}/${group}/${name}`];
  return [...candidates, id].find((candidate) => lengthened(type, candidate, place) === id) ?? `=${id}`;
}

function lengthened(type: string, text: string, place: ComputePlace): string {
  if (text.startsWith("=")) {
    return text.slice(1);
  }
  const pieces = text.split("/");
  if (pieces.length > 3 || pieces.some((piece) => piece === "")) {
    return text;
  }
  const [name = "", group = place.resourceGroup, subscription = place.subscriptionId] = pieces.toReversed();
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Compute/${type}/${name}`;
}
