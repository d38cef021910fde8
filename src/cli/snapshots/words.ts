import type {
  AbsentCopy,
  InventoryEntry,
  ListedSnapshot,
  SnapshotState,
} from "../../snapshot/upkeep/inventory.ts";
import { parseResourceId } from "../../snapshot/resource-id.ts";
import { age, plain, size } from "../output.ts";

/** A snapshot in `--json`: what is unknown is null. Documented in docs/snapshots.md; fields stay. */
export function snapshotJson(entry: InventoryEntry) {
  const { snapshot, copy, copyOf } = entry;
  return {
    ...partJson(snapshot),
    backup: snapshot.backup ?? null,
    backupLocation: snapshot.backupLocation ?? null,
    volume: snapshot.volume ?? null,
    disk: diskId(snapshot) ?? null,
    diskSku: snapshot.maker.kind === "this plugin" ? snapshot.maker.record.disk.sku : null,
    incremental: snapshot.incremental,
    sizeBytes: snapshot.sizeBytes ?? null,
    madeBy: snapshot.maker.kind,
    copyOf: copyOf ?? null,
    copy: copy === undefined ? null : "absent" in copy ? absentJson(copy) : partJson(copy),
  };
}

function partJson({ id, name, region, createdAt, state }: ListedSnapshot) {
  return {
    id,
    name,
    region,
    created: createdAt === undefined ? null : new Date(createdAt).toISOString(),
    state: state.kind === "other" ? state.word : state.kind,
    percent: state.kind === "copying" ? state.percent : null,
    reason: state.kind === "failed" ? state.reason : null,
  };
}

function absentJson(copy: AbsentCopy) {
  const id = copy.absent;
  const name = parseResourceId("snapshots", id)?.name ?? id;
  return { id, name, region: null, created: null, state: absence(copy), percent: null, reason: null };
}

function absence({ looked }: AbsentCopy): string {
  return looked ? "missing" : "unknown";
}

/** The resource ID of the disk; a copy does not have it, but the record names the place. */
function diskId({ sourceId }: ListedSnapshot): string | undefined {
  return sourceId !== undefined && parseResourceId("disks", sourceId) !== undefined ? sourceId : undefined;
}

export const HEADS = [
  "SNAPSHOT",
  "BACKUP",
  "VOLUME",
  "DISK",
  "KIND",
  "SIZE",
  "AGE",
  "REGION",
  "STATE",
  "COPY",
  "MADE BY",
] as const;

/** A row under `HEADS`. */
export function snapshotRow({ snapshot, copy, copyOf }: InventoryEntry, now: number): readonly string[] {
  const disk = parseResourceId("disks", diskId(snapshot) ?? "");
  const cells = [
    snapshot.name,
    snapshot.backup,
    snapshot.volume,
    disk?.name,
    snapshot.incremental ? "incremental" : "full",
    snapshot.sizeBytes === undefined ? undefined : size(snapshot.sizeBytes),
    snapshot.createdAt === undefined ? undefined : age(now - snapshot.createdAt),
    snapshot.region,
    stateWords(snapshot.state) + (snapshot.maker.kind === "unreadable" ? ", tags damaged" : ""),
    copyWords(copy, copyOf),
    snapshot.maker.kind,
  ];
  return cells.map((cell) => plain(cell ?? "-"));
}

function copyWords(copy: InventoryEntry["copy"], copyOf: string | undefined): string | undefined {
  if (copyOf !== undefined) return `is one, of ${parseResourceId("snapshots", copyOf)?.name ?? copyOf}`;
  if (copy === undefined) return undefined;
  return "absent" in copy ? absence(copy) : `${copy.region}: ${stateWords(copy.state)}`;
}

export function stateWords(state: SnapshotState): string {
  switch (state.kind) {
    case "ready":
      return "ready";
    case "copying":
      return `copying ${Math.floor(state.percent)} %`;
    case "failed":
      return `failed: ${state.reason}`;
    default:
      return state.word;
  }
}
