import type { Tags } from "../json.ts";

/** `Updating` while an operation on it is under way, its creation included. */
export type ProvisioningState = "Succeeded" | "Updating" | "Deleting" | "Failed";

/** Source: learn.microsoft.com/rest/api/compute/disks/get#encryption */
export interface EncryptionRecord {
  readonly type: string;
  readonly diskEncryptionSetId?: string;
}

/** What disks and snapshots have in common. */
interface StoredDataRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  /** Distinguishes two resources that had one name after the other. */
  readonly uniqueId: string;
  readonly timeCreated: string;
  readonly createOption: string;
  readonly sourceResourceId?: string;
  readonly sourceUniqueId?: string;
  /** Bytes, 512 or 4096; Ultra and Premium SSD v2 alone. */
  readonly logicalSectorSize?: number;
  /**
   * Stands for the content: how often the disk had been written to. A snapshot has its disk's number of the moment when it
   * was asked for, a disk that is made of it the same. No answer of Resource Manager tells it.
   */
  generation: number;
  sku: string;
  tags: Tags;
  sizeGiB: number;
  encryption: EncryptionRecord;
  networkAccessPolicy: string;
  diskAccessId?: string;
  publicNetworkAccess: string;
  /** `AzureActiveDirectory`: reading by an address takes a sign-in, too. */
  dataAccessAuthMode?: string;
  osType?: string;
  hyperVGeneration?: string;
  securityType?: string;
  secureVMDiskEncryptionSetId?: string;
  provisioningState: ProvisioningState;
  /** Simulated milliseconds since 1970 until when somebody has an address to read it by. */
  accessUntil?: number;
}

export interface DiskRecord extends StoredDataRecord {
  readonly zones?: readonly string[];
  /** Performance tier of a Premium SSD; absent for the one that goes with its size. */
  tier?: string;
  /** Absent for what the kind and the size give. */
  iops?: number;
  throughput?: number;
  burstingEnabled?: boolean;
  maxShares?: number;
  /** IDs of the virtual machines that it is attached to. */
  managedBy: readonly string[];
}

export interface SnapshotRecord extends StoredDataRecord {
  readonly incremental: boolean;
  /** Shared by the incremental snapshots of one disk in one region. */
  readonly familyId?: string;
  /** Of what kind the disk was at the start of it all. */
  readonly diskSku: string;
  /** Absent where nothing is copied in the background. */
  copy?: BackgroundCopy;
}

/** Times are simulated milliseconds since 1970. */
export interface BackgroundCopy {
  readonly startedAt: number;
  readonly doneAt: number;
  /** When and why it fails for good. */
  failure?: CopyFailure;
}

export interface CopyFailure {
  readonly at: number;
  /** How far it came. */
  readonly percent: number;
  readonly code: string;
  readonly message: string;
}

/** Source: learn.microsoft.com/rest/api/compute/disk-encryption-sets/get */
export interface DiskEncryptionSetRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  /** Of its identity, which must have access to the key. */
  readonly principalId: string;
  readonly tenantId: string;
  encryptionType: string;
  keyUrl: string;
  tags: Tags;
  provisioningState: ProvisioningState;
  /** Whether its identity may use the key; a lever. */
  keyIsAccessible: boolean;
}

/** Source: learn.microsoft.com/rest/api/compute/disk-accesses/get */
export interface DiskAccessRecord {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly timeCreated: string;
  tags: Tags;
  provisioningState: ProvisioningState;
}

/** How long things take, in milliseconds of the simulated clock. */
export interface ComputePace {
  /** Making or changing a disk. */
  readonly disk: number;
  /** Taking a snapshot: what its operation takes, not the copying in the background. */
  readonly snapshot: number;
  readonly deletion: number;
  /** Copying the data of a snapshot of a Premium SSD v2 or Ultra disk after it is taken. */
  readonly backgroundCopy: number;
  /** Copying by CopyStart. */
  readonly regionCopy: number;
  /** What Retry-After tells a client that polls; null for no such header. */
  readonly retryAfterSeconds: number | null;
}

/** `unavailable`: its provider answers 503. `lost`: everything in it is gone, and nothing can be made. */
export type Outage = "unavailable" | "lost";

/** Copies that are to fail: the next ones that begin. */
export interface FailingCopies {
  left: number;
  readonly code: string;
  readonly message: string;
  readonly atPercent: number;
}

/** Operations that are accepted and then fail: the next ones that begin. */
export interface FailingOperations {
  left: number;
  /** `disks`, `snapshots`, … */
  readonly type: string;
  readonly effect: "provision" | "delete";
  readonly code: string;
  readonly message: string;
}

/** Levers of the simulated Compute. */
export interface ComputeSettings {
  pace: ComputePace;
  /** How many resources a page of a list has. */
  pageSize: number;
  /** By region. */
  readonly outages: Record<string, Outage>;
  readonly failingCopies: FailingCopies[];
  readonly failingOperations: FailingOperations[];
  /** Kinds of disk that no subscription may have in a region, though it has them. */
  readonly restrictedSkus: Record<string, readonly string[]>;
}

/** Everything done at once, and clients poll as they like. */
export function defaultComputeSettings(): ComputeSettings {
  return {
    pace: { disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0, retryAfterSeconds: null },
    pageSize: 200,
    outages: {},
    failingCopies: [],
    failingOperations: [],
    restrictedSkus: {},
  };
}
