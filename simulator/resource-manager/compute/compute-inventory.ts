import { randomUUID } from "node:crypto";

import { keyOf } from "../resource-id.ts";
import { ComputeLevers } from "./compute-levers.ts";
import { diskKind } from "./disk-kinds.ts";
import { completionOf } from "./progress.ts";
import type { DiskAccessRecord, DiskEncryptionSetRecord, DiskRecord, SnapshotRecord } from "./records.ts";
import { newSnapshot } from "./snapshot-creation.ts";

/** Where a resource lies. */
export interface InGroup {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** What a test may say of a disk; the rest is as Azure chooses it, but 8 GiB and Premium_LRS. */
export type DiskSettings = InGroup &
  Partial<Omit<DiskRecord, "id" | "name" | "provisioningState" | "accessUntil">>;

/** How a snapshot is getting on, for tests: with its generation, which Resource Manager does not tell. */
export type SnapshotView = SnapshotRecord & {
  readonly completionPercent: number;
  readonly copyFailed: boolean;
};

/** The part of the inventory that Compute has: disks, what they are protected by, and snapshots. */
export class ComputeInventory extends ComputeLevers {
  addDisk(disk: DiskSettings): DiskRecord {
    const { subscriptionId, resourceGroup, name, ...settings } = disk;
    const group = this.group(subscriptionId, resourceGroup);
    const provisioned = diskKind(disk.sku ?? "")?.provisioned === true;
    const record: DiskRecord = {
      id: `${group.id}/providers/Microsoft.Compute/disks/${name}`,
      name,
      location: group.location,
      sku: "Premium_LRS",
      sizeGiB: 8,
      uniqueId: randomUUID(),
      timeCreated: this.timestamp(),
      createOption: "Empty",
      generation: 0,
      tags: {},
      encryption: { type: "EncryptionAtRestWithPlatformKey" },
      networkAccessPolicy: "AllowAll",
      publicNetworkAccess: "Enabled",
      provisioningState: "Succeeded",
      managedBy: [],
      ...(provisioned ? { logicalSectorSize: 4096 } : {}),
      ...settings,
    };
    this.state.disks[keyOf(record.id)] = record;
    return record;
  }

  /** A snapshot that was taken before, of a disk or snapshot by its ID; complete, and bound by no rule. */
  addSnapshot(
    snapshot: InGroup & {
      readonly sourceResourceId: string;
      readonly incremental?: boolean;
      readonly location?: string;
      readonly sku?: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly timeCreated?: string;
    },
  ): SnapshotRecord {
    const { subscriptionId, resourceGroup, name, sourceResourceId, incremental = false } = snapshot;
    const group = this.group(subscriptionId, resourceGroup);
    const key = keyOf(sourceResourceId);
    const source = this.state.disks[key] ?? this.state.snapshots[key];
    if (source === undefined) {
      throw new Error(`there is no disk or snapshot "${sourceResourceId}"`);
    }
    const { location = source.location, sku = "Standard_LRS", tags = {}, timeCreated } = snapshot;
    const made = newSnapshot(
      {
        id: `${group.id}/providers/Microsoft.Compute/snapshots/${name}`,
        ...{ name, location, now: this.now() },
      },
      {
        ...{ location, tags, sku: { name: sku } },
        properties: { incremental, creationData: { createOption: "Copy", sourceResourceId } },
      },
      source,
    );
    const record: SnapshotRecord = {
      ...made,
      provisioningState: "Succeeded",
      ...(timeCreated === undefined ? {} : { timeCreated }),
    };
    this.state.snapshots[keyOf(record.id)] = record;
    return record;
  }

  /** Its identity may use the key, unless `keyIsAccessible` is false. */
  addDiskEncryptionSet(
    set: InGroup & Partial<Omit<DiskEncryptionSetRecord, "id" | "name" | "provisioningState">>,
  ): DiskEncryptionSetRecord {
    const { subscriptionId, resourceGroup, name, ...settings } = set;
    const group = this.group(subscriptionId, resourceGroup);
    const record: DiskEncryptionSetRecord = {
      id: `${group.id}/providers/Microsoft.Compute/diskEncryptionSets/${name}`,
      name,
      location: group.location,
      principalId: randomUUID(),
      tenantId: this.tenantOf(subscriptionId),
      encryptionType: "EncryptionAtRestWithCustomerKey",
      keyUrl: "https://simulated.vault.azure.net/keys/disks/0123456789abcdef0123456789abcdef",
      tags: {},
      provisioningState: "Succeeded",
      keyIsAccessible: true,
      ...settings,
    };
    this.state.diskEncryptionSets[keyOf(record.id)] = record;
    return record;
  }

  addDiskAccess(access: InGroup & Partial<Pick<DiskAccessRecord, "location" | "tags">>): DiskAccessRecord {
    const { subscriptionId, resourceGroup, name, ...settings } = access;
    const group = this.group(subscriptionId, resourceGroup);
    const record: DiskAccessRecord = {
      id: `${group.id}/providers/Microsoft.Compute/diskAccesses/${name}`,
      name,
      location: group.location,
      timeCreated: this.timestamp(),
      tags: {},
      provisioningState: "Succeeded",
      ...settings,
    };
    this.state.diskAccesses[keyOf(record.id)] = record;
    return record;
  }

  /** As a workload would: the disk holds something new. Returns its generation. */
  writeDisk(id: string): number {
    const disk = this.#diskThere(id);
    disk.generation += 1;
    return disk.generation;
  }

  /** Attaches it to virtual machines, named by their IDs; to none: detaches it. */
  attachDisk(id: string, ...machines: readonly string[]): void {
    this.#diskThere(id).managedBy = machines;
  }

  disk(id: string): DiskRecord | undefined {
    return this.state.disks[keyOf(id)];
  }

  snapshot(id: string): SnapshotView | undefined {
    const record = this.state.snapshots[keyOf(id)];
    if (record === undefined) {
      return undefined;
    }
    const { percent, failure } = completionOf(record, this.now());
    return { ...record, completionPercent: percent, copyFailed: failure !== undefined };
  }

  disks(): readonly DiskRecord[] {
    return Object.values(this.state.disks);
  }

  snapshots(): readonly SnapshotView[] {
    return Object.values(this.state.snapshots).flatMap(({ id }) => this.snapshot(id) ?? []);
  }

  #diskThere(id: string): DiskRecord {
    const disk = this.state.disks[keyOf(id)];
    if (disk === undefined) {
      throw new Error(`there is no disk "${id}"`);
    }
    return disk;
  }
}
