import type { ErrorCode } from "../errors/error.ts";
import type { Operation } from "./operation.ts";
import type { ServiceError } from "./service-error.ts";

/** What a rule makes of a service error: the reason in words, and the remedy. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly retryable?: boolean | undefined;
}

type Rule = (error: ServiceError, operation: Operation, now: number) => Explanation;

/** The service refuses requests that are dated a quarter of an hour off. */
const CLOCK_SKEW_MILLISECONDS = 10 * 60 * 1000;

/** A rule for a code that always means the same. */
function always(code: ErrorCode, reason: string, more: Omit<Explanation, "code" | "reason"> = {}): Rule {
  return () => ({ code, reason, ...more });
}

/** A rule that quotes the service's own sentence. */
function quoting(code: ErrorCode, hint?: string): Rule {
  return (error) => ({ code, reason: sentence(error), hint });
}

/** The service's sentence in our manner: one line, no full stop, not without end. */
function sentence({ message, status }: ServiceError): string {
  const line = (message ?? "").replaceAll(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 300);
  return line === "" ? `the service answered ${status}` : `the service says: ${line}`;
}

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

/** A token that is known to have run out explains every refusal, whatever code the service gives it. */
function expiredToken({ signIn }: Operation, error: ServiceError, now: number): Explanation | undefined {
  const current = error.serviceTime ?? now;
  if (signIn.kind !== "sas" || signIn.expires === undefined || signIn.expires > current) {
    return undefined;
  }
  return {
    code: "Unauthenticated",
    reason: `the SAS token expired at ${new Date(signIn.expires).toISOString()}`,
    hint: "make a new SAS token and put it into the credentials file",
  };
}

const refusedToken: Rule = (error, { account }) => {
  if (/not valid in the specified time frame/i.test(error.authenticationDetail ?? "")) {
    const hint = "look at its start (st) and expiry (se)";
    return { code: "Unauthenticated", reason: "the SAS token is not valid at this time", hint };
  }
  return {
    code: "Unauthenticated",
    reason: "the SAS token was refused",
    hint: `check that it was made for storage account "${account}", is whole, and that the key it was signed with was not renewed since`,
  };
};

const authenticationFailed: Rule = (error, operation, now) => {
  if (operation.signIn.kind === "sas") {
    return expiredToken(operation, error, now) ?? refusedToken(error, operation, now);
  }
  const skew = error.serviceTime === undefined ? 0 : now - error.serviceTime;
  if (Math.abs(skew) > CLOCK_SKEW_MILLISECONDS) {
    const minutes = Math.round(Math.abs(skew) / 60_000);
    const reason = `this machine's clock is ${minutes} minutes ${skew > 0 ? "ahead of" : "behind"} the service's`;
    return { code: "Unauthenticated", reason, hint: "set this machine's clock (NTP)" };
  }
  return {
    code: "Unauthenticated",
    reason: "the account key was refused",
    hint: `check that it is a current key of storage account "${operation.account}"; it may have been renewed`,
  };
};

const notAllowed: Rule = (error, operation, now) => {
  const { signIn, account } = operation;
  if (signIn.kind === "sas") {
    const letters = signIn.permissions === undefined ? "" : `; this one has "${signIn.permissions}"`;
    return (
      expiredToken(operation, error, now) ?? {
        code: "PermissionDenied",
        reason: "the SAS token does not allow that",
        hint: `make one with the permissions racwdl for the container${letters}`,
      }
    );
  }
  return {
    code: "PermissionDenied",
    reason: "the storage account does not let this request in",
    hint: `check the network rules of storage account "${account}" (public access, selected networks, private endpoint) and that the account key is a current one`,
  };
};

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

const keyNotPermitted: Rule = (_error, { account }) => ({
  code: "PermissionDenied",
  reason: `storage account "${account}" does not permit sign-in with its key`,
  hint: "allow storage account key access, or sign in with a Microsoft Entra identity (useAAD)",
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
  ["InvalidAuthenticationInfo", quoting("Unauthenticated")],
  ["NoAuthenticationInformation", quoting("Unauthenticated")],
  ["AuthorizationFailure", notAllowed],
  ["AuthorizationPermissionMismatch", notAllowed],
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
