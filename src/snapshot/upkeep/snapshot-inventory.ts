import { deleteSnapshot, listSnapshots, type Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { Failure } from "../../errors/error.ts";
import { lookUp } from "../waiting/completion.ts";
import { copyExisting, type CopyResult, waitForCopy } from "./copy-existing.ts";
import { configuredCopy } from "../take/copy-snapshot.ts";
import type { CopyPlace } from "../record/disk-record.ts";
import { idKey, type InventoryEntry, inventoryOf, listedSnapshot } from "./inventory.ts";
import type { ManagedDiskOptions } from "../managed-disk.ts";
import { removeSnapshot } from "../remove-snapshot.ts";
import { type ComputePlace, isSamePlace } from "../resource-id.ts";
import { snapshotOf } from "../restore/restore-source.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";

/**
 * The snapshots of a location, for people who look after them. Everything thrown is a `Failure`, as of the
 * location's `VolumeSnapshotter`; calls may run side by side.
 */
export class SnapshotInventory implements AsyncDisposable {
  readonly #parts: ManagedDiskOptions;

  constructor(parts: ManagedDiskOptions) {
    this.#parts = parts;
  }

  /** Where the location's disks are. */
  get disks(): ComputePlace {
    return this.#parts.disks;
  }

  /** Where the location's snapshots are. */
  get snapshots(): ComputePlace {
    return this.#parts.snapshots;
  }

  /**
   * All snapshots of the location's resource group, whoever made them, with their copies: those are looked for where the
   * location's config puts them, and where the snapshots' records say. Oldest first. Copies whose group cannot be
   * read are an error, or with `overlook` told there, and unknown.
   */
  async list(signal: AbortSignal, overlook?: (error: unknown) => void): Promise<readonly InventoryEntry[]> {
    const firsts = await this.#listGroup(this.snapshots, signal);
    const found = [firsts];
    const unread: ComputePlace[] = [];
    for (const place of this.#copyPlaces(firsts)) {
      try {
        found.push(await this.#listGroup(place, signal).catch(noneOfMissingGroup));
      } catch (error) {
        if (overlook === undefined || signal.aborted) throw error;
        overlook(error);
        unread.push(place);
      }
    }
    return inventoryOf(found.flat(), unread);
  }

  /** Of the copies that were listed without their first snapshots: which of those exist after all, as `idKey` makes them. */
  async firstsElsewhere(
    entries: readonly InventoryEntry[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const { copyOf } of entries) {
      if (copyOf === undefined) continue;
      const first = await lookUp(this.#parts, snapshotOf(copyOf), signal).catch(undefinedOfMissingGroup);
      if (first !== undefined) found.add(idKey(copyOf));
    }
    return found;
  }

  /**
   * Deletes a snapshot that was listed, and its copy. Throws `Failure` Aborted when another one has the name since:
   * backups that have the same name one after the other have snapshots that do.
   */
  async remove({ snapshot, copyOf }: InventoryEntry, signal: AbortSignal): Promise<void> {
    const id = snapshotOf(snapshot.id);
    const now = await lookUp(this.#parts, id, signal);
    if (now !== undefined && now.timeCreated !== snapshot.createdAt) {
      const reason = "another snapshot has that name now";
      throw new Failure("Aborted", `cannot delete snapshot "${snapshot.name}": ${reason}`, {
        hint: "list them again",
      });
    }
    if (copyOf === undefined) return removeSnapshot(this.#parts, snapshot.id, signal);
    const { clock, config, manager } = this.#parts;
    const limit = { clock, limit: apiLimit(config), what: `delete snapshot "${snapshot.name}"` };
    await within(limit, signal, async (limited) => deleteSnapshot(await manager(limited), id, limited));
  }

  /** `copyExisting` with the location's own parts. */
  async copy(snapshotId: string, to: CopyPlace, signal: AbortSignal): Promise<CopyResult> {
    return copyExisting(this.#parts, { snapshotId, to, log: this.#parts.logger }, signal);
  }

  /** Waits until a copy can be restored; progress goes to the log. */
  async waitForCopy(copyId: string, signal: AbortSignal): Promise<void> {
    return waitForCopy(this.#parts, copyId, this.#parts.logger, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.close();
  }

  /** Groups that hold copies, each once, besides the location's own. */
  #copyPlaces(firsts: readonly Snapshot[]): readonly ComputePlace[] {
    const groups = firsts.map((snapshot) => {
      const { maker } = listedSnapshot(snapshot);
      return maker.kind === "this plugin" ? maker.record.copy?.resourceGroup : undefined;
    });
    const { subscriptionId } = this.snapshots;
    const places: ComputePlace[] = [];
    for (const resourceGroup of [configuredCopy(this.#parts.config)?.resourceGroup, ...groups]) {
      if (resourceGroup === undefined) continue;
      const place = { subscriptionId, resourceGroup };
      if (![this.snapshots, ...places].some((known) => isSamePlace(known, place))) places.push(place);
    }
    return places;
  }

  async #listGroup(place: ComputePlace, signal: AbortSignal): Promise<readonly Snapshot[]> {
    const { clock, config, manager } = this.#parts;
    const what = `list the snapshots of resource group "${place.resourceGroup}"`;
    return within({ clock, limit: apiLimit(config), what }, signal, async (limited) => {
      const found: Snapshot[] = [];
      for await (const snapshot of listSnapshots(await manager(limited), place, limited))
        found.push(snapshot);
      return found;
    });
  }
}

/** With its group a copy is gone, too. Anything else that hinders is an error: it may be there. */
function noneOfMissingGroup(error: unknown): readonly Snapshot[] {
  undefinedOfMissingGroup(error);
  return [];
}

function undefinedOfMissingGroup(error: unknown): undefined {
  if (error instanceof Failure && error.serviceCode === "ResourceGroupNotFound") return undefined;
  throw error;
}
