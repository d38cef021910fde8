import { field, incomplete, textField } from "./json.ts";
import type { ResourceCall } from "./call.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** What resource IDs of disks are made of. */
export interface DiskId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** What is known of a managed disk, as far as it is used. */
export interface Disk {
  /** `Premium_LRS`, in Azure's spelling. */
  readonly sku: string;
  readonly location: string | undefined;
  /** Availability zones, `1`; a disk has one at the most. */
  readonly zones: readonly string[];
}

/** Knows every kind of disk (Premium SSD v2 came with 2022-03-02). */
const API_VERSION = "2023-04-02";

/** Source: learn.microsoft.com/rest/api/compute/disks/get */
export async function getDisk(manager: ResourceManager, id: DiskId, signal: AbortSignal): Promise<Disk> {
  const { subscriptionId, resourceGroup, name } = id;
  const group = ["subscriptions", subscriptionId, "resourceGroups", resourceGroup];
  const call: ResourceCall = {
    method: "GET",
    what: `look up disk "${name}"`,
    resource: [...group, "providers", "Microsoft.Compute", "disks", name],
    apiVersion: API_VERSION,
    permission: { action: "Microsoft.Compute/disks/read", role: "Disk Backup Reader" },
    absent: "NotFound",
  };
  const disk = await manager.call(call, signal);
  const sku = textField(field(disk, "sku"), "name");
  if (sku === undefined) {
    throw incomplete(call.what, "sku.name");
  }
  const zones: unknown = field(disk, "zones");
  return {
    sku,
    location: textField(disk, "location"),
    zones: Array.isArray(zones) ? zones.filter((zone) => typeof zone === "string") : [],
  };
}
