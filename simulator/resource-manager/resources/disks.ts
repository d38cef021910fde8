import { resourceNotFound } from "../errors.ts";
import type { Json } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { GROUP, variable } from "../routes.ts";
import type { Route } from "../routes.ts";
import type { DiskRecord } from "../state.ts";

/** Disks can be read, no more. Source: learn.microsoft.com/rest/api/compute/disks/get */
export function diskRoutes(): readonly Route[] {
  return [
    {
      operation: "disks/get",
      method: "GET",
      path: `${GROUP}/providers/Microsoft.Compute/disks/{disk}`,
      action: "Microsoft.Compute/disks/read",
      answer: (request) => {
        const disk = request.state.disks[keyOf(request.id)];
        if (disk === undefined) {
          throw resourceNotFound(
            "Microsoft.Compute/disks",
            variable(request, "disk"),
            variable(request, "group"),
          );
        }
        return { status: 200, body: bodyOf(disk) };
      },
    },
  ];
}

function bodyOf(disk: DiskRecord): Json {
  return {
    name: disk.name,
    id: disk.id,
    type: "Microsoft.Compute/disks",
    location: disk.location,
    tags: disk.tags ?? {},
    ...(disk.zones === undefined ? {} : { zones: disk.zones }),
    sku: { name: disk.sku, tier: disk.sku.split("_")[0] ?? "" },
    properties: {
      creationData: { createOption: "Empty" },
      diskSizeGB: disk.sizeGiB,
      diskSizeBytes: disk.sizeGiB * 1024 ** 3,
      timeCreated: disk.timeCreated,
      provisioningState: "Succeeded",
      diskState: "Unattached",
      networkAccessPolicy: "AllowAll",
      publicNetworkAccess: "Enabled",
      uniqueId: disk.uniqueId,
    },
  };
}
