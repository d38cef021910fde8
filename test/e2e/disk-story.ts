import assert from "node:assert/strict";
import type { DiskRecord } from "../../simulator/resource-manager/compute/records.ts";
import { Pending } from "../cluster/bounded-wait.ts";
import type { VeleroCluster } from "../cluster/cluster.ts";
import { type ClaimedDisk, claimDisks, diskIdOf, untilBound, volumesOf } from "./claims.ts";
import { characterOf, type DiskWorld } from "./disk-world.ts";

type Disks = ReadonlyMap<string, DiskRecord>;

/** What a user does with disks in a cluster, by Velero's command line, and how its end is judged. */
export class DiskStory {
  readonly #cluster: VeleroCluster;
  readonly #world: DiskWorld;

  constructor(cluster: VeleroCluster, world: DiskWorld) {
    this.#cluster = cluster;
    this.#world = world;
  }

  /** Disks that were written to, each another number of times, and their claims; others that have no disk. */
  async claim(
    namespace: string,
    disks: readonly ClaimedDisk[],
    others: readonly ClaimedDisk[] = [],
  ): Promise<void> {
    const made: [ClaimedDisk, string][] = others.map((claimed) => [claimed, ""]);
    for (const [index, claimed] of disks.entries())
      made.push([claimed, await this.#world.addDisk(claimed, index + 2)]);
    await claimDisks(this.#cluster, namespace, made);
  }

  /** The disks of a namespace's volumes by the volumes' names; those without one are left out. */
  async disksOf(namespace: string): Promise<Disks> {
    const disks = new Map<string, DiskRecord>();
    for (const [name, volume] of await volumesOf(this.#cluster.kubernetes, namespace)) {
      const id = diskIdOf(volume);
      if (id !== undefined) disks.set(name, await this.#world.disk(id));
    }
    return disks;
  }

  async backUp(
    name: string,
    namespace: string,
    location: string,
    status: "Completed" | "PartiallyFailed" = "Completed",
  ): Promise<void> {
    // Of a claim that is not bound yet, as after a restore a moment ago, Velero leaves out the volume.
    const volumes = await volumesOf(this.#cluster.kubernetes, namespace);
    await untilBound(this.#cluster, namespace, [...volumes.keys()]);
    const target = [`--include-namespaces=${namespace}`, `--volume-snapshot-locations=${location}`];
    const outcome = await this.#cluster.velero("backup", "create", name, ...target, "--wait");
    assert.match(outcome, new RegExp(`completed with status: ${status}\\b`));
  }

  async restore(name: string, backup: string): Promise<void> {
    const from = `--from-backup=${backup}`;
    const outcome = await this.#cluster.velero("restore", "create", name, from, "--wait");
    assert.match(outcome, /completed with status: Completed/);
  }

  async deleteBackup(name: string): Promise<void> {
    await this.#cluster.velero("backup", "delete", name, "--confirm");
    await this.#cluster.waitFor(`backup "${name}" deleted`, async () => {
      const backup = await this.#cluster.veleroObject("backups", name);
      return backup === undefined ? true : new Pending(JSON.stringify(backup["status"]));
    });
  }
}

/** Other disks, but like the former ones in all but `otherwise`, and with what they held when they were backed up. */
export function assertAsBefore(former: Disks, restored: Disks, otherwise: Partial<DiskRecord> = {}): void {
  assert.deepEqual([...restored.keys()].toSorted(), [...former.keys()].toSorted());
  for (const [name, disk] of restored) {
    const was = former.get(name);
    assert.ok(was, name);
    assert.notEqual(disk.id, was.id);
    assert.equal(disk.generation, was.generation, name);
    assert.deepEqual(characterOf(disk), { ...characterOf(was), ...otherwise }, name);
    for (const [tag, value] of Object.entries(was.tags)) {
      // Velero's own say which backup it was, each time another.
      if (!tag.startsWith("velero.io-")) assert.equal(disk.tags[tag], value, name);
    }
  }
}
