import type { Readable } from "node:stream";

/** The methods that Azure's services need. */
export type HttpMethod = "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";

/**
 * One request as plain data, so that it can be signed, sent again, or handed to another thread.
 *
 * The address comes in pieces because a blob's key must reach the service as it is: `new URL` would fold `.` and
 * `..` segments away.
 */
export interface HttpRequest {
  readonly method: HttpMethod;
  /** `scheme://host[:port]`, without a slash at its end. */
  readonly origin: string;
  /** Percent-encoded, sent as it is; starts with `/`. */
  readonly path: string;
  /** Percent-encoded, without the `?`; empty for none. May hold a SAS signature: never log it as it is. */
  readonly query: string;
  /** Names in lower case. `host` and `content-length` are the transport's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must stay unchanged until the request has ended: it is neither copied nor consumed. */
  readonly body?: Uint8Array | undefined;
  /**
   * Memory for the body of a good answer (2xx), shared where another thread may have to reach it. A transport that can
   * reads the body into it before it resolves, and tells so by `received`; any other, and for any other answer, takes
   * no notice.
   */
  readonly into?: Uint8Array | undefined;
  /** Bounds this exchange from `send` to the last byte of the answer; the transport's default when absent. */
  readonly deadlineMilliseconds?: number | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; several values of one name are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The bytes of the answer. Whoever gets the response reads it to its end or destroys it; else its connection is
   * lost to others. Emits an error (a `TransportError`, the signal's reason, or what Node threw: `transportTrouble`
   * sorts them) when the body breaks off; an 'end' means that every byte promised by content-length was there.
   */
  readonly body: Readable;
  /** Set when the body was written to the request's `into`; `body` is empty then. */
  readonly received?: ReceivedBody | undefined;
}

/** What of a body lies in memory already. */
export interface ReceivedBody {
  readonly bytes: number;
  /** Why it broke off there; absent when it is whole. */
  readonly broken?: TransportError | undefined;
}

/**
 * Sends requests one by one and nothing more: no retry, no authorisation, no redirect is followed, any status is
 * an answer. Rejects with a `TransportError`, or with `signal.reason` as soon as the signal fires; the signal
 * also ends a body that is being read. Connections are kept and reused within one transport, never shared with
 * another.
 */
export interface HttpTransport {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /**
   * A hint that a request to this origin is about to come, once what it needs has been asked for elsewhere: a connection
   * may be opened meanwhile. Nothing is told when that fails.
   */
  expect?(origin: string): void;
  /** Closes idle connections now and the others when their exchange has ended. */
  close(): void;
}

/**
 * Why no answer, or not the whole of it, came:
 * - `resolve`: the host has no address (permanent), `resolve-again`: the resolver did not answer
 * - `connect`: nobody accepts connections there, or not within the connect timeout
 * - `proxy`: the proxy refused to connect
 * - `certificate`: the server's certificate is not trusted, or not for this name
 * - `tls`: another failure while agreeing on TLS
 * - `broken`: the connection ended before the answer did
 * - `idle`: no byte moved for too long; `deadline`: the whole exchange took too long
 * - `invalid`: the request could not be sent at all (a header or path that http does not allow)
 */
export type TransportTrouble =
  | "resolve"
  | "resolve-again"
  | "connect"
  | "proxy"
  | "certificate"
  | "tls"
  | "broken"
  | "idle"
  | "deadline"
  | "invalid";

/** Trouble below HTTP. The message names host and reason, never the query. `cause` is what Node threw. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly trouble: TransportTrouble;
  readonly host: string;
  /**
   * The connection had served a request before and broke before any byte of an answer: most likely the other side
   * had closed it as idle at that very moment, so that there is no reason to wait before trying again.
   */
  readonly staleConnection: boolean;

  constructor(
    trouble: TransportTrouble,
    host: string,
    message: string,
    options: { readonly cause?: unknown; readonly staleConnection?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.trouble = trouble;
    this.host = host;
    this.staleConnection = options.staleConnection ?? false;
  }
}

/** How long a transport waits, in milliseconds. */
export interface TransportTimeouts {
  /** From the start of name resolution until the connection (TLS included) stands. */
  readonly connect: number;
  /** Without a byte in either direction. A reader that pauses the body does not count as idle. */
  readonly idle: number;
  /** Default for the whole exchange. */
  readonly deadline: number;
}
