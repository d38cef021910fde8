import { randomUUID } from "node:crypto";
import type { SimulatedRequest, SimulatedResponse } from "../http/message.ts";

/**
 * The codes that the gate itself answers with, their status and the service's words for them.
 * Source: learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and blob-service-error-codes.
 */
const answers = {
  AccountRequiresHttps: [400, "The account being accessed does not support http."],
  AuthenticationFailed: [
    403,
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
  ],
  AuthorizationFailure: [403, "This request is not authorized to perform this operation."],
  AuthorizationPermissionMismatch: [
    403,
    "This request is not authorized to perform this operation using this permission.",
  ],
  AuthorizationProtocolMismatch: [
    403,
    "This request is not authorized to perform this operation using this protocol.",
  ],
  AuthorizationResourceTypeMismatch: [
    403,
    "This request is not authorized to perform this operation using this resource type.",
  ],
  AuthorizationServiceMismatch: [
    403,
    "This request is not authorized to perform this operation using this service.",
  ],
  AuthorizationSourceIPMismatch: [
    403,
    "This request is not authorized to perform this operation using this source IP {SourceIP}.",
  ],
  BlockCountExceedsLimit: [
    409,
    "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.",
  ],
  BlockListTooLong: [400, "The block list may not contain more than 50,000 blocks."],
  BothCrc64AndMd5HeaderPresent: [400, "Both x-ms-content-crc64 header and Content-MD5 header are present."],
  Crc64Mismatch: [
    400,
    "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.",
  ],
  InternalError: [500, "The server encountered an internal error. Please retry the request."],
  InvalidAuthenticationInfo: [
    401,
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
  ],
  InvalidBlobOrBlock: [400, "The specified blob or block content is invalid."],
  InvalidQueryParameterValue: [
    400,
    "Value for one of the query parameters specified in the request URI is invalid.",
  ],
  InvalidUri: [400, "The requested URI does not represent any resource on the server."],
  InvalidXmlDocument: [400, "XML specified is not syntactically valid."],
  InvalidXmlNodeValue: [400, "The value for one of the XML nodes is not in the correct format."],
  KeyBasedAuthenticationNotPermitted: [
    403,
    "Key based authentication is not permitted on this storage account.",
  ],
  Md5Mismatch: [
    400,
    "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
  ],
  MissingContentLengthHeader: [411, "The content length HTTP header is not specified."],
  NoAuthenticationInformation: [
    401,
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
  ],
  NotImplemented: [501, "The requested operation is not implemented on the specified resource."],
  OperationTimedOut: [500, "Operation could not be completed within the permitted time."],
  PublicAccessNotPermitted: [409, "Public access is not permitted on this storage account."],
  RequestBodyTooLarge: [413, "The request body is too large and exceeds the maximum permissible limit."],
  ResourceNotFound: [404, "The specified resource does not exist."],
  ServerBusy: [503, "The server is busy."],
  UnauthorizedBlobOverwrite: [403, "This request is not authorized to perform blob overwrites."],
  UnsupportedHttpVerb: [405, "The resource doesn't support specified Http Verb."],
} as const satisfies Record<string, readonly [number, string]>;

export type RefusalCode = keyof typeof answers;

export interface RefusalDetail {
  /** AuthenticationErrorDetail: which check failed. */
  readonly detail?: string | undefined;
  /** More elements of the body, by name. */
  readonly elements?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the code's own. */
  readonly status?: number;
  readonly message?: string | undefined;
}

/** An answer of the gate that is an error; thrown by the checks, answered in one place. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly elements: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, given: RefusalDetail = {}) {
    const [status, message] = answers[code];
    super(given.message ?? message);
    this.code = code;
    this.status = given.status ?? status;
    this.elements = {
      ...(given.detail === undefined ? {} : { AuthenticationErrorDetail: given.detail }),
      ...given.elements,
    };
    this.headers = given.headers ?? {};
  }
}

/** A refusal of a signature, a time or a format: 403 with what failed. */
export function authenticationFailed(detail: string): Refusal {
  return new Refusal("AuthenticationFailed", { detail });
}

/** A code that a test asks for; the service's words where the code is known. */
export class QueuedRefusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly elements = {};
  readonly headers = {};

  constructor(status: number, code: string, message: string | undefined) {
    const known: Readonly<Record<string, readonly [number, string]>> = answers;
    super(message ?? known[code]?.[1] ?? "The request failed.");
    this.code = code;
    this.status = status;
  }
}

/** The error document as Azure sends it, with the mark at its beginning, and the headers that go with it. */
export function refusalResponse(
  request: SimulatedRequest,
  refusal: Refusal | QueuedRefusal,
  now: number,
): SimulatedResponse {
  const id = requestId();
  const time = new Date(now).toISOString().replace("Z", "0000Z");
  const elements = Object.entries(refusal.elements).map(([name, text]) => element(name, text));
  const body =
    `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error>${element("Code", refusal.code)}` +
    `${element("Message", `${refusal.message}\nRequestId:${id}\nTime:${time}`)}${elements.join("")}</Error>`;
  const bare = request.method === "HEAD";
  return {
    status: refusal.status,
    headers: {
      ...answerHeaders(request, now),
      "x-ms-request-id": id,
      "x-ms-error-code": refusal.code,
      ...(bare ? {} : { "content-type": "application/xml" }),
      ...refusal.headers,
    },
    ...(bare ? {} : { body }),
  };
}

/** The headers that every answer of the service has, but for its request ID. */
export function answerHeaders(request: SimulatedRequest, now: number): Record<string, string> {
  const version = request.headers["x-ms-version"];
  const clientId = request.headers["x-ms-client-request-id"];
  return {
    date: new Date(now).toUTCString(),
    server: "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
    ...(version === undefined ? {} : { "x-ms-version": version }),
    ...(clientId === undefined ? {} : { "x-ms-client-request-id": clientId }),
  };
}

/** Azure's request IDs end in six zeros. */
export function requestId(): string {
  return `${randomUUID().slice(0, 30)}000000`;
}

export function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
