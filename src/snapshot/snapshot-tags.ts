import type { DiskRecord } from "./disk-record.ts";

type Tags = Readonly<Record<string, string>>;

export interface SnapshotTagSources {
  readonly record: DiskRecord;
  readonly disk: Tags;
  /** With Velero's own names, `velero.io/backup`. */
  readonly velero: Tags;
  readonly config: Tags;
}

export interface SnapshotTags {
  readonly tags: Tags;
  /** What had to be left out or shortened, a sentence each, for the log. */
  readonly cut: readonly string[];
}

/**
 * All tags of a snapshot within Azure's limits: 50 tags, names of 512 and values of 256 characters, no `<>%&\?/` in names,
 * names compared without regard to case. The record always fits; then come Velero's, the config's, the disk's, each in
 * the order of their names, until 50 are reached. Of the same name the config's value goes before Velero's, before the disk's.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
 */
export declare function snapshotTags(sources: SnapshotTagSources): SnapshotTags;

/** Velero's name of a tag as it stands in Azure: `velero.io/backup` is `velero.io-backup`. */
export declare function azureTagName(name: string): string;
