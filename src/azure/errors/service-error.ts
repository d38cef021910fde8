import type { Readable } from "node:stream";
import type { HttpResponse } from "../http/transport.ts";
import { element } from "../blob/xml-element.ts";

/** An answer that is an error, as far as the service explained itself. */
export interface ServiceError {
  readonly status: number;
  /** `BlobNotFound` and so on; undefined when whatever answered was not the service. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** More about a refused signature. May quote signatures: never show it, only look into it. */
  readonly authenticationDetail: string | undefined;
  readonly requestId: string | undefined;
  /** The service's clock, milliseconds since 1970. */
  readonly serviceTime: number | undefined;
  readonly location: string | undefined;
}

const MAX_ERROR_BODY = 64 * 1024;

/**
 * Reads an error's body, which must be neither long nor whole: the header has the code already, and an answer to
 * HEAD has no body at all. Source: "Status and error codes" of the storage services.
 */
export async function readServiceError(response: HttpResponse): Promise<ServiceError> {
  const { status, headers } = response;
  const text = await readSome(response.body);
  const serviceTime = Date.parse(headers["date"] ?? "");
  const message = element(text, "Message") ?? undefined;
  return {
    status,
    code: headers["x-ms-error-code"] ?? element(text, "Code"),
    // The rest of the message repeats request ID and time.
    message: message?.split(/\r?\nRequestId:/)[0]?.trim(),
    authenticationDetail: element(text, "AuthenticationErrorDetail"),
    requestId: headers["x-ms-request-id"],
    serviceTime: Number.isNaN(serviceTime) ? undefined : serviceTime,
    location: headers["location"],
  };
}

/** What can be had of a body that only explains something. */
export async function readSome(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      if (Buffer.isBuffer(chunk) || chunk instanceof Uint8Array) {
        chunks.push(Buffer.from(chunk));
        length += chunk.byteLength;
      }
      if (length > MAX_ERROR_BODY) {
        break;
      }
    }
  } catch {
    // What came so far has to do: the status is known, and that the explanation broke off helps nobody.
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BODY).toString("utf8");
}
