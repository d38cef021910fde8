import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { normalRegion } from "../../config/region.ts";
import { isWhole } from "../waiting/completion.ts";

/** Which limit keeps Azure from taking another one: `passing` until the next is let through, `full` until one is deleted. */
export type Standing =
  | { readonly kind: "full" }
  | {
      readonly kind: "passing";
      readonly reason: string;
      readonly wait: number;
      /** Whether nothing else can be meant by a refusal. */
      readonly sure: boolean;
    };

/** Pure: of the snapshots that there are at a time; undefined when none of the limits is reached. */
export type Limits = (snapshots: readonly Snapshot[], now: number) => Standing | undefined;

const MOST = 500;
const MOST_AT_A_TIME = 7;
const TIME = 5 * 60_000;
const MOST_PENDING = 3;

/** How often to look whether data that is copied in the background is there. */
const PENDING_PAUSE = 15_000;

/**
 * On the incremental snapshots of one disk. Source:
 * learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots#restrictions
 */
export function limitsOfDisk(diskId: string): Limits {
  return (snapshots, now) => {
    const own = snapshots.filter(
      (snapshot) => snapshot.incremental && snapshot.sourceResourceId?.toLowerCase() === diskId.toLowerCase(),
    );
    if (own.length >= MOST) {
      return { kind: "full" };
    }
    const recent = own
      .map(({ timeCreated }) => timeCreated ?? 0)
      .filter((created) => now - created < TIME)
      .toSorted((a, b) => b - a);
    const first = recent[MOST_AT_A_TIME - 1];
    if (first !== undefined) {
      const reason = `Azure takes ${MOST_AT_A_TIME} incremental snapshots of a disk in five minutes`;
      return { kind: "passing", reason, wait: Math.max(1000, first + TIME - now), sure: true };
    }
    if (own.filter((snapshot) => !isWhole(snapshot)).length >= MOST_PENDING) {
      const reason = `Azure copies the data of ${MOST_PENDING} snapshots of a disk at a time`;
      return { kind: "passing", reason, wait: PENDING_PAUSE, sure: true };
    }
    return undefined;
  };
}

/**
 * On copies into a region: one snapshot of a disk at a time, 100 of a subscription. Whose turn is next Azure alone knows; while
 * any copy is under way it may be that one which is in the way. Source:
 * learn.microsoft.com/azure/virtual-machines/disks-copy-incremental-snapshot-across-regions#restrictions
 */
export function limitsOfCopies(region: string): Limits {
  return (snapshots) => {
    const underWay = snapshots.filter(
      (snapshot) =>
        snapshot.createOption === "CopyStart" &&
        normalRegion(snapshot.location) === normalRegion(region) &&
        !isWhole(snapshot),
    );
    const reason = `Azure copies the snapshots of a disk to ${region} one after the other, and 100 of all disks`;
    return underWay.length === 0 ? undefined : { kind: "passing", reason, wait: PENDING_PAUSE, sure: false };
  };
}
