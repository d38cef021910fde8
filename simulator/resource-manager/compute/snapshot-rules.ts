import { booleanIn, objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import type { ResourceManagerState } from "../state.ts";
import type { Source } from "./disk-creation.ts";
import { diskKind, SNAPSHOT_SKUS } from "./disk-kinds.ts";
import { skuNotSupported } from "./disk-rules.ts";
import { completionOf } from "./progress.ts";
import { checkEncryption, checkNetwork, subscriptionOf } from "./protection-rules.ts";
import { checkQuota } from "./quota.ts";
import type { DiskRecord, SnapshotRecord } from "./records.ts";
import { badRequest, invalidParameter, missing, notAllowed } from "./refusals.ts";
import { regionNamed } from "./regions.ts";
import { checkComplete } from "./sources.ts";

/** How many copies a subscription has under way into a region. */
const COPIES_AT_ONCE = 100;

export function requireSource(source: Source | undefined): Source {
  if (source === undefined) {
    throw missing("snapshot.creationData.sourceResourceId");
  }
  return source;
}

export interface Asked {
  /** ID of the snapshot to be. */
  readonly id: string;
  readonly location: string;
  readonly body: JsonObject;
  readonly source: Source;
  readonly now: number;
}

/**
 * Throws in Azure's words for a snapshot that cannot be.
 * Sources: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots (restrictions),
 * disks-copy-incremental-snapshot-across-regions (restrictions)
 */
export function checkSnapshot(state: ResourceManagerState, asked: Asked): void {
  const properties = objectIn(asked.body, "properties");
  const option = textIn(objectIn(properties, "creationData"), "createOption");
  const incremental = booleanIn(properties, "incremental") ?? false;
  const { source, now, id } = asked;
  if (option !== "Copy" && option !== "CopyStart") {
    throw invalidParameter(
      `Create option '${option ?? ""}' is not simulated.`,
      "snapshot.creationData.createOption",
    );
  }
  const subscription = subscriptionOf(id);
  if (incremental && subscriptionOf(source.id) !== subscription) {
    throw badRequest(
      `An incremental snapshot must be in the subscription of its source: '${source.id}' is in another one than ` +
        `'${subscription}'.`,
    );
  }
  if (option === "CopyStart") {
    checkCopyStart(state, asked, incremental);
  } else if ("diskSku" in source) {
    checkCopyOfSnapshot(source, incremental, now);
  } else {
    checkKindOf(source, incremental);
    if (incremental) {
      checkQuota(state, source, now);
    }
  }
}

/** Throws for settings that a snapshot cannot have. */
export function checkSnapshotSettings(state: ResourceManagerState, snapshot: SnapshotRecord): void {
  const zonal = regionNamed(snapshot.location).zones.length > 0;
  const there = SNAPSHOT_SKUS.filter((sku) => zonal || !sku.endsWith("_ZRS"));
  if (!there.includes(snapshot.sku)) {
    throw skuNotSupported(snapshot.sku, "Snapshot", there);
  }
  if (snapshot.incremental && snapshot.sku.startsWith("Premium")) {
    throw invalidParameter(`SKU ${snapshot.sku} is not supported for incremental snapshots.`, "sku.name");
  }
  checkEncryption(state, snapshot);
  checkNetwork(state, snapshot);
}

function checkKindOf(disk: DiskRecord, incremental: boolean): void {
  if (!incremental && diskKind(disk.sku)?.copiedInBackground === true) {
    throw invalidParameter(
      `Only incremental snapshots are supported for disks with SKU ${disk.sku}.`,
      "incremental",
    );
  }
}

function checkCopyOfSnapshot(source: SnapshotRecord, incremental: boolean, now: number): void {
  if (incremental) {
    throw invalidParameter(
      "An incremental snapshot can be created of a disk, or copied with CopyStart.",
      "incremental",
    );
  }
  checkComplete(source, now);
}

function checkCopyStart(
  state: ResourceManagerState,
  { id, location, source, now }: Asked,
  incremental: boolean,
): void {
  if (!("diskSku" in source)) {
    throw invalidParameter("Entity not of expected type", "creationData.sourceResourceId");
  }
  if (!incremental || !source.incremental) {
    throw invalidParameter("CopyStart is only supported for incremental snapshots.", "incremental");
  }
  checkComplete(source, now);
  const underWay = Object.values(state.snapshots).filter(
    (copy) =>
      copy.createOption === "CopyStart" &&
      copy.location === location &&
      subscriptionOf(copy.id) === subscriptionOf(id) &&
      isCopying(copy, now),
  );
  if (underWay.length >= COPIES_AT_ONCE) {
    throw notAllowed(
      `The maximum number (${COPIES_AT_ONCE}) of snapshot copies in progress is reached in location ${location}.`,
    );
  }
  checkOrder(state, { source, location, underWay });
}

interface Copying {
  readonly source: SnapshotRecord;
  readonly location: string;
  readonly underWay: readonly SnapshotRecord[];
}

/** A disk's snapshots are copied one after the other, in the order in which they were taken. */
function checkOrder(state: ResourceManagerState, { source, location, underWay }: Copying): void {
  const sourceOf = (copy: SnapshotRecord): SnapshotRecord | undefined =>
    state.snapshots[keyOf(copy.sourceResourceId ?? "")];
  if (underWay.some((copy) => sourceOf(copy)?.familyId === source.familyId)) {
    throw notAllowed("Only one snapshot of a disk can be copied at a time, and another copy is in progress.");
  }
  const copies = Object.values(state.snapshots).filter(
    (copy) => copy.createOption === "CopyStart" && copy.location === location,
  );
  const later = copies
    .map(sourceOf)
    .find(
      (other) =>
        other?.familyId === source.familyId &&
        Date.parse(other?.timeCreated ?? "") > Date.parse(source.timeCreated),
    );
  if (later !== undefined) {
    throw notAllowed(
      `Snapshots of a disk must be copied in the order in which they were created: '${later.id}' was created later.`,
    );
  }
}

function isCopying(copy: SnapshotRecord, now: number): boolean {
  const { percent, failure } = completionOf(copy, now);
  return percent < 100 && failure === undefined;
}
