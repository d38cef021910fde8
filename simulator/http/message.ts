/**
 * One request as it came over the wire, so that a handler can be called by a test as well as by a listener.
 *
 * The target stays raw: `new URL` would fold the `.` and `..` that a blob's name may hold, and a signature covers it
 * as it was sent.
 */
export interface SimulatedRequest {
  /** In upper case. */
  readonly method: string;
  /** `scheme://host[:port]` that the client spoke to, from the listener's scheme and the Host header. */
  readonly origin: string;
  /** Percent-encoded as sent; starts with `/`. */
  readonly path: string;
  /** Percent-encoded as sent, without the `?`; empty for none. */
  readonly query: string;
  /** Names in lower case; several values of one name are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The client's IP address, as the socket tells it; firewalls ask. Absent, as in most tests, for this machine's. */
  readonly clientAddress?: string | undefined;
  /** Read at most once. Throws when the client goes away. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface SimulatedResponse {
  readonly status: number;
  /** Names in lower case. A listener adds `date`, and `content-length` where the length is known. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for none (HEAD, 204, 304). Bytes that are streamed are passed on as they come. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** The connection is cut after this many bytes of the body; a fault. */
  readonly cutAfter?: number | undefined;
}

/** One simulated service. Pure but for the state that it was made with: no port, no file, no clock of its own. */
export type Handler = (request: SimulatedRequest) => Promise<SimulatedResponse>;
