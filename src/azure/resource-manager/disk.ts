import { failureCode } from "../../errors/error.ts";
import type { ResourceCall } from "./call.ts";
import { computeCall, type DiskId } from "./compute.ts";
import { type Encryption, encryptionOf, encryptionOut } from "./encryption.ts";
import { booleanField, field, incomplete, numberField, textField, textMapField, textsField } from "./json.ts";
import { run } from "./long-running.ts";
import type { ResourceManager } from "./resource-manager.ts";

export type { DiskId } from "./compute.ts";
export type { Encryption } from "./encryption.ts";

/** What makes a disk the disk it is, beside its content. What the service leaves out is undefined. */
export interface DiskTraits {
  /** `Premium_LRS`, in Azure's spelling. */
  readonly sku: string;
  /** Performance tier of a Premium SSD, `P30`. */
  readonly tier: string | undefined;
  /** Set by hand on Ultra and Premium SSD v2 alone; for all others what the size gives. */
  readonly iops: number | undefined;
  /** MB/s; the same. */
  readonly throughput: number | undefined;
  /** Of all machines together that only read a shared disk; Ultra and Premium SSD v2 alone. */
  readonly iopsReadOnly: number | undefined;
  /** MB/s; the same. */
  readonly throughputReadOnly: number | undefined;
  /** Chosen for good when the disk is made. */
  readonly performancePlus: boolean | undefined;
  /** Bytes, 512 or 4096; Ultra and Premium SSD v2 alone. */
  readonly logicalSectorSize: number | undefined;
  readonly encryption: Encryption;
  /** `AllowAll`, `AllowPrivate`, `DenyAll`. */
  readonly networkAccessPolicy: string | undefined;
  /** Resource ID of the disk access that `AllowPrivate` goes with. */
  readonly diskAccessId: string | undefined;
  /** `Enabled`, `Disabled`. */
  readonly publicNetworkAccess: string | undefined;
  /** `AzureActiveDirectory`: who exports the disk's content must sign in besides; `None`. */
  readonly dataAccessAuthMode: string | undefined;
  readonly burstingEnabled: boolean | undefined;
  readonly maxShares: number | undefined;
  /** Availability zones, `1`; a disk has one at the most, a zone-redundant one none. */
  readonly zones: readonly string[];
  /** `Linux`, `Windows`; undefined for data disks. */
  readonly osType: string | undefined;
  /** `V1`, `V2`. */
  readonly hyperVGeneration: string | undefined;
  /** `TrustedLaunch`, `ConfidentialVM_…`. */
  readonly securityType: string | undefined;
  /** Resource ID, for confidential VMs. */
  readonly secureVMDiskEncryptionSetId: string | undefined;
}

/** Of a disk of which nothing is known but its kind. */
export const UNKNOWN_TRAITS: Omit<DiskTraits, "sku"> = {
  tier: undefined,
  iops: undefined,
  throughput: undefined,
  iopsReadOnly: undefined,
  throughputReadOnly: undefined,
  performancePlus: undefined,
  logicalSectorSize: undefined,
  encryption: { type: undefined, diskEncryptionSetId: undefined },
  networkAccessPolicy: undefined,
  diskAccessId: undefined,
  publicNetworkAccess: undefined,
  dataAccessAuthMode: undefined,
  burstingEnabled: undefined,
  maxShares: undefined,
  zones: [],
  osType: undefined,
  hyperVGeneration: undefined,
  securityType: undefined,
  secureVMDiskEncryptionSetId: undefined,
};

/** A managed disk, as far as it is used. Source: learn.microsoft.com/rest/api/compute/disks/get */
export interface Disk extends DiskTraits {
  /** As Azure spells it. */
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sizeBytes: number | undefined;
  /** Differs between two disks that had the same name one after the other. */
  readonly uniqueId: string | undefined;
  /** `Succeeded`, `Creating`, … */
  readonly provisioningState: string | undefined;
  /** `Unattached`, `Attached`, `ActiveSAS`, … */
  readonly diskState: string | undefined;
}

/** A disk to be made of a snapshot. Traits that are undefined are left to Azure. */
export interface NewDisk extends Omit<DiskTraits, "sku"> {
  readonly sku: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Resource ID. */
  readonly snapshotId: string;
}

/**
 * The built-in roles that allow little more. `Disk Restore Operator` may make a disk, but nobody who may only do that can
 * delete one: of the roles with Microsoft.Compute/disks/delete this is the one made for restoring.
 * Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
const READ = { action: "Microsoft.Compute/disks/read", role: "Disk Backup Reader" };
const WRITE = { action: "Microsoft.Compute/disks/write", role: "Disk Restore Operator" };
const DELETE = { action: "Microsoft.Compute/disks/delete", role: "VM Restore Operator" };

/** Rejects with `Failure`: NotFound when there is no such disk, and what `ResourceManager.call` says. */
export async function getDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<Disk> {
  const what = `look up disk "${id.name}"`;
  const call = computeCall({ method: "GET", what, kind: "disks", id, permission: READ });
  return readDisk(await manager.call(call, signal), call, id);
}

/** The same; undefined when there is no such disk. */
export async function findDisk(
  manager: ResourceManager,
  id: DiskId,
  signal: AbortSignal,
): Promise<Disk | undefined> {
  try {
    return await getDisk(manager, id, signal);
  } catch (error) {
    if (failureCode(error) === "NotFound") {
      return undefined;
    }
    throw error;
  }
}

/**
 * Makes a disk and waits until it is there (createOption Copy). Repeated with the same name and body it makes no second
 * one. Source: learn.microsoft.com/rest/api/compute/disks/create-or-update
 */
export async function createDisk(
  manager: ResourceManager,
  id: DiskId,
  disk: NewDisk,
  signal: AbortSignal,
): Promise<void> {
  const what = `create disk "${id.name}"`;
  const body = diskBody(disk);
  await run(
    manager,
    computeCall({ method: "PUT", what, kind: "disks", id, permission: WRITE, body }),
    signal,
  );
}

/** Resolves when the disk is gone, and when it was not there. */
export async function deleteDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<void> {
  const what = `delete disk "${id.name}"`;
  await run(manager, computeCall({ method: "DELETE", what, kind: "disks", id, permission: DELETE }), signal);
}

const GIB = 1024 ** 3;

function readDisk(json: unknown, call: ResourceCall, { name }: DiskId): Disk {
  const sku = textField(field(json, "sku"), "name");
  if (sku === undefined) {
    throw incomplete(call.what, "sku.name");
  }
  const properties = field(json, "properties");
  const gib = numberField(properties, "diskSizeGB");
  return {
    ...traitsOf(json),
    sku,
    location: textField(json, "location") ?? "",
    id: textField(json, "id") ?? `/${call.resource.join("/")}`,
    name: textField(json, "name") ?? name,
    tags: textMapField(json, "tags"),
    sizeBytes: numberField(properties, "diskSizeBytes") ?? (gib === undefined ? undefined : gib * GIB),
    uniqueId: textField(properties, "uniqueId"),
    provisioningState: textField(properties, "provisioningState"),
    diskState: textField(properties, "diskState"),
  };
}

function traitsOf(json: unknown): Omit<DiskTraits, "sku"> {
  const properties = field(json, "properties");
  const security = field(properties, "securityProfile");
  return {
    tier: textField(properties, "tier"),
    iops: numberField(properties, "diskIOPSReadWrite"),
    throughput: numberField(properties, "diskMBpsReadWrite"),
    iopsReadOnly: numberField(properties, "diskIOPSReadOnly"),
    throughputReadOnly: numberField(properties, "diskMBpsReadOnly"),
    performancePlus: booleanField(field(properties, "creationData"), "performancePlus"),
    logicalSectorSize: numberField(field(properties, "creationData"), "logicalSectorSize"),
    encryption: encryptionOf(properties),
    networkAccessPolicy: textField(properties, "networkAccessPolicy"),
    diskAccessId: textField(properties, "diskAccessId"),
    publicNetworkAccess: textField(properties, "publicNetworkAccess"),
    dataAccessAuthMode: textField(properties, "dataAccessAuthMode"),
    burstingEnabled: booleanField(properties, "burstingEnabled"),
    maxShares: numberField(properties, "maxShares"),
    zones: textsField(json, "zones"),
    osType: textField(properties, "osType"),
    hyperVGeneration: textField(properties, "hyperVGeneration"),
    securityType: textField(security, "securityType"),
    secureVMDiskEncryptionSetId: textField(security, "secureVMDiskEncryptionSetId"),
  };
}

/** JSON leaves out what is undefined: a cloud with an older API is sent nothing that it does not know. */
function diskBody(disk: NewDisk): unknown {
  const { securityType, secureVMDiskEncryptionSetId } = disk;
  return {
    location: disk.location,
    tags: disk.tags,
    sku: { name: disk.sku },
    zones: disk.zones.length === 0 ? undefined : disk.zones,
    properties: {
      creationData: {
        createOption: "Copy",
        sourceResourceId: disk.snapshotId,
        logicalSectorSize: disk.logicalSectorSize,
        performancePlus: disk.performancePlus,
      },
      tier: disk.tier,
      diskIOPSReadWrite: disk.iops,
      diskMBpsReadWrite: disk.throughput,
      diskIOPSReadOnly: disk.iopsReadOnly,
      diskMBpsReadOnly: disk.throughputReadOnly,
      encryption: encryptionOut(disk.encryption),
      networkAccessPolicy: disk.networkAccessPolicy,
      diskAccessId: disk.diskAccessId,
      publicNetworkAccess: disk.publicNetworkAccess,
      dataAccessAuthMode: disk.dataAccessAuthMode,
      burstingEnabled: disk.burstingEnabled,
      maxShares: disk.maxShares,
      osType: disk.osType,
      hyperVGeneration: disk.hyperVGeneration,
      securityProfile: securityType === undefined ? undefined : { securityType, secureVMDiskEncryptionSetId },
    },
  };
}
