import { ManagementError } from "../errors.ts";
import { objectIn, textIn } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { isAllowed } from "../permissions.ts";
import type { ManagementRequest } from "../routes.ts";

/**
 * Refuses a body that names resources which the caller may not use in that way. That a snapshot as a source is asked for
 * with the action of disks is Azure's own doing.
 * Source: the refusals in kubernetes-sigs/azuredisk-csi-driver, issues 1711 and 2610
 */
export function checkLinkedAccess(request: ManagementRequest, action: string, body: JsonObject): void {
  const properties = objectIn(body, "properties");
  const linked: readonly (readonly [scope: string | undefined, action: string])[] = [
    [
      textIn(objectIn(properties, "creationData"), "sourceResourceId"),
      "Microsoft.Compute/disks/beginGetAccess/action",
    ],
    [
      textIn(objectIn(properties, "encryption"), "diskEncryptionSetId"),
      "Microsoft.Compute/diskEncryptionSets/read",
    ],
    [
      textIn(objectIn(properties, "securityProfile"), "secureVMDiskEncryptionSetId"),
      "Microsoft.Compute/diskEncryptionSets/read",
    ],
    [textIn(properties, "diskAccessId"), "Microsoft.Compute/diskAccesses/read"],
  ];
  for (const [scope, needed] of linked) {
    const { state, caller } = request;
    const asked = { principalId: caller.oid, scope: scope ?? "", action: needed, data: false };
    if (scope !== undefined && !isAllowed(state, asked)) {
      throw new ManagementError(
        403,
        "LinkedAuthorizationFailed",
        `The client '${caller.appid}' with object id '${caller.oid}' has permission to perform action '${action}' on ` +
          `scope '${request.id}'; however, it does not have permission to perform action(s) '${needed}' on the ` +
          `linked scope(s) '${scope}' (respectively) or the linked scope(s) are invalid.`,
        { "x-ms-failure-cause": "gateway" },
      );
    }
  }
}
