import type { ComputeResource } from "./resource-id.ts";

/**
 * What a snapshot is for: a disk in a backup. Undefined when the tags do not say which backup and volume. Two calls with the
 * same purpose are one snapshot that was asked for twice.
 */
export declare function purposeOf(
  disk: ComputeResource,
  veleroTags: Readonly<Record<string, string>>,
): string | undefined;

/**
 * VOLUMENAME-UUID, as the official plugin's: the disk's name cut so that it is 80 characters at most. The UUID follows from
 * the purpose and the attempt, so that a process after a killed one finds what that one began; it is random without
 * a purpose.
 */
export declare function snapshotName(
  disk: ComputeResource,
  purpose: string | undefined,
  attempt: number,
): string;

/** The name of a snapshot's copy in a region; known without the snapshot, since that may be lost. */
export declare function copyName(snapshotName: string, region: string): string;

/** Where the copy is: in the snapshot's subscription. */
export declare function copyOf(
  snapshot: ComputeResource,
  copy: { readonly region: string; readonly resourceGroup: string },
): ComputeResource;
