import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Failure, canceled } from "../../errors/error.ts";
import { MessageReader } from "./message-reader.ts";
import { OK_TRAILERS, failureTrailers } from "./status.ts";

/**
 * One request of the host: its messages, its answer and its AbortSignal, which fires when the host cancels, when
 * its connection breaks and when the process is asked to end.
 */
export class ServerCall {
  readonly reader: MessageReader;
  readonly #stream: ServerHttp2Stream;
  readonly #abort = new AbortController();
  #unsent = 0;
  #wake: (() => void) | undefined;
  #responded = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.reader = new MessageReader(stream);
    stream.on("aborted", () => this.abort());
    stream.on("error", () => this.abort());
    stream.on("close", () => this.abort());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(canceled("serving the request"));
    this.#wakeUp();
  }

  /**
   * Sends messages, each made of parts. Resolves when the connection has taken all of them, so that the host's pace is
   * the answer's, and the parts' memory may be used again. Rejects (Canceled) when the host is gone.
   */
  async send(...messages: readonly (readonly Uint8Array[])[]): Promise<void> {
    if (this.signal.aborted || this.#stream.destroyed) throw canceled("answering the request");
    this.#respond();
    this.#stream.cork();
    for (const parts of messages) {
      for (const piece of [prefixOf(parts), ...parts]) {
        this.#unsent += piece.length;
        this.#stream.write(piece, () => this.#onSent(piece.length));
      }
    }
    this.#stream.uncork();
    while (this.#unsent > 0) {
      if (this.signal.aborted) throw canceled("answering the request");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends the call well. */
  succeed(): void {
    this.#respond();
    this.#end(OK_TRAILERS);
  }

  /** Ends the call with an error, whatever was sent before. */
  fail(error: unknown): void {
    if (this.#responded) {
      this.#end(failureTrailers(error));
    } else if (!this.#stream.destroyed && !this.#stream.headersSent) {
      this.#responded = true;
      this.#stream.respond({ ...responseHeaders(), ...failureTrailers(error) }, { endStream: true });
    }
  }

  #respond(): void {
    if (this.#responded || this.#stream.destroyed) return;
    this.#responded = true;
    this.#stream.respond(responseHeaders(), { waitForTrailers: true });
  }

  #end(trailers: OutgoingHttpHeaders): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(trailers));
    this.#stream.end();
  }

  #onSent(length: number): void {
    this.#unsent -= length;
    if (this.#unsent === 0) this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Not compressed, and how long the message is (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function prefixOf(parts: readonly Uint8Array[]): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(
    parts.reduce((length, part) => length + part.length, 0),
    1,
  );
  return prefix;
}

function responseHeaders(): OutgoingHttpHeaders {
  return { ":status": 200, "content-type": "application/grpc" };
}

/** What the server does with the requests of one method. Its rejection becomes the call's status. */
export type CallHandler = (call: ServerCall) => Promise<void>;

/** The half of a generated codec that reads, and the half that writes. */
export interface Decoder<T> {
  decode(input: Uint8Array): T;
}
export interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

/** Reads the one request message of a unary or server-streaming call. */
export async function readRequest<T>(call: ServerCall, decoder: Decoder<T>): Promise<T> {
  const message = await call.reader.next();
  if (message === undefined) throw new Failure("Internal", "cannot read the request: it holds no message");
  try {
    return decoder.decode(message);
  } catch (error) {
    throw new Failure("InvalidArgument", "cannot read the request: its message is malformed", {
      cause: error,
    });
  }
}

/** A handler for calls of one message each way. */
export function unary<Request, Response>(
  decoder: Decoder<Request>,
  encoder: Encoder<Response>,
  answer: (request: Request, signal: AbortSignal) => Promise<Response>,
): CallHandler {
  return async (call) => {
    const request = await readRequest(call, decoder);
    const response = await answer(request, call.signal);
    await call.send([encoder.encode(response).finish()]);
  };
}
