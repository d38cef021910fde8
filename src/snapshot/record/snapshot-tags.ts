import { createHash } from "node:crypto";
import { type DiskRecord, isRecordTag, recordTags } from "./disk-record.ts";
import { BACKUP_TAG, VOLUME_TAG } from "./snapshot-name.ts";

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

/** Source of all: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
const MAX_TAGS = 50;
const MAX_NAME = 512;
const MAX_VALUE = 256;
const RESERVED = /^(?:microsoft|azure|windows)/i;
const REFUSED = /[<>%&\\?/\p{Cc}]/gu;

type Owner = "Velero" | "the location's config" | "the disk";

interface Tag {
  readonly name: string;
  readonly value: string;
}

/** What only Velero may say: with these two a snapshot is found again. */
const PURPOSE: readonly string[] = [BACKUP_TAG, VOLUME_TAG].map(azureTagName);

/**
 * All tags of a snapshot within Azure's limits: 50 tags, names of 512 and values of 256 characters, no `<>%&\?/` in names,
 * names compared without regard to case. The record always fits; then come Velero's, the config's, the disk's, each in
 * the order of their names, until 50 are reached. Of the same name the config's value goes before Velero's, before the disk's;
 * which backup and volume a snapshot is of, Velero alone says, and those two come first.
 */
export function snapshotTags({ record, disk, velero, config }: SnapshotTagSources): SnapshotTags {
  const cut: string[] = [];
  const chosen = new Map<string, Tag>();
  const veleros = fitting("Velero", velero, cut);
  for (const name of PURPOSE) {
    const tag = veleros.get(name);
    if (tag !== undefined) chosen.set(name, tag);
  }
  for (const [key, tag] of veleros) chosen.set(key, tag);
  for (const [key, tag] of fitting("the location's config", config, cut)) {
    if (PURPOSE.includes(key) && chosen.has(key)) {
      cut.push(`tag "${tag.name}" of the location's config is left out: Velero has one of this name`);
    } else {
      chosen.set(key, tag);
    }
  }
  for (const [key, tag] of fitting("the disk", disk, cut)) {
    if (!chosen.has(key)) chosen.set(key, tag);
  }
  const own = recordTags(record);
  const tags = [...chosen.values()];
  const room = MAX_TAGS - Object.keys(own).length;
  for (const { name } of tags.slice(room)) {
    cut.push(`tag ${quoted(name)} is left out: Azure allows ${MAX_TAGS} tags`);
  }
  const kept = tags.slice(0, room).map(({ name, value }): [string, string] => [name, value]);
  return { tags: { ...Object.fromEntries(kept), ...own }, cut };
}

/** Velero's name of a tag as it stands in Azure: `velero.io/backup` is `velero.io-backup`. */
export function azureTagName(name: string): string {
  return name.replaceAll(REFUSED, "-");
}

/** What Azure takes of the tags, by their names in lower case, in the order of the names. */
function fitting(owner: Owner, tags: Tags, cut: string[]): ReadonlyMap<string, Tag> {
  const fit = new Map<string, Tag>();
  for (const [original, value] of Object.entries(tags).toSorted(byName)) {
    if (isRecordTag(original)) {
      // The disk that was restored of a snapshot never has one; somebody else's would be taken for the truth.
      if (owner !== "the disk")
        cut.push(`${tagOf(owner, original)} is left out: the name is velero-azure's own`);
      continue;
    }
    const name = fittingName(owner, original, cut);
    const key = name.toLowerCase();
    if (name === "" || fit.has(key)) {
      const reason = name === "" ? "it has no name" : `another one becomes ${quoted(name)}, too`;
      cut.push(`${tagOf(owner, original)} is left out: ${reason}`);
      continue;
    }
    if (value.length > MAX_VALUE) {
      cut.push(`the value of ${tagOf(owner, original)} is cut: Azure allows ${MAX_VALUE} characters`);
    }
    fit.set(key, { name, value: start(value, MAX_VALUE) });
  }
  return fit;
}

/** The name with nothing in it that Azure refuses. Slashes are replaced without a word, since all of Velero's have one. */
function fittingName(owner: Owner, original: string, cut: string[]): string {
  const reserved = RESERVED.test(original);
  if (reserved) {
    cut.push(`${tagOf(owner, original)} gets an "x-" in front: Azure keeps names that begin so for itself`);
  }
  const name = azureTagName(reserved ? `x-${original}` : original).trim();
  if (name.length <= MAX_NAME) {
    return name;
  }
  cut.push(`the name of ${tagOf(owner, original)} is cut: Azure allows ${MAX_NAME} characters`);
  const sum = createHash("sha256").update(original).digest("hex").slice(0, 16);
  return `${start(name, MAX_NAME - 17)}-${sum}`;
}

function tagOf(owner: Owner, name: string): string {
  return `tag ${quoted(name)} of ${owner}`;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${start(name, 97)}...` : name);
}

/** Without half a character at its end. */
function start(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}

/** By code units: the order must be the same on every machine. */
function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
