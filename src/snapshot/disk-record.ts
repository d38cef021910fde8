import type { Disk, DiskTraits } from "../azure/resource-manager/disk.ts";
import type { ComputePlace } from "./resource-id.ts";

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

export declare function recordOf(disk: Disk, place: ComputePlace, copy: CopyPlace | undefined): DiskRecord;

/** The record in few tags whose names begin with RECORD_PREFIX; their values are within Azure's 256 characters. */
export declare function recordTags(record: DiskRecord): Readonly<Record<string, string>>;

/**
 * The record that the tags hold. Undefined for tags without one, as the official plugin's snapshots have them. Throws
 * `Failure` DataLoss for a record that somebody damaged, InvalidArgument for one that a later version wrote.
 */
export declare function readRecord(tags: Readonly<Record<string, string>>): DiskRecord | undefined;

/** Whether a tag is part of a record; such tags are no user's and are not handed on from disk to snapshot to disk. */
export declare function isRecordTag(name: string): boolean;
