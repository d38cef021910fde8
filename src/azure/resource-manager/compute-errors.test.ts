import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, Failure } from "../../errors/error.ts";
import { computeCall } from "./compute.ts";
import { openManager } from "./resource-manager.fixture.ts";
import { run } from "./long-running.ts";

const { signal } = new AbortController();
const group = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute";
const object = "66666666-7777-8888-9999-000000000000";

/** As Azure says that a right on something else is missing. */
function linked(action: string, scope: string): string {
  return `The client 'c' with object id '${object}' has permission to perform action 'Microsoft.Compute/disks/write' on scope '${group}/disks/r1'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${scope}' (respectively) or the linked scope(s) are invalid.`;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly method?: "PUT" | "DELETE";
  readonly kind?: "disks" | "snapshots";
  readonly failure: ErrorCode;
  readonly tells: readonly RegExp[];
}

const beginGetAccess = "Microsoft.Compute/disks/beginGetAccess/action";

const refusals: readonly Refusal[] = [
  {
    ...{
      status: 403,
      code: "LinkedAuthorizationFailed",
      message: linked(beginGetAccess, `${group}/disks/d1`),
    },
    failure: "PermissionDenied",
    tells: [/beginGetAccess\/action on "[^"]*\/disks\/d1"/, new RegExp(object), /"Disk Backup Reader"/],
  },
  {
    ...{ status: 403, code: "LinkedAuthorizationFailed" },
    message: linked("Microsoft.Compute/diskEncryptionSets/read", `${group}/diskEncryptionSets/e`),
    failure: "PermissionDenied",
    tells: [/diskEncryptionSets\/read on "[^"]*\/diskEncryptionSets\/e"/, /--role "Reader"/],
  },
  {
    ...{ status: 403, code: "LinkedAuthorizationFailed" },
    message: `The client has permission to perform action 'a' on scope 'b'; however, it does not have permission to perform action '${beginGetAccess}' on the '0' linked scope(s) '' or the linked scope(s) are invalid and is blocked by deny assignments on the '1' linked scope(s) '${group}/disks/d1'.`,
    failure: "PermissionDenied",
    tells: [/disks\/d1/, /deny assignment/],
  },
  {
    ...{ status: 409, code: "OperationNotAllowed", message: "Disk d1 is attached to VM /subscriptions/…." },
    failure: "FailedPrecondition",
    tells: [/attached/, /detach/],
  },
  {
    ...{ status: 409, code: "OperationNotAllowed", message: "It has the maximum number (500) of snapshots." },
    failure: "ResourceExhausted",
    tells: [/maximum number \(500\)/],
  },
  {
    ...{ status: 409, code: "OperationNotAllowed" },
    message: "There is an active shared access signature outstanding for disk d1. Call EndGetAccess first.",
    failure: "FailedPrecondition",
    tells: [/revoke-access/],
  },
  {
    ...{ status: 409, code: "QuotaExceeded", message: "Too many disks." },
    failure: "ResourceExhausted",
    tells: [/quota/],
  },
  {
    ...{
      status: 400,
      code: "InvalidParameter",
      message: "SKU Premium_ZRS is not available.",
      target: "sku.name",
    },
    failure: "InvalidArgument",
    tells: [/\[sku\.name\]/, /restoreSkuMap/],
  },
  {
    ...{ status: 400, code: "InvalidParameter", kind: "snapshots", target: "sku.name" },
    message: "SKU Premium_LRS is not supported for incremental snapshots.",
    failure: "InvalidArgument",
    tells: [/snapshotSku/],
  },
  {
    ...{ status: 400, code: "BadRequest", message: "DiskEncryptionSet '/x' was not found." },
    failure: "InvalidArgument",
    tells: [/diskEncryptionSetId/],
  },
  {
    ...{ status: 400, code: "InvalidParameter", target: "zones" },
    message: "SKU UltraSSD_LRS is not supported in availability zone 3.",
    failure: "InvalidArgument",
    tells: [/restoreZoneMap/],
  },
  {
    ...{ status: 400, code: "KeyVaultAccessForbidden", message: "Unable to access key vault resource." },
    failure: "FailedPrecondition",
    tells: [/wrap and unwrap/, /diskEncryptionSetId/],
  },
  {
    ...{ status: 404, code: "ResourceGroupNotFound", message: "Resource group 'g' could not be found." },
    failure: "FailedPrecondition",
    tells: [/no resource group "g"/, /restoreResourceGroup/],
  },
  {
    ...{ status: 404, code: "ResourceGroupNotFound", message: "Resource group 'g' could not be found." },
    kind: "snapshots",
    failure: "FailedPrecondition",
    tells: [/check resourceGroup and copyResourceGroup/],
  },
  {
    ...{ status: 400, code: "InvalidParameter", message: "No such zone.", target: "zones" },
    failure: "InvalidArgument",
    tells: [/restoreZoneMap/],
  },
  {
    ...{ status: 404, code: "NotFound", message: `Resource ${group}/disks/d1 is not found.` },
    failure: "NotFound",
    tells: [/disks\/d1 is not found/],
  },
  {
    ...{ status: 409, code: "SkuNotAvailable", message: "Not for you." },
    failure: "FailedPrecondition",
    tells: [/restoreSkuMap/],
  },
  {
    ...{ status: 409, code: "ZonalAllocationFailed", message: "No room." },
    failure: "Unavailable",
    tells: [/restoreZoneMap/],
  },
  {
    ...{ status: 409, code: "PropertyChangeNotAllowed", message: "Changing 'sourceUri' is not allowed." },
    failure: "AlreadyExists",
    tells: [/sourceUri/],
  },
  {
    ...{ status: 409, code: "ScopeLocked", message: "The scope is locked.", method: "DELETE" },
    failure: "FailedPrecondition",
    tells: [/remove the lock/],
  },
  {
    ...{ status: 409, code: "ScopeLocked", message: "The scope is locked." },
    failure: "FailedPrecondition",
    tells: [/read-only lock/],
  },
  {
    ...{
      status: 400,
      code: "InvalidTagNameCharacters",
      message: "The tag names 'a/b' have reserved characters.",
    },
    failure: "InvalidArgument",
    tells: [/tags/],
  },
];

for (const { status, code, message, target, method = "PUT", kind = "disks", failure, tells } of refusals) {
  test(`${method}: ${status} ${code}, "${message.slice(0, 60)}", is ${failure} and has its remedy`, async () => {
    const { manager, transport } = openManager({ status, body: { error: { code, message, target } } });
    const call = computeCall({
      ...{ method, what: 'change disk "r1"', kind, body: {} },
      id: { subscriptionId: "s-1", resourceGroup: "g", name: "r1" },
      permission: { action: "Microsoft.Compute/disks/write", role: "Disk Restore Operator" },
    });
    await assert.rejects(run(manager, call, signal), (error) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual([error.code, error.serviceCode], [failure, code]);
      const text = `${error.message} ${error.hint}`;
      for (const pattern of [/^cannot change disk "r1": /, ...tells]) assert.match(text, pattern);
      return true;
    });
    assert.equal(transport.requests.length, 1);
  });
}
