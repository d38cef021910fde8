import assert from "node:assert/strict";
import type { AzureWorld } from "./azure-world.ts";
import { type Refusal, refusalTests, encrypted, withReader } from "./disk-refusals.ts";
import type { Estate } from "./disk-world.ts";

const HOUR = 3_600_000;

refusalTests((world) => [...targets(world), ...limits(world)]);

function targets(world: () => AzureWorld): readonly Refusal[] {
  return [
    {
      name: "an encryption set that is gone",
      fails: "restore",
      disk: (estate) => encrypted(world(), estate),
      roles: withReader,
      meanwhile: ({ estate }) => {
        const id = `${estate.scopeOf("restores")}/providers/microsoft.compute/diskencryptionsets/key`;
        delete world().azure.inventory.state.diskEncryptionSets[id.toLowerCase()];
      },
      code: "InvalidArgument",
      says: ["DiskEncryptionSet", "was not found", "diskEncryptionSetId in the location's config"],
    },
    {
      name: "an encryption set whose key may not be used any more",
      fails: "restore",
      disk: (estate) => encrypted(world(), estate),
      roles: withReader,
      meanwhile: ({ estate }) => {
        const id = `${estate.scopeOf("restores")}/providers/microsoft.compute/diskencryptionsets/key`;
        const set = world().azure.inventory.state.diskEncryptionSets[id.toLowerCase()];
        assert.ok(set !== undefined);
        set.keyIsAccessible = false;
      },
      code: "FailedPrecondition",
      says: ["key vault", /disk encryption set/],
    },
    {
      name: "an encryption set of another region",
      fails: "restore",
      config: ({ subscriptionId }) => ({
        diskEncryptionSetId:
          encrypted(world(), { subscriptionId }, "northeurope").encryption?.diskEncryptionSetId ?? "",
      }),
      roles: withReader,
      code: "InvalidArgument",
      says: ["same location", "must be in the same subscription and region"],
    },
    {
      name: "a disk access that is gone",
      fails: "restore",
      disk: ({ subscriptionId }) => ({
        networkAccessPolicy: "AllowPrivate",
        diskAccessId: world().azure.inventory.addDiskAccess({
          subscriptionId,
          resourceGroup: "restores",
          name: "a",
        }).id,
      }),
      roles: withReader,
      meanwhile: ({ estate }) => {
        const id = `${estate.scopeOf("restores")}/providers/microsoft.compute/diskaccesses/a`;
        delete world().azure.inventory.state.diskAccesses[id.toLowerCase()];
      },
      code: "InvalidArgument",
      says: ["DiskAccess", "was not found", "disk access that the disk had must be there"],
    },
    {
      name: "a zone without the disk's kind",
      fails: "restore",
      disk: () => ({ sku: "UltraSSD_LRS", zones: ["1"], location: "swedencentral" }),
      config: () => ({ restoreZoneMap: "1=3" }),
      roles: withReader,
      code: "FailedPrecondition",
      says: ['region "swedencentral" has no UltraSSD_LRS disks in zone 3', "zones 1, 2", "restoreZoneMap"],
    },
    {
      name: "a zone without the disk's kind, by somebody who may not list the kinds,",
      fails: "restore",
      disk: () => ({ sku: "UltraSSD_LRS", zones: ["1"], location: "swedencentral" }),
      config: () => ({ restoreZoneMap: "1=3" }),
      code: "InvalidArgument",
      says: ["UltraSSD_LRS is not supported in availability zone 3", "restoreZoneMap"],
    },
    {
      name: "a zone-redundant kind in a region without zones",
      fails: "restore",
      disk: () => ({ location: "westus" }),
      config: () => ({ restoreSkuMap: "Premium_LRS=Premium_ZRS" }),
      roles: withReader,
      code: "FailedPrecondition",
      says: ['region "westus" has no disks of kind Premium_ZRS', "StandardSSD_LRS", "restoreSkuMap"],
    },
    {
      name: "sectors of 4096 bytes for a kind that has none",
      fails: "restore",
      disk: () => ({ sku: "PremiumV2_LRS", zones: ["1"] }),
      config: () => ({ restoreSkuMap: "PremiumV2_LRS=Premium_LRS" }),
      roles: withReader,
      code: "FailedPrecondition",
      says: ["its sectors have 4096 bytes", "restore it as PremiumV2_LRS or UltraSSD_LRS"],
    },
    {
      name: "a description of the disk that somebody changed",
      fails: "restore",
      meanwhile: (_, id) => {
        const snapshot = world().azure.inventory.state.snapshots[id.toLowerCase()];
        assert.ok(snapshot !== undefined);
        const tags = Object.entries(snapshot.tags).map(([name, value]) => [
          name,
          name.startsWith("velero-azure-disk") ? `${value.slice(0, -4)}AAAA` : value,
        ]);
        snapshot.tags = Object.fromEntries(tags);
      },
      code: "DataLoss",
      says: ["velero-azure-disk"],
    },
    {
      name: "data that Azure could not copy",
      alone: true,
      fails: "restore",
      disk: () => {
        world().azure.inventory.setComputePace({ backgroundCopy: 60_000 });
        world().azure.inventory.failCopies({ message: "The disk was resized.", atPercent: 0 });
        return { sku: "PremiumV2_LRS", zones: ["1"] };
      },
      code: "FailedPrecondition",
      says: ["copying the data of snapshot", "The disk was resized", "delete it and take another"],
    },
  ];
}

function limits(world: () => AzureWorld): readonly Refusal[] {
  return [
    {
      name: "a subscription that is throttled for longer than apiTimeout",
      alone: true,
      fails: "snapshot",
      config: () => ({ apiTimeout: "2s" }),
      meanwhile: () => {
        const effect = { kind: "throttle", retryAfterSeconds: 300 } as const;
        world().azure.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
      },
      code: "ResourceExhausted",
      says: ['snapshot disk "data"', "asks to come back in 300 s", "apiTimeout"],
    },
    {
      name: "a region that is out of service",
      fails: "snapshot",
      config: () => ({ apiTimeout: "2s" }),
      disk: () => ({ location: "brazilsouth" }),
      meanwhile: () => world().azure.inventory.loseRegion("brazilsouth", "unavailable"),
      code: "Unavailable",
      says: ['disk "data"', "temporarily unavailable", "status page"],
    },
    {
      name: "a disk that has 500 incremental snapshots",
      fails: "snapshot",
      config: () => ({ incremental: "true" }),
      meanwhile: ({ estate, diskId }) => manySnapshots(world(), estate, diskId, { count: 500, age: HOUR }),
      code: "ResourceExhausted",
      says: [
        /as many incremental snapshots as Azure keeps of a disk, 500/,
        "velero-azure snapshots gc",
        "TTL",
      ],
    },
    {
      name: "a disk that has had seven snapshots in five minutes",
      fails: "snapshot",
      config: () => ({ incremental: "true", copyTimeout: "1s" }),
      meanwhile: ({ estate, diskId }) => manySnapshots(world(), estate, diskId, { count: 7, age: 0 }),
      code: "ResourceExhausted",
      says: ["7 incremental snapshots", "five minutes", "copyTimeout"],
    },
  ];
}

function manySnapshots(
  { azure: { clock, inventory } }: AzureWorld,
  { subscriptionId }: Estate,
  diskId: string,
  { count, age }: { readonly count: number; readonly age: number },
): void {
  const timeCreated = new Date(clock.now() - age).toISOString();
  for (let i = 0; i < count; i += 1) {
    inventory.addSnapshot({
      ...{ subscriptionId, resourceGroup: "snapshots", name: `old-${i}`, sourceResourceId: diskId },
      ...{ incremental: true, timeCreated },
    });
  }
}
