import { type ErrorCode, Failure, failureCode } from "../../errors/error.ts";

export interface Begun {
  readonly kind: "snapshot" | "disk";
  /** Resource ID. */
  readonly id: string;
  /** Whether it is there; otherwise Azure may or may not have made it. */
  readonly certain: boolean;
}

const DOUBTFUL: ReadonlySet<ErrorCode> = new Set([
  "Canceled",
  "DeadlineExceeded",
  "Unavailable",
  "Internal",
  "Unknown",
]);

/** Whether nobody knows if Azure did what it was asked for; after any other error there is nothing. */
export function isDoubtful(error: unknown): boolean {
  return DOUBTFUL.has(failureCode(error)) || (error instanceof Failure && error.begun);
}

/** The error, with the resource that was begun by name, so that it can be found. */
export function namingBegun(error: unknown, { kind, id, certain }: Begun): unknown {
  if (!(error instanceof Failure) || (!certain && !isDoubtful(error))) {
    return error;
  }
  const state = certain ? "it is left as it is" : "it was begun and may be there";
  const find =
    kind === "snapshot"
      ? "velero-azure snapshots gc finds snapshots that no backup has"
      : `look whether it is there: az resource show --ids ${id}`;
  return new Failure(error.code, `${error.message}; ${kind} "${id}": ${state}`, {
    hint: error.hint === undefined ? find : `${error.hint}; ${find}`,
    retryable: error.retryable,
    serviceCode: error.serviceCode,
    cause: error,
  });
}

/** The error with the disk by name: a snapshot's own name has it cut, and Velero's user knows the disk alone. */
export function namingDisk(error: unknown, disk: string): unknown {
  if (!(error instanceof Failure) || error.message.includes(`disk "${disk}"`)) {
    return error;
  }
  return new Failure(error.code, `cannot snapshot disk "${disk}": ${error.message}`, {
    hint: error.hint,
    retryable: error.retryable,
    serviceCode: error.serviceCode,
    begun: error.begun,
    cause: error,
  });
}
