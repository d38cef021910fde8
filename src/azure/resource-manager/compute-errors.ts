import type { Rule } from "./call.ts";
import { passing, quoting, sentence } from "./error-rule.ts";

/** Compute has this code for each state that does not allow what is asked, and for most of its limits. */
const notAllowed: Rule = (error) => {
  const reason = sentence(error);
  if (/quota|limit|maximum|exceed|too many/i.test(error.message)) {
    const hint =
      "it is one of Azure's limits: delete what is no longer needed, or ask Azure for a higher quota";
    return { code: "ResourceExhausted", reason, hint };
  }
  if (/attached to/i.test(error.message)) {
    return {
      code: "FailedPrecondition",
      reason,
      hint: "detach it, or delete the machine or pod that has it",
    };
  }
  return {
    code: "FailedPrecondition",
    reason,
    hint: /access ?signature|EndGetAccess/i.test(error.message) ? EXPORTED : undefined,
  };
};

const EXPORTED =
  "someone is reading it through a shared access signature: cancel the export (az snapshot revoke-access, az disk revoke-access)";

/** What of the location's config a field of the request comes from, so that the hint says where to look. */
const FIELD_HINTS: ReadonlyArray<readonly [RegExp, { readonly disk: string; readonly snapshot: string }]> = [
  [
    /disk ?encryption ?set|encryption|key ?vault/i,
    {
      disk: "check the disk encryption set (diskEncryptionSetId in the location's config, else the one the disk had): it must be in the same subscription and region, and its key enabled",
      snapshot:
        "check the disk's encryption set, and that its key is enabled; a snapshot has its disk's, and a copy in another region needs a set there",
    },
  ],
  [
    /disk ?access/i,
    {
      disk: "the disk access that the disk had must be there, in the same region as the restored disk",
      snapshot: "check the disk access",
    },
  ],
  [
    /\bsku\b/i,
    {
      disk: "map the disk's SKU to one that the region has by restoreSkuMap in the location's config",
      snapshot: "check snapshotSku in the location's config",
    },
  ],
  [
    /\bzones?\b/i,
    {
      disk: "map the disk's zone to one that has its SKU by restoreZoneMap in the location's config",
      snapshot: "check snapshotSku in the location's config",
    },
  ],
  [
    /\btags?\b/i,
    { disk: "check the snapshot's tags", snapshot: "check tags in the location's config, and the disk's" },
  ],
];

/** A request that cannot be, whatever the state: what it says of which field is all there is to know. */
const badRequest: Rule = (error, { resource }) => {
  // The field that is named says more than the words, which may tell of others, too.
  const [hints] = [error.target ?? "", error.message].flatMap((text) =>
    FIELD_HINTS.filter(([pattern]) => pattern.test(text)).map(([, found]) => found),
  );
  const hint = resource.includes("snapshots") ? hints?.snapshot : hints?.disk;
  return { code: "InvalidArgument", reason: sentence(error), hint };
};

const notHere: Rule = quoting(
  "FailedPrecondition",
  "this subscription does not have that kind of disk there: map it by restoreSkuMap or the zone by restoreZoneMap in the location's config, or ask Azure for it",
);

const full: Rule = passing(
  "Unavailable",
  "Azure has no room for it there just now: try later, or another zone or SKU by restoreZoneMap or restoreSkuMap",
);

const exhausted: Rule = quoting(
  "ResourceExhausted",
  "delete disks or snapshots that are no longer needed, or ask Azure for a higher quota",
);

const busy: Rule = passing("Aborted", "something else changes it: see its activity log in the portal");

const internal: Rule = passing(
  "Unavailable",
  "Azure failed by itself: try again, and see its status page if it stays so",
);

const taken: Rule = quoting("AlreadyExists", "there is another resource of that name");

const noGroup: Rule = (_error, { resource, method }) => ({
  code: "FailedPrecondition",
  reason: `there is no resource group "${resource[3]}" in subscription "${resource[1]}"`,
  hint: resource.includes("snapshots")
    ? "check resourceGroup and copyResourceGroup in the location's config"
    : method === "GET"
      ? "check AZURE_RESOURCE_GROUP in the credentials file"
      : "check restoreResourceGroup in the location's config, or AZURE_RESOURCE_GROUP in the credentials file",
});

const badTags: Rule = quoting(
  "InvalidArgument",
  "check tags in the location's config, and those of the disk",
);

const locked: Rule = (error, { method }) => ({
  code: "FailedPrecondition",
  reason: sentence(error),
  hint:
    method === "DELETE"
      ? "remove the lock, or keep snapshots and restored disks in a resource group without one: what is backed up must be deleted some day"
      : "remove the read-only lock, or use another resource group for snapshots and restored disks",
});

/**
 * What Compute refuses with, by its code, where that means something else than in other services.
 * Sources: learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages, and refusals that users reported.
 */
export const COMPUTE_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["OperationNotAllowed", notAllowed],
  ["InvalidParameter", badRequest],
  ["BadRequest", badRequest],
  ["InvalidRequestContent", badRequest],
  ["InvalidRequestFormat", badRequest],
  ["SkuNotAvailable", notHere],
  ["InvalidAvailabilityZone", notHere],
  ["AvailabilityZoneNotSupported", notHere],
  ["ZonesNotAllowedForLocation", notHere],
  ["LocationNotAvailableForResourceType", notHere],
  ["AllocationFailed", full],
  ["ZonalAllocationFailed", full],
  ["OverconstrainedAllocationRequest", full],
  ["QuotaExceeded", exhausted],
  ["ResourceQuotaExceeded", exhausted],
  ["Conflict", busy],
  ["ConflictingUserInput", busy],
  ["ConflictingServerOperation", busy],
  ["AnotherOperationInProgress", busy],
  ["OperationInProgress", busy],
  ["OperationPreempted", busy],
  ["OperationCanceled", passing("Aborted", "someone stopped it, or deleted the resource meanwhile")],
  ["InternalServerError", internal],
  ["InternalExecutionError", internal],
  ["InternalOperationError", internal],
  ["ServiceUnavailable", internal],
  ["OperationTimedOut", internal],
  ["GatewayTimeout", internal],
  ["PropertyChangeNotAllowed", taken],
  ["InvalidResourceLocation", taken],
  ["InvalidTagNameCharacters", badTags],
  ["InvalidTagValueLength", badTags],
  ["InvalidTagNameLength", badTags],
  ["InvalidTags", badTags],
  ["ResourceGroupNotFound", noGroup],
  [
    "KeyVaultAccessForbidden",
    quoting(
      "FailedPrecondition",
      "let the identity of the disk encryption set get, wrap and unwrap its key, or name another set by diskEncryptionSetId in the location's config",
    ),
  ],
  ["ScopeLocked", locked],
  [
    "ResourceGroupBeingDeleted",
    quoting("FailedPrecondition", "name another resource group, or make this one again"),
  ],
  [
    "MissingSubscriptionRegistration",
    quoting("FailedPrecondition", "register the service: az provider register --namespace Microsoft.Compute"),
  ],
  [
    "DenyAssignmentAuthorizationFailed",
    quoting(
      "PermissionDenied",
      "a deny assignment (of a managed application or OpenShift) goes before every role: use another resource group",
    ),
  ],
]);
