/** The kinds of resource that disk snapshots are about, as they are spelled in resource IDs. */
export type ComputeKind = "disks" | "snapshots";

/** Where a disk or a snapshot is. Azure compares all of it without regard to case. */
export interface ComputePlace {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** A disk or a snapshot. */
export interface ComputeResource extends ComputePlace {
  readonly name: string;
}

const FORM =
  /^\/?subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Compute\/(disks|snapshots)\/([^/]+)\/?$/i;

/** What a resource ID names, in any case; undefined for another form or kind. */
export function parseResourceId(kind: ComputeKind, text: string): ComputeResource | undefined {
  const [, subscriptionId, resourceGroup, found, name] = FORM.exec(text.trim()) ?? [];
  if (subscriptionId === undefined || resourceGroup === undefined || name === undefined) {
    return undefined;
  }
  return found?.toLowerCase() === kind ? { subscriptionId, resourceGroup, name } : undefined;
}

/** The resource ID in the spelling of Azure's own tools. */
export function formatResourceId(
  kind: ComputeKind,
  { subscriptionId, resourceGroup, name }: ComputeResource,
): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/${kind}/${name}`;
}

export function isSamePlace(a: ComputePlace, b: ComputePlace): boolean {
  return (
    a.subscriptionId.toLowerCase() === b.subscriptionId.toLowerCase() &&
    a.resourceGroup.toLowerCase() === b.resourceGroup.toLowerCase()
  );
}
