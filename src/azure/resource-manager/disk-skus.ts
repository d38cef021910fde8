import type { ResourceManager } from "./resource-manager.ts";

/** A kind of disk as a region has it for a subscription. */
export interface DiskSku {
  /** `Premium_LRS`. */
  readonly name: string;
  /** Zones of the region that have it; empty where it has none of them. */
  readonly zones: ReadonlySet<string>;
  /** Not to be had at all in this region by this subscription. */
  readonly restricted: boolean;
}

/**
 * The kinds of disk that a region has. Of Azure's list of all resource SKUs, filtered by location; one entry a name.
 * Source: learn.microsoft.com/rest/api/compute/resource-skus/list
 */
export declare function listDiskSkus(
  manager: ResourceManager,
  subscriptionId: string,
  location: string,
  signal: AbortSignal,
): Promise<readonly DiskSku[]>;
