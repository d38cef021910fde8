import type { ResourceCall } from "./call.ts";
import type { DiskId } from "./compute.ts";
import { incomplete, textField } from "./json.ts";
import type { ResourceManager } from "./resource-manager.ts";

/** The region of a resource group. Source: learn.microsoft.com/rest/api/resources/resource-groups/get */
export async function locationOfGroup(
  manager: ResourceManager,
  { subscriptionId, resourceGroup }: Omit<DiskId, "name">,
  signal: AbortSignal,
): Promise<string> {
  const call: ResourceCall = {
    method: "GET",
    what: `look up resource group "${resourceGroup}"`,
    resource: ["subscriptions", subscriptionId, "resourceGroups", resourceGroup],
    apiVersion: "2021-04-01",
    permission: { action: "Microsoft.Resources/subscriptions/resourceGroups/read", role: "Reader" },
    absent: "FailedPrecondition",
  };
  const location = textField(await manager.call(call, signal), "location");
  if (location === undefined) {
    throw incomplete(call.what, "location");
  }
  return location;
}
