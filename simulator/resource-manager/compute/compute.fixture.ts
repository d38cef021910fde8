import { COMPUTE, GROUP, SUBSCRIPTION } from "../resource-manager.fixture.ts";

export const PLACE = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };
export const REGION = "westeurope";
export const DISKS = `${GROUP}/providers/Microsoft.Compute/disks`;
export const SNAPSHOTS = `${GROUP}/providers/Microsoft.Compute/snapshots`;

type Fields = Readonly<Record<string, unknown>>;

/** The body of an empty disk; `more` goes into its properties. */
export function empty(more: Fields = {}, sku = "Premium_LRS", head: Fields = {}): Fields {
  return {
    location: REGION,
    sku: { name: sku },
    ...head,
    properties: { creationData: { createOption: "Empty" }, diskSizeGB: 16, ...more },
  };
}

/** The body of a snapshot of a disk or, with a SKU in `head`, of a disk made of a snapshot. */
export function copy(sourceResourceId: string, more: Fields = {}, head: Fields = {}): Fields {
  return {
    location: REGION,
    ...head,
    properties: { creationData: { createOption: "Copy", sourceResourceId }, ...more },
  };
}

/** The body of a copy of a snapshot, to another region as a rule. */
export function copyStart(sourceResourceId: string, location = "northeurope", more: Fields = {}): Fields {
  return {
    location,
    properties: { incremental: true, creationData: { createOption: "CopyStart", sourceResourceId }, ...more },
  };
}

/** `disks/d1` becomes the target of a request. */
export function target(kindAndName: string, group = GROUP): string {
  return `${group}/providers/Microsoft.Compute/${kindAndName}?${COMPUTE}`;
}

/** A path on this Resource Manager out of an address of its. */
export function pathIn(address: string | undefined): string {
  return (address ?? "").replace("https://management.test", "");
}
