import { always, quoting, type Rule, sentence } from "./service-rule.ts";
import {
  authenticationFailed,
  badAuthentication,
  keyNotPermitted,
  missingDataRole,
  notAllowed,
} from "./sign-in-rules.ts";

const busy: Rule = (error) => ({
  code: "Unavailable",
  reason: `${sentence(error)}, still after several attempts`,
  retryable: true,
});

const damaged: Rule = always(
  "DataLoss",
  "the bytes that arrived do not have the checksum that they were sent with, again and again",
  { retryable: true, hint: "look for a proxy or a network device that changes what passes it" },
);

const refusedAddress: Rule = always(
  "PermissionDenied",
  "the service does not take requests from this address",
  {
    hint: "check the addresses that the SAS token (sip) and the storage account's network rules allow",
  },
);

const containerNotFound: Rule = (_error, { container, account }) => ({
  code: "NotFound",
  reason: "the container does not exist",
  hint: `create container "${container}" in storage account "${account}", or correct the location's bucket`,
});

const invalidName: Rule = (error, { container }) => ({
  code: "InvalidArgument",
  reason: sentence(error),
  hint: `check the container's name "${container}": 3 to 63 lower-case letters, digits and single hyphens`,
});

const immutable: Rule = always(
  "FailedPrecondition",
  "the blob is protected by an immutability policy or legal hold",
  {
    hint: "wait until the policy's interval is over; backups must not be kept shorter than it",
  },
);

const leased: Rule = always("FailedPrecondition", "someone holds a lease on it", { hint: "break the lease" });

const wrongVersion: Rule = (error) => ({
  code: "FailedPrecondition",
  reason: sentence(error),
  hint: "the endpoint may be older than the version of the blob service that this client speaks",
});

/** Codes as the service spells them. Source: "Blob service error codes", "Common REST API error codes". */
export const serviceRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["BlobNotFound", always("NotFound", "there is no such blob")],
  ["ContainerNotFound", containerNotFound],
  ["AuthenticationFailed", authenticationFailed],
  ["InvalidAuthenticationInfo", badAuthentication],
  ["NoAuthenticationInformation", quoting("Unauthenticated")],
  ["AuthorizationFailure", notAllowed],
  ["AuthorizationPermissionMismatch", missingDataRole],
  ["AuthorizationResourceTypeMismatch", notAllowed],
  ["AuthorizationServiceMismatch", notAllowed],
  ["InsufficientAccountPermissions", notAllowed],
  ["AuthorizationSourceIPMismatch", refusedAddress],
  ["AuthorizationProtocolMismatch", quoting("PermissionDenied", "use an https endpoint")],
  ["KeyBasedAuthenticationNotPermitted", keyNotPermitted],
  ["AccountIsDisabled", quoting("FailedPrecondition", "the storage account or its subscription is disabled")],
  ["ConditionNotMet", always("Aborted", "the blob changed meanwhile")],
  ["Md5Mismatch", damaged],
  ["Crc64Mismatch", damaged],
  ["InvalidRange", always("OutOfRange", "the range begins behind the blob's end")],
  ["InvalidResourceName", invalidName],
  ["OutOfRangeInput", invalidName],
  ["InvalidUri", quoting("InvalidArgument")],
  ["InvalidInput", quoting("InvalidArgument")],
  ["InvalidMetadata", quoting("InvalidArgument")],
  ["MetadataTooLarge", quoting("InvalidArgument")],
  ["EmptyMetadataKey", quoting("InvalidArgument")],
  ["InvalidQueryParameterValue", quoting("InvalidArgument")],
  ["OutOfRangeQueryParameterValue", quoting("InvalidArgument")],
  ["RequestBodyTooLarge", quoting("InvalidArgument")],
  ["InvalidHeaderValue", wrongVersion],
  ["UnsupportedHeader", wrongVersion],
  ["FeatureVersionMismatch", wrongVersion],
  ["ServerBusy", busy],
  ["InternalError", busy],
  ["OperationTimedOut", busy],
  [
    "ContainerBeingDeleted",
    always("FailedPrecondition", "the container is being deleted", {
      retryable: true,
      hint: "wait half a minute, then create it again",
    }),
  ],
  ["InvalidBlockList", always("Aborted", "blocks are missing: another upload of the same blob came between")],
  ["InvalidBlobOrBlock", always("Aborted", "another upload of the same blob came between")],
  ["BlockCountExceedsLimit", quoting("FailedPrecondition")],
  [
    "InvalidBlobType",
    always("FailedPrecondition", "there is a blob of another type (page or append)", {
      hint: "delete it first",
    }),
  ],
  [
    "BlobArchived",
    always("FailedPrecondition", "the blob is in the archive tier", {
      hint: "rehydrate it to the hot or cool tier",
    }),
  ],
  ["BlobImmutableDueToPolicy", immutable],
  ["BlobImmutableDueToLegalHold", immutable],
  ["BlobOverwriteNotPermitted", immutable],
  ["LeaseIdMissing", leased],
  ["LeaseLost", leased],
]);

const notTheService = "check the endpoint: this is not how a blob service answers";

/**
 * An error without a code that is known here. Often something else answered: a proxy, a gateway, a web server.
 * A 404 without one of the service's own codes is never taken for an absent blob.
 */
export const unknownRule: Rule = (error, operation) => {
  const { status, code } = error;
  const hint = code === undefined ? notTheService : undefined;
  if (status >= 300 && status < 400 && status !== 304) {
    const target = URL.parse(error.location ?? "")?.origin;
    const reason = `"${operation.host}" sends elsewhere${target === undefined ? "" : ` ("${target}")`}, which is never followed`;
    return { code: "FailedPrecondition", reason, hint: notTheService };
  }
  switch (status) {
    case 304:
    case 412:
      return { code: "Aborted", reason: "the blob changed meanwhile" };
    case 401:
      return { code: "Unauthenticated", reason: sentence(error), hint };
    case 403:
      return { code: "PermissionDenied", reason: sentence(error), hint };
    case 404:
      return { code: "FailedPrecondition", reason: sentence(error), hint: notTheService };
    case 407:
      return {
        code: "FailedPrecondition",
        reason: "the proxy wants a sign-in",
        hint: "put user and password into HTTP_PROXY, or except the endpoint by NO_PROXY",
      };
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return busy(error, operation, 0);
    case 416:
      return { code: "OutOfRange", reason: "the range begins behind the blob's end" };
    default:
      return { code: "Unknown", reason: sentence(error), hint };
  }
};
