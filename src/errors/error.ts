/**
 * The codes a failure can carry: gRPC's canonical names, so that one word means the same in a driver, at the
 * plugin's wire and in the CLI. Source: the gRPC status code list (grpc.github.io/grpc/core/md_doc_statuscodes).
 */
export type ErrorCode =
  | "Canceled"
  | "Unknown"
  | "InvalidArgument"
  | "DeadlineExceeded"
  | "NotFound"
  | "AlreadyExists"
  | "PermissionDenied"
  | "ResourceExhausted"
  | "FailedPrecondition"
  | "Aborted"
  | "OutOfRange"
  | "Unimplemented"
  | "Internal"
  | "Unavailable"
  | "DataLoss"
  | "Unauthenticated";

export interface FailureOptions {
  /** What the user can do about it: one sentence, lower case, no full stop. */
  readonly hint?: string | undefined;
  /** Whether the same call may succeed when repeated unchanged. Default: no. */
  readonly retryable?: boolean | undefined;
  /** The code in the service's own words, `OperationNotAllowed`, for those who know that service. */
  readonly serviceCode?: string | undefined;
  /** Whether the service has begun what it was asked for, and only how that ends is not known. Default: no. */
  readonly begun?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * Every error that this project throws on purpose. Decisions look at `code` and `retryable`, never at text.
 * The message is `cannot do X with "name": reason`, lower case, without a full stop, and never holds a secret.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly serviceCode: string | undefined;
  readonly begun: boolean;

  constructor(code: ErrorCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.serviceCode = options.serviceCode;
    this.begun = options.begun ?? false;
  }
}

/** The message as a user must see it where there is only one line for it: reason, then remedy. */
export function describeFailure(error: unknown): string {
  if (error instanceof Failure) {
    return error.hint === undefined ? error.message : `${error.message} (hint: ${error.hint})`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The code of any thrown value; what this project did not throw itself is Unknown. */
export function failureCode(error: unknown): ErrorCode {
  return error instanceof Failure ? error.code : "Unknown";
}

/** The Failure that a request ends with when its AbortSignal fired. */
export function canceled(what: string, cause?: unknown): Failure {
  return new Failure("Canceled", `${what}: the request was canceled`, { cause });
}
