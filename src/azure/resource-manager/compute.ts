import type { ResourceCall } from "./call.ts";
import { COMPUTE_RULES } from "./compute-errors.ts";

/** What resource IDs of disks and snapshots are made of. */
export interface DiskId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** In every cloud of Microsoft's; knows what is kept of disks, and `completionPercent`. Azure Stack Hub has 2019-07-01. */
const API_VERSION = "2023-04-02";

/** The ID of a managed disk or a snapshot, in pieces; without a name, of all there are in the group. */
export function computeResource(
  kind: "disks" | "snapshots",
  { subscriptionId, resourceGroup, name }: Omit<DiskId, "name"> & { readonly name?: string },
): readonly string[] {
  const group = ["subscriptions", subscriptionId, "resourceGroups", resourceGroup];
  const type = [...group, "providers", "Microsoft.Compute", kind];
  return name === undefined ? type : [...type, name];
}

interface ComputeCall {
  readonly method: ResourceCall["method"];
  readonly what: string;
  readonly kind: "disks" | "snapshots";
  readonly id: Omit<DiskId, "name"> & { readonly name?: string };
  readonly permission: ResourceCall["permission"];
  readonly body?: unknown;
}

export function computeCall({ method, what, kind, id, permission, body }: ComputeCall): ResourceCall {
  return {
    ...{ method, what, permission, body },
    resource: computeResource(kind, id),
    apiVersion: API_VERSION,
    absent: "NotFound",
    rules: COMPUTE_RULES,
  };
}
