import { once } from "node:events";
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectSocket } from "node:net";

/** The half of a generated codec that writes, and the half that reads. */
interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}
interface Decoder<T> {
  decode(input: Uint8Array): T;
}

/** One method of a generated service definition. */
export interface Method<Request, Response> {
  readonly name: string;
  readonly requestType: Encoder<Request>;
  readonly responseType: Decoder<Response>;
}

interface Service {
  readonly fullName: string;
}

/** A call that the other side ended with an error. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  /** gRPC's number: 16 is Unauthenticated. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The status of a call that breaks gRPC's own rules. */
const INTERNAL = 13;

/** Compressed-flag byte and four length bytes before each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;

/**
 * A gRPC client over one connection to a Unix socket, as simple as one can be: it is the demo's own, so that what it
 * proves does not rest on the code of the plugin's server.
 */
export class GrpcConnection {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  /** When the signal fires, the connection ends and with it, by an error, each of its calls. */
  static async open(socketPath: string, signal: AbortSignal): Promise<GrpcConnection> {
    const session = connect("http://localhost", {
      createConnection: () => connectSocket(socketPath),
      settings: { initialWindowSize: 1024 * 1024, enablePush: false },
    });
    // A connection that breaks fails each of its calls; there is nothing to add.
    session.on("error", () => {});
    signal.addEventListener("abort", () => session.destroy(), { once: true });
    await once(session, "connect", { signal });
    session.setLocalWindowSize(16 * 1024 * 1024);
    return new GrpcConnection(session);
  }

  close(): void {
    this.#session.destroy();
  }

  /** One message there, one back. */
  async unary<Request, Response>(
    service: Service,
    method: Method<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return await this.upload(service, method, [request]);
  }

  /** Many messages there, no faster than they are taken, and one back. */
  async upload<Request, Response>(
    service: Service,
    method: Method<Request, Response>,
    requests: Iterable<Request>,
  ): Promise<Response> {
    const call = this.#call(service, method);
    for (const request of requests) {
      if (call.stream.destroyed) break;
      if (!call.send(method.requestType.encode(request).finish())) await call.writable();
    }
    call.stream.end();
    for await (const message of call.messages()) return method.responseType.decode(message);
    throw new CallFailed(INTERNAL, "the call ended without an answer");
  }

  /** One message there, many back. */
  async *download<Request, Response>(
    service: Service,
    method: Method<Request, Response>,
    request: Request,
  ): AsyncGenerator<Response> {
    const call = this.#call(service, method);
    call.send(method.requestType.encode(request).finish());
    call.stream.end();
    for await (const message of call.messages()) yield method.responseType.decode(message);
  }

  /** A stream that stays open as long as the connection; what comes back is dropped. */
  hold<Request, Response>(service: Service, method: Method<Request, Response>, request?: Request): void {
    const { stream, send } = this.#call(service, method);
    if (request !== undefined) {
      send(method.requestType.encode(request).finish());
      stream.end();
    }
    stream.resume();
  }

  #call(service: Service, { name }: { readonly name: string }): Call {
    return new Call(
      this.#session.request({
        ":method": "POST",
        ":path": `/${service.fullName}/${name}`,
        "content-type": "application/grpc",
        te: "trailers",
      }),
    );
  }
}

class Call {
  readonly stream: ClientHttp2Stream;
  #trailers: IncomingHttpHeaders = {};

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    // Whoever reads the answer is told; without a listener an error would end the process.
    stream.on("error", () => {});
    // An answer that is an error and nothing else has its status among the first headers.
    stream.on("response", (headers) => Object.assign(this.#trailers, headers));
    stream.on("trailers", (headers) => Object.assign(this.#trailers, headers));
  }

  /** Whether more may follow at once. */
  readonly send = (message: Uint8Array): boolean => {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    this.stream.cork();
    this.stream.write(prefix);
    const more = this.stream.write(message);
    this.stream.uncork();
    return more;
  };

  /** Until more may be written, or nothing is to be written any more. */
  async writable(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stream.once("drain", resolve).once("close", resolve);
    await promise;
    this.stream.off("drain", resolve).off("close", resolve);
  }

  /** The messages of the answer; throws CallFailed at its end unless the status is OK. */
  async *messages(): AsyncGenerator<Uint8Array> {
    const bytes = new Pending();
    for await (const chunk of this.stream) {
      bytes.push(chunk);
      for (let message = bytes.message(); message !== undefined; message = bytes.message()) yield message;
    }
    const status = this.#trailers["grpc-status"];
    if (status === undefined) throw new CallFailed(INTERNAL, "the call ended without a status");
    if (status !== "0") {
      const message = this.#trailers["grpc-message"];
      throw new CallFailed(Number(status), decodeURIComponent(typeof message === "string" ? message : ""));
    }
  }
}

/** Bytes that came and were not yet handed on. */
class Pending {
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = PREFIX_BYTES;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next message, when it is there as a whole. */
  message(): Uint8Array | undefined {
    if (this.#length < this.#wanted) return undefined;
    const all = Buffer.concat(this.#chunks);
    const end = PREFIX_BYTES + all.readUInt32BE(1);
    this.#chunks = [all];
    this.#wanted = end;
    if (all.length < end) return undefined;
    this.#chunks = [all.subarray(end)];
    this.#length = all.length - end;
    this.#wanted = PREFIX_BYTES;
    return all.subarray(PREFIX_BYTES, end);
  }
}
