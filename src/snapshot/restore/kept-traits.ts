import type { DiskTraits, Encryption } from "../../azure/resource-manager/disk.ts";
import { Failure } from "../../errors/error.ts";
import { type ChosenPerformance, type DiskKind, kindOf } from "./disk-kinds.ts";
import type { RestoreWish } from "./restore-wish.ts";

export interface TraitsWish {
  readonly was: DiskTraits;
  /** The kind of the disk to make. */
  readonly sku: string;
  /** Whether it will be in another region than the disk was. */
  readonly moved: boolean;
  readonly wish: RestoreWish;
}

interface Keeping extends TraitsWish {
  readonly from: DiskKind | undefined;
  readonly to: DiskKind | undefined;
  readonly warn: (sentence: string) => void;
}

type Kept = Omit<DiskTraits, "sku" | "zones">;

/**
 * Which traits of the disk the new one can have. What its kind or region has no place for is left out, with a warning where
 * somebody might miss it. Throws as `planRestore` does.
 */
export function keptTraits(wish: TraitsWish): { readonly kept: Kept; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const keeping: Keeping = {
    ...wish,
    from: kindOf(wish.was.sku),
    to: kindOf(wish.sku),
    warn: (sentence) => warnings.push(sentence),
  };
  const kept = {
    ...performance(keeping),
    logicalSectorSize: sectors(keeping),
    ...encryption(keeping),
    ...network(keeping),
    dataAccessAuthMode: wish.was.dataAccessAuthMode === "None" ? undefined : wish.was.dataAccessAuthMode,
    maxShares: shares(keeping),
    ...machine(keeping),
  };
  return { kept, warnings };
}

type Performance = Pick<
  Kept,
  | "tier"
  | "burstingEnabled"
  | "performancePlus"
  | "iops"
  | "throughput"
  | "iopsReadOnly"
  | "throughputReadOnly"
>;

function performance(keeping: Keeping): Performance {
  const { was, from, to, sku, warn } = keeping;
  // Azure refuses to be told `false` by some kinds, and it is what all of them have unless told otherwise.
  const bursting = was.burstingEnabled === true;
  if (to === undefined) {
    warn(
      `this version of velero-azure does not know disks of kind ${sku}: their performance is left to Azure`,
    );
  } else if (!to.tiers) {
    if (was.tier !== undefined) warn(`performance tier ${was.tier} is lost: ${sku} disks have no tiers`);
    if (bursting) warn(`on-demand bursting is lost: ${sku} disks do not have it`);
  }
  const tiers = to?.tiers === true;
  // Which kinds and sizes may have it changes; the same disk may have it again.
  const plus = was.performancePlus === true;
  if (plus && to !== from) warn(`performance plus is lost: ${sku} disks may not have it`);
  return {
    performancePlus: plus && to === from ? true : undefined,
    tier: tiers ? was.tier : undefined,
    burstingEnabled: tiers && bursting ? true : undefined,
    ...chosenPerformance(keeping),
  };
}

/** All kinds tell IOPS and throughput; only where they were chosen do they say something beyond the size. */
function chosenPerformance({
  was,
  from,
  to,
  sku,
  wish,
  warn,
}: Keeping): Pick<Performance, "iops" | "throughput" | "iopsReadOnly" | "throughputReadOnly"> {
  const { iops, throughput } = was;
  const none = { iopsReadOnly: undefined, throughputReadOnly: undefined };
  if (from?.chosen !== undefined && to !== undefined && to.chosen === undefined) {
    warn(`${iops ?? "?"} IOPS and ${throughput ?? "?"} MB/s are lost: with ${sku} disks the size decides`);
  }
  if (from?.chosen === undefined || to?.chosen === undefined) {
    return { iops: undefined, throughput: undefined, ...none };
  }
  const wanted = { iops: wish.request.iops === undefined ? iops : Number(wish.request.iops), throughput };
  if (from !== to) return { ...within(to.chosen, wanted, { sku, wish, warn }), ...none };
  const { iopsReadOnly, throughputReadOnly } = was;
  // Azure takes them for shared disks alone.
  return (was.maxShares ?? 1) > 1 ? { ...wanted, iopsReadOnly, throughputReadOnly } : { ...wanted, ...none };
}

/** What Ultra and Premium SSD v2 disks make of each other's choices: the nearest that they allow. */
function within(
  chosen: ChosenPerformance,
  { iops, throughput }: { readonly iops: number | undefined; readonly throughput: number | undefined },
  { sku, wish, warn }: Pick<Keeping, "sku" | "wish" | "warn">,
): Pick<Performance, "iops" | "throughput"> {
  const [leastIops, mostIops] = chosen.iops;
  const bySize = chosen.iopsPerGibibyte * (gibibytes(wish) ?? Number.POSITIVE_INFINITY);
  const fitIops = iops && Math.max(leastIops, Math.min(iops, mostIops, bySize));
  const [least, most] = chosen.throughput;
  const byIops = (fitIops ?? Number.POSITIVE_INFINITY) / 4;
  const fitThroughput = throughput && Math.max(least, Math.min(throughput, most, byIops));
  if (fitIops !== iops || fitThroughput !== throughput) {
    warn(
      `${iops ?? "?"} IOPS and ${throughput ?? "?"} MB/s become ${fitIops ?? "?"} and ${fitThroughput ?? "?"}: ${sku} disks have other limits`,
    );
  }
  return { iops: fitIops, throughput: fitThroughput };
}

/** A file system is made for a size of sectors. Ultra and Premium SSD v2 would take 4096 unless told. */
function sectors({ was, from, to, sku, wish }: Keeping): number | undefined {
  const size = was.logicalSectorSize ?? wish.snapshot.logicalSectorSize;
  if (to === undefined || to.chosen !== undefined) {
    return size ?? (from !== undefined && from.chosen === undefined && to !== undefined ? 512 : undefined);
  }
  if (size !== undefined && size !== 512) {
    throw refused(wish, `its sectors have ${size} bytes, and those of ${sku} disks 512`, {
      hint: "restore it as PremiumV2_LRS or UltraSSD_LRS (the location's restoreSkuMap)",
    });
  }
  return undefined;
}

type Keys = Pick<Kept, "encryption" | "secureVMDiskEncryptionSetId">;

/** A disk encryption set serves its own region alone, so that the one of a snapshot is in the snapshot's. */
function encryption({ was, moved, wish }: Keeping): Keys {
  const { snapshot, config } = wish;
  const own = moved ? snapshot.encryption : hasKey(was.encryption) ? was.encryption : snapshot.encryption;
  const set = config.diskEncryptionSetId ?? own.diskEncryptionSetId;
  const secureVMDiskEncryptionSetId = was.secureVMDiskEncryptionSetId;
  if (moved && ((hasKey(was.encryption) && set === undefined) || secureVMDiskEncryptionSetId !== undefined)) {
    const lost = secureVMDiskEncryptionSetId ?? was.encryption.diskEncryptionSetId ?? "";
    throw refused(wish, `the disk was encrypted with the keys of "${lost}", which serves another region`, {
      hint: `name a disk encryption set of region "${snapshot.location}" in the location's diskEncryptionSetId`,
    });
  }
  if (set === undefined) {
    // The platform's keys are what Azure takes untold, and older versions of its operations cannot be told.
    return { encryption: { type: undefined, diskEncryptionSetId: undefined }, secureVMDiskEncryptionSetId };
  }
  const type = [was.encryption.type, own.type].find((each) => each !== undefined && !isPlatform(each));
  return {
    encryption: { type: type ?? "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: set },
    secureVMDiskEncryptionSetId,
  };
}

function hasKey({ diskEncryptionSetId }: Encryption): boolean {
  return diskEncryptionSetId !== undefined;
}

function isPlatform(type: string): boolean {
  return type.toLowerCase() === "encryptionatrestwithplatformkey";
}

type Network = Pick<Kept, "networkAccessPolicy" | "diskAccessId" | "publicNetworkAccess">;

/** A disk access serves its own region. Without one, nobody may be let in who was kept out before. */
function network({ was, moved, warn }: Keeping): Network {
  const { networkAccessPolicy, diskAccessId, publicNetworkAccess } = was;
  if (!moved || diskAccessId === undefined) {
    return { networkAccessPolicy, diskAccessId, publicNetworkAccess };
  }
  warn(
    `disk access "${diskAccessId}" serves another region: the disk's content can be exported by nobody (DenyAll)`,
  );
  return { networkAccessPolicy: "DenyAll", diskAccessId: undefined, publicNetworkAccess };
}

function shares({ was, from, to, sku, wish, warn }: Keeping): number | undefined {
  const { maxShares = 1 } = was;
  if (maxShares === 1 || to === undefined || to === from) {
    return maxShares === 1 ? undefined : maxShares;
  }
  const most = to.shares(gibibytes(wish) ?? Number.POSITIVE_INFINITY);
  if (maxShares > most) {
    const can = most === 1 ? "cannot be shared" : `of this size can be shared by ${most}`;
    warn(`the disk was shared by up to ${maxShares} machines: ${sku} disks ${can}`);
  }
  return most === 1 ? undefined : Math.min(maxShares, most);
}

type Machine = Pick<Kept, "osType" | "hyperVGeneration" | "securityType">;

function machine({ was, from, to, sku, warn }: Keeping): Machine {
  const { osType, hyperVGeneration, securityType } = was;
  if (to?.bootable !== false || to === from || osType === undefined) {
    return { osType, hyperVGeneration, securityType };
  }
  warn(`no machine can start from the disk any more: ${sku} disks hold data alone`);
  return { osType: undefined, hyperVGeneration: undefined, securityType: undefined };
}

function gibibytes({ snapshot }: RestoreWish): number | undefined {
  return snapshot.sizeBytes === undefined ? undefined : Math.ceil(snapshot.sizeBytes / 2 ** 30);
}

function refused({ snapshot }: RestoreWish, reason: string, options: { readonly hint: string }): Failure {
  return new Failure(
    "FailedPrecondition",
    `cannot make a disk of snapshot "${snapshot.name}": ${reason}`,
    options,
  );
}
