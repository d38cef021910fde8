import type { DiskId, Encryption } from "./disk.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** A snapshot of a managed disk, as far as it is used. Source: learn.microsoft.com/rest/api/compute/snapshots/get */
export interface Snapshot {
  /** As Azure spells it. */
  readonly id: string;
  readonly name: string;
  readonly location: string;
  /** `Standard_LRS`, `Standard_ZRS`, `Premium_LRS`. */
  readonly sku: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly incremental: boolean;
  /** Shared by the incremental snapshots of one disk. */
  readonly familyId: string | undefined;
  /** `Copy`, `CopyStart`, … */
  readonly createOption: string | undefined;
  /** Resource ID of the disk, or for a copy of the snapshot, that it was made of. */
  readonly sourceResourceId: string | undefined;
  readonly sizeBytes: number | undefined;
  /** Bytes; 4096 can be made into Ultra and Premium SSD v2 disks alone. */
  readonly logicalSectorSize: number | undefined;
  readonly encryption: Encryption;
  /** Milliseconds since 1970. */
  readonly timeCreated: number | undefined;
  readonly provisioningState: string | undefined;
  /** 0 to 100 while data is still copied in the background; undefined where nothing is. Below 100 it cannot be restored. */
  readonly completionPercent: number | undefined;
  /** Why copying failed for good. */
  readonly copyError: { readonly code: string | undefined; readonly message: string | undefined } | undefined;
}

export interface NewSnapshot {
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** `Copy` of a disk, or `CopyStart`: of an incremental snapshot, which may be in another region. */
  readonly createOption: "Copy" | "CopyStart";
  readonly sourceResourceId: string;
  /** Undefined: the field is not sent. */
  readonly incremental: boolean | undefined;
  /** Undefined: Azure's own choice. */
  readonly sku: string | undefined;
  /** Undefined: as the source. */
  readonly diskEncryptionSetId: string | undefined;
}

/** Undefined when there is no such snapshot; a resource group or subscription that is missing is an error. */
export declare function findSnapshot(
  manager: ResourceManager,
  id: DiskId,
  signal: AbortSignal,
): Promise<Snapshot | undefined>;

/**
 * Begins a snapshot and waits until Azure has taken it: its point in time is then safe, though data may still be copied
 * (`completionPercent`). Repeated with the same name and body it makes no second one.
 * Source: learn.microsoft.com/rest/api/compute/snapshots/create-or-update
 */
export declare function createSnapshot(
  manager: ResourceManager,
  id: DiskId,
  snapshot: NewSnapshot,
  signal: AbortSignal,
): Promise<void>;

/** Resolves when the snapshot is gone, and when it was not there. */
export declare function deleteSnapshot(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<void>;

/** All snapshots of a resource group, every page. */
export declare function listSnapshots(
  manager: ResourceManager,
  place: Omit<DiskId, "name">,
  signal: AbortSignal,
): AsyncIterable<Snapshot>;
