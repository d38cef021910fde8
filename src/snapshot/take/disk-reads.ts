import { type Disk, type DiskId, getDisk } from "../../azure/resource-manager/disk.ts";
import { SharedFlight } from "../../azure/shared-flight.ts";
import { formatResourceId } from "../resource-id.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit, within } from "../waiting/time-limit.ts";

/** Velero asks for a snapshot moments after it asked for the disk's type. What is older may not hold any more. */
const KEPT_MILLISECONDS = 60_000;

interface KeptDisk {
  readonly disk: Disk;
  readonly readAt: number;
}

/** Reads disks, so that one reading serves GetVolumeInfo and the CreateSnapshot that follows it. */
export class DiskReads {
  readonly #parts: SnapshotterParts;
  readonly #kept = new Map<string, KeptDisk>();
  readonly #flights = new Map<string, SharedFlight<Disk>>();

  constructor(parts: SnapshotterParts) {
    this.#parts = parts;
  }

  /** As the disk is now; kept for `take`. Who asks at the same time gets the same answer. */
  async read(id: DiskId, signal: AbortSignal): Promise<Disk> {
    const disk = await this.#ask(id, signal);
    const now = this.#parts.clock.now();
    for (const [key, { readAt }] of this.#kept) {
      if (now - readAt > KEPT_MILLISECONDS) {
        this.#kept.delete(key);
      }
    }
    this.#kept.set(keyOf(id), { disk, readAt: now });
    return disk;
  }

  /** What `read` has just read, once; otherwise as it is now. */
  async take(id: DiskId, signal: AbortSignal): Promise<Disk> {
    const key = keyOf(id);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    const fresh = kept !== undefined && this.#parts.clock.now() - kept.readAt <= KEPT_MILLISECONDS;
    return fresh ? kept.disk : await this.#ask(id, signal);
  }

  async #ask(id: DiskId, signal: AbortSignal): Promise<Disk> {
    const { clock, config, manager } = this.#parts;
    const key = keyOf(id);
    const limit = { clock, limit: apiLimit(config), what: `look up disk "${id.name}"` };
    return await within(limit, signal, async (limited) => {
      let flight = this.#flights.get(key);
      if (flight === undefined) {
        // With the time limit on its own signal: who waits for a throttled answer must know how long it may.
        flight = new SharedFlight((shared) =>
          within(limit, shared, async (timed) => await getDisk(await manager(timed), id, timed)),
        );
        this.#flights.set(key, flight);
      }
      try {
        return await flight.join(limited);
      } finally {
        // Whoever asks from now on wants what is then.
        if (this.#flights.get(key) === flight) {
          this.#flights.delete(key);
        }
      }
    });
  }
}

function keyOf(id: DiskId): string {
  return formatResourceId("disks", id).toLowerCase();
}
