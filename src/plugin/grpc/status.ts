import type { OutgoingHttpHeaders } from "node:http2";
import { Failure, describeFailure, failureCode, type ErrorCode } from "../../errors/error.ts";
import { Stack } from "../gen/velero/shared.ts";
import { Status } from "../gen/google/status.ts";

/** gRPC's numbers for the codes (grpc.github.io/grpc/core/md_doc_statuscodes). */
const STATUS_NUMBERS: Readonly<Record<ErrorCode, number>> = {
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
};

/**
 * In bytes and in number. Trailers are headers, and nghttp2 resets a stream whose headers have more than 64 KiB, so that
 * the host would hear nothing; three times a message's bytes go into one header, four thirds into another.
 */
const LONGEST_MESSAGE = 6_000;
const MOST_FRAMES = 16;

export const OK_TRAILERS: OutgoingHttpHeaders = { "grpc-status": "0" };

/**
 * The trailers that tell the host what went wrong. Velero shows its users the message alone, so the hint is part
 * of it; what was not thrown on purpose counts as a panic, which Velero's own framework reports as Aborted.
 * The details hold one `generated.Stack`, from which Velero takes the place it logs.
 */
export function failureTrailers(error: unknown): OutgoingHttpHeaders {
  const code = STATUS_NUMBERS[error instanceof Failure ? failureCode(error) : "Aborted"];
  const text =
    error instanceof Failure ? describeFailure(error) : `plugin panicked: ${describeFailure(error)}`;
  const message = shortened(text);
  const stack = Stack.encode({ frames: stackFrames(error) }).finish();
  const details = [{ typeUrl: "type.googleapis.com/generated.Stack", value: Buffer.from(stack) }];
  const status = Status.encode({ code, message, details }).finish();
  return {
    "grpc-status": String(code),
    "grpc-message": percentEncode(message),
    "grpc-status-details-bin": Buffer.from(status).toString("base64"),
  };
}

function shortened(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= LONGEST_MESSAGE) return text;
  // What is left of a character that was cut through comes out as U+FFFD.
  return `${bytes.toString("utf8", 0, LONGEST_MESSAGE)}…`;
}

/** gRPC's Percent-Encoded: printable ASCII but `%` as it is, every other byte of the UTF-8 as %XX. */
export function percentEncode(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

type Frame = { file: string; line: number; function: string };

function stackFrames(error: unknown): Frame[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames: Frame[] = [];
  for (const line of stack.split("\n")) {
    const found = /^\s+at (?:(.*) \()?(.*):(\d+):\d+\)?$/.exec(line);
    if (found === null) continue;
    frames.push({ function: found[1] ?? "", file: found[2] ?? "", line: Number(found[3]) });
    if (frames.length === MOST_FRAMES) break;
  }
  return frames;
}
