import { failureCode } from "../../errors/error.ts";
import { computeCall, type DiskId } from "./compute.ts";
import { type Encryption, encryptionOf } from "./encryption.ts";
import { booleanField, field, numberField, textField, textMapField } from "./json.ts";
import { listAll } from "./list.ts";
import { run } from "./long-running.ts";
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
  /** The `uniqueId` of that: another one may have the name since. */
  readonly sourceUniqueId: string | undefined;
  readonly uniqueId: string | undefined;
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
  /** Whether nobody may export the content by an address. Otherwise whoever has the right may, from everywhere. */
  readonly closed: boolean;
}

/** The built-in role that has all of them. */
const ROLE = "Disk Snapshot Contributor";
const READ = { action: "Microsoft.Compute/snapshots/read", role: ROLE };
const WRITE = { action: "Microsoft.Compute/snapshots/write", role: ROLE };
const DELETE = { action: "Microsoft.Compute/snapshots/delete", role: ROLE };

/** Undefined when there is no such snapshot; a resource group or subscription that is missing is an error. */
export async function findSnapshot(
  manager: ResourceManager,
  id: DiskId,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const what = `look up snapshot "${id.name}"`;
  const call = computeCall({ method: "GET", what, kind: "snapshots", id, permission: READ });
  try {
    return readSnapshot(await manager.call(call, signal), `/${call.resource.join("/")}`);
  } catch (error) {
    if (failureCode(error) === "NotFound") {
      return undefined;
    }
    throw error;
  }
}

/**
 * Begins a snapshot and waits until Azure has taken it: its point in time is then safe, though data may still be copied
 * (`completionPercent`). Repeated with the same name and body it makes no second one.
 * Source: learn.microsoft.com/rest/api/compute/snapshots/create-or-update
 */
export async function createSnapshot(
  manager: ResourceManager,
  id: DiskId,
  snapshot: NewSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const { location, tags, createOption, sourceResourceId, incremental, sku, diskEncryptionSetId } = snapshot;
  const { closed } = snapshot;
  const body = {
    location,
    tags,
    sku: sku === undefined ? undefined : { name: sku },
    properties: {
      creationData: { createOption, sourceResourceId },
      incremental,
      networkAccessPolicy: closed ? "DenyAll" : undefined,
      publicNetworkAccess: closed ? "Disabled" : undefined,
      encryption:
        diskEncryptionSetId === undefined
          ? undefined
          : { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId },
    },
  };
  const source = sourceResourceId.split("/").at(-1) ?? sourceResourceId;
  const what =
    createOption === "Copy"
      ? `snapshot disk "${source}" as "${id.name}"`
      : `copy snapshot "${source}" to ${location}`;
  await run(
    manager,
    computeCall({ method: "PUT", what, kind: "snapshots", id, permission: WRITE, body }),
    signal,
  );
}

/**
 * Puts these tags in the place of all that the snapshot has. Source:
 * learn.microsoft.com/rest/api/compute/snapshots/update
 */
export async function updateSnapshotTags(
  manager: ResourceManager,
  id: DiskId,
  tags: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const what = `change the tags of snapshot "${id.name}"`;
  await run(
    manager,
    computeCall({ method: "PATCH", what, kind: "snapshots", id, permission: WRITE, body: { tags } }),
    signal,
  );
}

/** Resolves when the snapshot is gone, and when it was not there. */
export async function deleteSnapshot(
  manager: ResourceManager,
  id: DiskId,
  signal: AbortSignal,
): Promise<void> {
  const what = `delete snapshot "${id.name}"`;
  await run(
    manager,
    computeCall({ method: "DELETE", what, kind: "snapshots", id, permission: DELETE }),
    signal,
  );
}

/** All snapshots of a resource group, every page. */
export async function* listSnapshots(
  manager: ResourceManager,
  place: Omit<DiskId, "name">,
  signal: AbortSignal,
): AsyncGenerator<Snapshot, void, undefined> {
  const { subscriptionId, resourceGroup } = place;
  const id = { subscriptionId, resourceGroup };
  const what = `list the snapshots of resource group "${resourceGroup}"`;
  const call = computeCall({ method: "GET", what, kind: "snapshots", id, permission: READ });
  for await (const entry of listAll(manager, call, signal)) {
    yield readSnapshot(entry, `/${[...call.resource, textField(entry, "name") ?? ""].join("/")}`);
  }
}

const GIB = 1024 ** 3;

/** `id`: in case that the answer does not tell. */
function readSnapshot(json: unknown, id: string): Snapshot {
  const properties = field(json, "properties");
  const creation = field(properties, "creationData");
  const gib = numberField(properties, "diskSizeGB");
  const created = Date.parse(textField(properties, "timeCreated") ?? "");
  return {
    id: textField(json, "id") ?? id,
    name: textField(json, "name") ?? id.slice(id.lastIndexOf("/") + 1),
    location: textField(json, "location") ?? "",
    sku: textField(field(json, "sku"), "name"),
    tags: textMapField(json, "tags"),
    incremental: booleanField(properties, "incremental") ?? false,
    familyId: textField(properties, "incrementalSnapshotFamilyId"),
    createOption: textField(creation, "createOption"),
    sourceResourceId: textField(creation, "sourceResourceId"),
    sourceUniqueId: textField(creation, "sourceUniqueId"),
    uniqueId: textField(properties, "uniqueId"),
    sizeBytes: numberField(properties, "diskSizeBytes") ?? (gib === undefined ? undefined : gib * GIB),
    logicalSectorSize: numberField(creation, "logicalSectorSize"),
    encryption: encryptionOf(properties),
    timeCreated: Number.isNaN(created) ? undefined : created,
    provisioningState: textField(properties, "provisioningState"),
    completionPercent: numberField(properties, "completionPercent"),
    copyError: copyErrorOf(field(properties, "copyCompletionError")),
  };
}

function copyErrorOf(error: unknown): Snapshot["copyError"] {
  const code = textField(error, "errorCode");
  const message = textField(error, "errorMessage");
  return code === undefined && message === undefined ? undefined : { code, message };
}
