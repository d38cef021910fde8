import type { AzureWorld } from "./azure-world.ts";
import { type Refusal, refusalTests, rolesBut, encrypted } from "./disk-refusals.ts";
import { leastRoles, newEstate } from "./disk-world.ts";

const HOUR = 3_600_000;

refusalTests((world) => [...rights(world), ...places(world)]);

function rights(world: () => AzureWorld): readonly Refusal[] {
  return [
    {
      name: "an identity that may not read the disk",
      fails: "look",
      roles: rolesBut(() => ({ "Disk Backup Reader": [], "Virtual Machine Contributor": [] })),
      code: "PermissionDenied",
      says: ({ estate }) => [
        'cannot look up disk "data"',
        "may not perform Microsoft.Compute/disks/read",
        `--role "Disk Backup Reader" --scope "${estate.scopeOf(estate.disks)}"`,
      ],
    },
    {
      name: "an identity that may do nothing in the snapshots' group",
      fails: "snapshot",
      roles: rolesBut(() => ({ "Disk Snapshot Contributor": [] })),
      code: "PermissionDenied",
      says: ({ estate }) => [
        "Microsoft.Compute/snapshots/read",
        `--role "Disk Snapshot Contributor" --scope "${estate.scopeOf(estate.snapshots)}"`,
      ],
    },
    {
      name: "an identity that may only read in the snapshots' group",
      fails: "snapshot",
      roles: rolesBut(({ scopeOf, snapshots }) => ({
        "Disk Snapshot Contributor": [],
        Reader: [scopeOf(snapshots)],
      })),
      code: "PermissionDenied",
      says: ['cannot snapshot disk "data"', "Microsoft.Compute/snapshots/write", "Disk Snapshot Contributor"],
    },
    {
      name: "an identity that may read the disk, and not its content",
      fails: "snapshot",
      roles: rolesBut(({ scopeOf, disks }) => ({ "Disk Backup Reader": [], Reader: [scopeOf(disks)] })),
      code: "PermissionDenied",
      says: ({ estate }) => [
        "Microsoft.Compute/disks/beginGetAccess/action",
        `--role "Disk Backup Reader" --scope "${estate.scopeOf(estate.disks)}"`,
      ],
    },
    {
      name: "an identity that may make no disks",
      fails: "restore",
      roles: rolesBut(() => ({ "Virtual Machine Contributor": [] })),
      code: "PermissionDenied",
      says: ({ estate }) => [
        'cannot create disk "restore-',
        "Microsoft.Compute/disks/write",
        `--role "Disk Restore Operator" --scope "${estate.scopeOf(estate.disks)}"`,
      ],
    },
    {
      name: "an identity that may not use the disk's encryption set",
      fails: "restore",
      disk: (estate) => encrypted(world(), estate, "swedencentral"),
      roles: leastRoles,
      code: "PermissionDenied",
      says: ["Microsoft.Compute/diskEncryptionSets/read", "/diskEncryptionSets/key", '--role "Reader"'],
    },
    {
      name: "an identity that may take snapshots but not delete them",
      fails: "delete",
      meanwhile: ({ estate, objectId }) => {
        const { inventory } = world().azure;
        const scope = estate.scopeOf(estate.snapshots);
        const roles = Object.values(inventory.state.roleAssignments).filter((role) => role.scope === scope);
        for (const { id } of roles) inventory.removeRoleAssignment(id);
        inventory.assignRole({ principalId: objectId, role: "Reader", scope });
      },
      code: "PermissionDenied",
      says: ["Microsoft.Compute/snapshots/delete", "Disk Snapshot Contributor"],
    },
  ];
}

function places(world: () => AzureWorld): readonly Refusal[] {
  return [
    {
      name: "a resource group for snapshots that is not there",
      fails: "snapshot",
      config: () => ({ resourceGroup: "snapshotz" }),
      roles: ({ subscriptionId }) => ({ Contributor: [`/subscriptions/${subscriptionId}`] }),
      code: "FailedPrecondition",
      says: [
        'there is no resource group "snapshotz"',
        "check resourceGroup and copyResourceGroup in the location's config",
      ],
    },
    {
      name: "a resource group for restored disks that is not there",
      fails: "restore",
      config: () => ({ restoreResourceGroup: "restorez" }),
      roles: ({ subscriptionId }) => ({ Contributor: [`/subscriptions/${subscriptionId}`] }),
      code: "FailedPrecondition",
      says: ['there is no resource group "restorez"', "restoreResourceGroup"],
    },
    {
      name: "a disk that is gone",
      fails: "look",
      disk: () => ({ name: "another" }),
      code: "NotFound",
      says: ({ estate }) => [
        'cannot look up disk "data"',
        "no such resource",
        estate.disks,
        estate.subscriptionId,
      ],
    },
    {
      name: "a snapshot that somebody deleted",
      fails: "restore",
      meanwhile: (_, id) => delete world().azure.inventory.state.snapshots[id.toLowerCase()],
      code: "NotFound",
      says: ["cannot restore snapshot", "there is no such snapshot", "copyToRegion"],
    },
    {
      name: "an incremental snapshot in another subscription than its disk's",
      fails: "snapshot",
      config: () => ({ incremental: "true", subscriptionId: newEstate(world()).subscriptionId }),
      code: "FailedPrecondition",
      says: ["disk's own subscription", "leave subscriptionId out", 'incremental to "false"'],
    },
    {
      name: "a full snapshot of a disk that has incremental ones alone",
      fails: "snapshot",
      config: () => ({ incremental: "false" }),
      disk: () => ({ sku: "UltraSSD_LRS", zones: ["1"] }),
      code: "FailedPrecondition",
      says: ["UltraSSD_LRS", "leave incremental out"],
    },
    {
      name: "a snapshot that is locked",
      fails: "delete",
      meanwhile: ({ estate }) => world().azure.inventory.addLock({ scope: estate.scopeOf(estate.snapshots) }),
      code: "FailedPrecondition",
      says: ["lock", "remove the lock"],
    },
    {
      name: "a snapshot that somebody reads",
      fails: "delete",
      meanwhile: (_, id) => {
        const snapshot = world().azure.inventory.state.snapshots[id.toLowerCase()];
        if (snapshot !== undefined) snapshot.accessUntil = world().azure.clock.now() + HOUR;
      },
      code: "FailedPrecondition",
      says: ["active shared access signature", "az snapshot revoke-access"],
    },
  ];
}
