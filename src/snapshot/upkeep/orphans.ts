import { createHash } from "node:crypto";
import { type InventoryEntry, idKey, type ListedSnapshot } from "./inventory.ts";
import { type ComputePlace, isSamePlace } from "../resource-id.ts";

/** A backup storage location whose backups were all read. */
export interface ReadBackupLocation {
  readonly name: string;
  /** Names of what has a folder among the backups but is none that Velero would show, being half stored or half deleted. */
  readonly incomplete: ReadonlySet<string>;
}

/** What decides which snapshots nobody needs any more. */
export interface GcBasis {
  /** Where the location's disks are: only snapshots of disks there are looked at. */
  readonly disks: ComputePlace;
  /** What backups refer to: snapshot IDs as `idKey` makes them. */
  readonly referred: ReadonlySet<string>;
  readonly read: readonly ReadBackupLocation[];
  /** Whether `read` are all backup locations that there are, as far as the caller was told. */
  readonly readAll: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** In milliseconds. A backup that is still running has stored nothing yet. */
  readonly minAge: number;
}

/** Why a snapshot stays. */
export type KeepReason =
  | "not-ours"
  | "unreadable-record"
  | "other-disks"
  | "referred"
  | "young"
  | "age-unknown"
  | "first-is-there"
  | "location-not-read"
  | "incomplete-backup";

/** Why a snapshot goes. */
export type OrphanReason = "no-backup" | "copy-without-first";

export type Decision = { readonly entry: InventoryEntry; readonly why: string } & (
  | { readonly orphan: true; readonly reason: OrphanReason }
  | { readonly orphan: false; readonly reason: KeepReason }
);

type Kept = readonly [KeepReason, string];

/**
 * Decides of each entry whether it is an orphan, and says why. Every doubt keeps it. Pure.
 *
 * `firstsElsewhere` are first snapshots, as `idKey` makes them, that were not listed but exist.
 */
export function decide(
  entries: readonly InventoryEntry[],
  basis: GcBasis,
  firstsElsewhere: ReadonlySet<string>,
): readonly Decision[] {
  return entries.map((entry) => {
    const kept =
      notOurs(entry.snapshot, basis) ??
      needed(entry, basis, firstsElsewhere) ??
      doubtful(entry.snapshot, basis);
    if (kept !== undefined) return { entry, orphan: false, reason: kept[0], why: kept[1] };
    return entry.copyOf === undefined
      ? { entry, orphan: true, reason: "no-backup", why: noBackup(entry.snapshot) }
      : {
          entry,
          orphan: true,
          reason: "copy-without-first",
          why: "a copy whose first snapshot is gone, and no backup refers to either",
        };
  });
}

function notOurs({ maker }: ListedSnapshot, { disks }: GcBasis): Kept | undefined {
  switch (maker.kind) {
    case "this plugin":
      return isSamePlace(maker.record.place, disks)
        ? undefined
        : [
            "other-disks",
            `of a disk in resource group "${maker.record.place.resourceGroup}", not this location's`,
          ];
    case "unreadable":
      return ["unreadable-record", `what its tags say of its disk cannot be read: ${maker.reason}`];
    default:
      return ["not-ours", "this plugin did not make it"];
  }
}

function needed(
  { snapshot, copy, copyOf }: InventoryEntry,
  { referred }: GcBasis,
  firstsElsewhere: ReadonlySet<string>,
): Kept | undefined {
  const copyId = copy === undefined || "absent" in copy ? undefined : copy.id;
  const refers = [snapshot.id, copyId, copyOf].some((id) => id !== undefined && referred.has(idKey(id)));
  if (refers) {
    return [
      "referred",
      snapshot.backup === undefined ? "a backup refers to it" : `of backup "${snapshot.backup}"`,
    ];
  }
  return copyOf !== undefined && firstsElsewhere.has(idKey(copyOf))
    ? ["first-is-there", "a copy of a snapshot that is there, in another resource group than this location's"]
    : undefined;
}

function doubtful(snapshot: ListedSnapshot, { read, readAll, now, minAge }: GcBasis): Kept | undefined {
  const { createdAt, backupLocation, backup } = snapshot;
  if (createdAt === undefined) return ["age-unknown", "Azure does not say when it was made"];
  if (now - createdAt < minAge) return ["young", "younger than --min-age"];
  const named = read.filter(({ name }) => labelValue(name) === backupLocation);
  if (backupLocation !== undefined && named.length === 0) {
    return ["location-not-read", `of backup location "${backupLocation}", which was not read`];
  }
  if (backupLocation === undefined && !readAll) {
    return ["location-not-read", "it does not say of which backup location, and not all were read"];
  }
  const half = read.find(({ incomplete }) => backup !== undefined && incomplete.has(backup));
  return half === undefined
    ? undefined
    : [
        "incomplete-backup",
        `what backup location "${half.name}" has of backup "${backup}" is not a whole backup`,
      ];
}

function noBackup({ backup }: ListedSnapshot): string {
  return backup === undefined
    ? "no backup refers to it"
    : `of backup "${backup}", which is gone or does not refer to it`;
}

/**
 * What Velero writes into a label for a name, and so into the tag: a long one is cut. Source: GetValidName of its
 * pkg/label.
 */
function labelValue(name: string): string {
  return name.length <= 63
    ? name
    : name.slice(0, 57) + createHash("sha256").update(name).digest("hex").slice(0, 6);
}
