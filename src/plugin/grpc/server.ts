import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { Failure } from "../../errors/error.ts";
import { ServerCall, type CallHandler } from "./server-call.ts";

/** Finds the handler of a path, `/package.Service/Method`; undefined when nobody serves it. */
export type MethodLookup = (path: string) => Promise<CallHandler | undefined>;

/**
 * What the host may send ahead on one request before we have read it, in bytes. It bounds the memory of an upload
 * that waits for the store; below this, a fast host waits for us at every window update.
 */
const STREAM_WINDOW = 1024 * 1024;

/** The same for the whole connection; http2 gives it back on arrival, so paused requests do not hold up others. */
const CONNECTION_WINDOW = 16 * 1024 * 1024;

/** In MB. http2 resets streams beyond it; our own bounds are far below, so it must never be what bounds. */
const SESSION_MEMORY = 1000;

/**
 * A gRPC server for one host over connections that somebody else accepted: HTTP/2 without TLS, no compression.
 * Why not a ready-made one: see docs/design.md, "The gRPC layer".
 */
export class GrpcServer {
  readonly #lookup: MethodLookup;
  readonly #calls = new Set<ServerCall>();
  readonly #onIdle: () => void;
  readonly #served = new Set<Promise<void>>();
  #connections = 0;

  /** `onIdle` is called whenever the last open connection has closed. */
  constructor(lookup: MethodLookup, onIdle: () => void) {
    this.#lookup = lookup;
    this.#onIdle = onIdle;
  }

  accept(socket: Socket): void {
    const session = performServerHandshake(socket, {
      maxSessionMemory: SESSION_MEMORY,
      settings: { initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: 1_000, enablePush: false },
    });
    this.#connections += 1;
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.on("stream", (stream, headers) => this.#onStream(stream, headers));
    // A connection that broke shows up as each call's abort; there is nobody left to tell more.
    session.on("error", () => session.destroy());
    session.on("close", () => {
      this.#connections -= 1;
      if (this.#connections === 0) this.#onIdle();
    });
  }

  /** Aborts every call under way. */
  abortCalls(): void {
    for (const call of this.#calls) call.abort();
  }

  /** Resolves when no handler is at work any more, be it because it was aborted and has cleaned up. */
  async settled(): Promise<void> {
    while (this.#served.size > 0) await Promise.all(this.#served);
  }

  async #serve(path: string, call: ServerCall): Promise<void> {
    const handler = await this.#lookup(path);
    if (handler === undefined) {
      throw new Failure("Unimplemented", `cannot serve "${path}": this plugin has no such method`);
    }
    await handler(call);
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = new ServerCall(stream);
    const path = headers[":path"] ?? "";
    const deadline = headers["grpc-timeout"];
    this.#calls.add(call);
    const timer = typeof deadline === "string" ? startDeadline(deadline, call) : undefined;
    const served = this.#serve(path, call)
      .then(
        () => call.succeed(),
        (error: unknown) => call.fail(error),
      )
      .finally(() => {
        clearTimeout(timer);
        this.#calls.delete(call);
        this.#served.delete(served);
        // The request's end is still to be read: http2 frees the stream only then.
        void call.reader.discardRest();
      });
    this.#served.add(served);
  }
}

const TIMEOUT_UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** gRPC's Timeout header: up to eight digits and a unit. What cannot be read sets no deadline. */
function startDeadline(header: string, call: ServerCall): NodeJS.Timeout | undefined {
  const found = /^(\d{1,8})([HMSmun])$/.exec(header);
  const unit = TIMEOUT_UNITS[found?.[2] ?? ""];
  if (found === null || unit === undefined) return undefined;
  // setTimeout takes 31 bits; a deadline beyond 24 days bounds nothing that matters here.
  return setTimeout(() => call.abort(), Math.min(Number(found[1]) * unit, 2 ** 31 - 1));
}
