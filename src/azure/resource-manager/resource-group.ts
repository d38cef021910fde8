import type { DiskId } from "./disk.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** The region of a resource group. Source: learn.microsoft.com/rest/api/resources/resource-groups/get */
export declare function locationOfGroup(
  manager: ResourceManager,
  place: Omit<DiskId, "name">,
  signal: AbortSignal,
): Promise<string>;
