import type { ResourceManager } from "./resource-manager.ts";

/** What resource IDs of disks and snapshots are made of. */
export interface DiskId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** How a disk or snapshot is encrypted at rest. Source: learn.microsoft.com/rest/api/compute/disks/get#encryption */
export interface Encryption {
  /** `EncryptionAtRestWithPlatformKey`, `…WithCustomerKey`, `…WithPlatformAndCustomerKeys`. */
  readonly type: string | undefined;
  /** Resource ID. */
  readonly diskEncryptionSetId: string | undefined;
}

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
  /** Bytes, 512 or 4096; Ultra and Premium SSD v2 alone. */
  readonly logicalSectorSize: number | undefined;
  readonly encryption: Encryption;
  /** `AllowAll`, `AllowPrivate`, `DenyAll`. */
  readonly networkAccessPolicy: string | undefined;
  /** Resource ID of the disk access that `AllowPrivate` goes with. */
  readonly diskAccessId: string | undefined;
  /** `Enabled`, `Disabled`. */
  readonly publicNetworkAccess: string | undefined;
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

/** Rejects with `Failure`: NotFound when there is no such disk, and what `ResourceManager.call` says. */
export declare function getDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<Disk>;

/** The same; undefined when there is no such disk. */
export declare function findDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<Disk | undefined>;

/**
 * Makes a disk and waits until it is there (createOption Copy). Repeated with the same name and body it makes no second
 * one. Source: learn.microsoft.com/rest/api/compute/disks/create-or-update
 */
export declare function createDisk(
  manager: ResourceManager,
  id: DiskId,
  disk: NewDisk,
  signal: AbortSignal,
): Promise<void>;

/** Resolves when the disk is gone, and when it was not there. */
export declare function deleteDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<void>;
