import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Failure, failureCode } from "../errors/error.ts";
import type { ObjectStore } from "./object-store.ts";

/** Where Velero keeps the backups of a location. */
export interface BackupFolder {
  readonly container: string;
  /** As the location's objectStorage has it; slashes at its ends do not count. */
  readonly prefix: string;
}

/** What the backups of a location say of snapshots. */
export interface BackupReferences {
  /** How many whole backups there are. */
  readonly backups: number;
  /** Names of folders without velero-backup.json: Velero does not show them; being stored, being deleted, or broken off. */
  readonly incomplete: ReadonlySet<string>;
  /** `status.providerSnapshotID` of every snapshot of every backup, the incomplete ones' too; as it stands there. */
  readonly snapshotIds: ReadonlySet<string>;
}

/** Backups read at the same time: two small objects each. */
const AT_ONCE = 8;
/** A backup of a hundred thousand volumes has less; a damaged or hostile object must not fill the memory. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads which snapshots the backups in a container refer to. Throws `Failure` as the store does, and DataLoss for a backup
 * that cannot be understood or has fewer snapshots than its own count: who deletes what nobody refers to must not take
 * an unreadable backup for one that refers to nothing.
 *
 * Source: Velero's pkg/persistence (object_store_layout.go, PutBackup) and internal/volume/native_snapshot.go.
 */
export async function readBackupReferences(
  store: Pick<ObjectStore, "listCommonPrefixes" | "get">,
  { container, prefix }: BackupFolder,
  signal: AbortSignal,
): Promise<BackupReferences> {
  const root = `${[...trimmed(prefix), "backups"].join("/")}/`;
  const folders = await store.listCommonPrefixes(container, root, "/", { signal });
  const found = { backups: 0, incomplete: new Set<string>(), snapshotIds: new Set<string>() };
  const waiting = folders.values();
  // The first that fails ends the others: nothing may still read when the store is closed.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const read = async (key: string): Promise<Buffer | undefined> => readObject(store, container, key, either);
  const work = async (): Promise<void> => {
    for (const folder of waiting) {
      const name = folder.slice(root.length, -1);
      const { whole, snapshotIds } = await readBackup(
        `${folder}velero-backup.json`,
        `${folder}${name}-volumesnapshots.json.gz`,
        read,
      );
      if (whole) found.backups += 1;
      else found.incomplete.add(name);
      for (const id of snapshotIds) found.snapshotIds.add(id);
    }
  };
  let failure: unknown;
  const workers = Array.from({ length: AT_ONCE }, () =>
    work().catch((error: unknown) => {
      if (!stop.signal.aborted) failure = error;
      stop.abort();
    }),
  );
  await Promise.all(workers);
  if (stop.signal.aborted) throw failure;
  return found;
}

/** Velero trims the same. */
function trimmed(prefix: string): string[] {
  const text = prefix.replaceAll(/^\/+|\/+$/g, "");
  return text === "" ? [] : [text];
}

async function readBackup(
  metadataKey: string,
  snapshotsKey: string,
  read: (key: string) => Promise<Buffer | undefined>,
): Promise<{ readonly whole: boolean; readonly snapshotIds: readonly string[] }> {
  const metadata = await read(metadataKey);
  const attempted = metadata === undefined ? 0 : attemptedSnapshots(metadataKey, metadata);
  const packed = await read(snapshotsKey);
  const snapshots = packed === undefined ? [] : await parseSnapshots(snapshotsKey, packed);
  if (snapshots.length < attempted) {
    const reason = packed === undefined ? "it is not there" : `it has ${snapshots.length}`;
    throw damaged(snapshotsKey, `the backup counts ${attempted} snapshots, but ${reason}`);
  }
  return { whole: metadata !== undefined, snapshotIds: snapshots.filter((id) => id !== "") };
}

async function readObject(
  store: Pick<ObjectStore, "get">,
  container: string,
  key: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  let length = 0;
  const pieces: Buffer[] = [];
  try {
    for await (const piece of await store.get(container, key, { signal })) {
      length += piece.length;
      if (length > MAX_BYTES) throw damaged(key, "it is larger than any that Velero writes");
      pieces.push(Buffer.from(piece));
    }
  } catch (error) {
    if (failureCode(error) === "NotFound") return undefined;
    throw error;
  }
  return Buffer.concat(pieces);
}

/** How many snapshots the backup says it took or tried to take. */
function attemptedSnapshots(key: string, content: Buffer): number {
  const backup = parseJson(key, content);
  if (!isObject(backup) || backup["kind"] !== "Backup") throw damaged(key, "it is no backup of Velero");
  const status = backup["status"] ?? {};
  const attempted = isObject(status) ? (status["volumeSnapshotsAttempted"] ?? 0) : undefined;
  if (typeof attempted !== "number") throw damaged(key, "its status is not what Velero writes");
  return attempted;
}

/** The provider's IDs, empty for snapshots that failed. */
async function parseSnapshots(key: string, packed: Buffer): Promise<readonly string[]> {
  let content: Buffer;
  try {
    content = await promisify(gunzip)(packed, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw damaged(key, "it is not compressed as Velero does it", cause);
  }
  // A list without entries is `null` where Go had none to begin with.
  const list = parseJson(key, content) ?? [];
  if (!Array.isArray(list)) throw damaged(key, "it is no list of snapshots");
  return list.map((entry: unknown) => {
    const status = isObject(entry) ? (entry["status"] ?? {}) : undefined;
    const id = isObject(status) ? (status["providerSnapshotID"] ?? "") : undefined;
    if (typeof id !== "string") throw damaged(key, "an entry is none that Velero writes");
    return id;
  });
}

function parseJson(key: string, content: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (cause) {
    throw damaged(key, "it is not JSON", cause);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(key: string, reason: string, cause?: unknown): Failure {
  return new Failure("DataLoss", `cannot read backup object "${key}": ${reason}`, { cause });
}
