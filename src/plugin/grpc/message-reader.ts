import type { ServerHttp2Stream } from "node:http2";
import { Failure, canceled } from "../../errors/error.ts";

/** Compressed-flag byte and four length bytes before each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX_LENGTH = 5;

/** Velero sends 16 KiB a message; this bounds what a broken sender can make us hold. */
const LARGEST_MESSAGE = 16 * 1024 * 1024;

/**
 * What a pump calls for each message. The bytes are the reader's own and hold until the next pump starts.
 * Returning false stops the pump after this message.
 */
export type MessageSink = (message: Uint8Array) => boolean;

type Pump = { sink: MessageSink; resolve: (more: boolean) => void; reject: (error: unknown) => void };

/**
 * Cuts a request's bytes into gRPC messages. Works on 'data' with pause and resume, since iterating the stream
 * costs a promise for each 16 KiB, which together cost more than the whole transport.
 *
 * A stream that was reset or whose connection broke rejects (Canceled): http2 ends the readable side of such a
 * stream as if the body were complete, so the end alone proves nothing.
 */
export class MessageReader {
  readonly #stream: ServerHttp2Stream;
  readonly #prefix = new Uint8Array(PREFIX_LENGTH);
  #prefixFilled = 0;
  #message: Uint8Array = new Uint8Array(0);
  #messageLength = 0;
  #messageFilled = 0;
  /** What of the last chunk came after the message at which a pump stopped. */
  #rest: Uint8Array | undefined;
  #ended = false;
  #failure: Failure | undefined;
  #pump: Pump | undefined;
  #discarding = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.pause();
    stream.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    stream.on("end", () => this.#onEnd());
    stream.on("aborted", () => this.#fail(canceled("reading the request")));
    stream.on("error", (error) => this.#fail(canceled("reading the request", error)));
    stream.on("close", () => this.#onClose());
    stream.pause();
  }

  /**
   * Feeds messages to the sink until it returns false (resolves to true) or the request's messages are at their
   * end (resolves to false). One pump at a time.
   */
  pump(sink: MessageSink): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#pump = { sink, resolve, reject };
      const rest = this.#rest;
      if (rest !== undefined) {
        this.#rest = undefined;
        this.#onData(rest);
      }
      if (this.#pump === undefined) return;
      if (this.#failure !== undefined) this.#settle((pump) => pump.reject(this.#failure));
      else if (!this.#ended) this.#stream.resume();
      else if (this.#prefixFilled > 0) this.#fail(brokenMessage());
      else this.#settle((pump) => pump.resolve(false));
    });
  }

  /** The next message, copied, or undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    let found: Uint8Array | undefined;
    await this.pump((message) => {
      found = message.slice();
      return false;
    });
    return found;
  }

  /**
   * Drops what is left of the request, as fast as it comes. Resolves at its end, whichever end that is.
   * No pump may follow.
   */
  async discardRest(): Promise<void> {
    this.#discarding = true;
    this.#rest = undefined;
    if (this.#ended || this.#failure !== undefined || this.#stream.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#pump = { sink: () => true, resolve: () => resolve(), reject: () => resolve() };
      this.#stream.resume();
    });
  }

  #onData(chunk: Uint8Array): void {
    if (this.#discarding) return;
    let at = 0;
    try {
      while (at < chunk.length) {
        const pump = this.#pump;
        if (pump === undefined) {
          // A chunk that http2 had already read when the stream was paused.
          this.#keep(chunk.subarray(at));
          return;
        }
        at = this.#take(chunk, at, pump);
      }
    } catch (error) {
      this.#fail(
        error instanceof Failure
          ? error
          : new Failure("Internal", "cannot read a request message", { cause: error }),
      );
    }
  }

  #keep(chunk: Uint8Array): void {
    this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#stream.pause();
  }

  /** Consumes bytes up to the end of at most one message; returns where it stopped. */
  #take(chunk: Uint8Array, start: number, pump: Pump): number {
    let at = start;
    while (this.#prefixFilled < PREFIX_LENGTH && at < chunk.length) {
      this.#prefix[this.#prefixFilled++] = chunk[at++] ?? 0;
      if (this.#prefixFilled === PREFIX_LENGTH) this.#begin();
    }
    if (this.#prefixFilled < PREFIX_LENGTH) return at;

    const missing = this.#messageLength - this.#messageFilled;
    const end = Math.min(chunk.length, at + missing);
    if (this.#messageFilled === 0 && end - at === missing) {
      this.#deliver(chunk.subarray(at, end), pump);
      return end;
    }
    if (this.#messageFilled === 0 && this.#message.length < this.#messageLength) {
      this.#message = new Uint8Array(this.#messageLength);
    }
    this.#message.set(chunk.subarray(at, end), this.#messageFilled);
    this.#messageFilled += end - at;
    if (this.#messageFilled === this.#messageLength) {
      this.#deliver(this.#message.subarray(0, this.#messageLength), pump);
    }
    return end;
  }

  #begin(): void {
    const view = new DataView(this.#prefix.buffer);
    if (view.getUint8(0) !== 0) {
      throw new Failure(
        "Unimplemented",
        "cannot read a request message: it is compressed, and no compression was offered",
      );
    }
    this.#messageLength = view.getUint32(1);
    this.#messageFilled = 0;
    if (this.#messageLength > LARGEST_MESSAGE) {
      throw new Failure(
        "ResourceExhausted",
        `cannot read a request message: ${this.#messageLength} bytes are more than ${LARGEST_MESSAGE}`,
      );
    }
  }

  #deliver(message: Uint8Array, pump: Pump): void {
    this.#prefixFilled = 0;
    this.#messageFilled = 0;
    if (pump.sink(message)) return;
    this.#stream.pause();
    this.#settle(() => pump.resolve(true));
  }

  #onEnd(): void {
    if (this.#stream.aborted || this.#stream.rstCode !== 0) {
      this.#fail(canceled("reading the request"));
    } else if (!this.#discarding && this.#prefixFilled > 0) {
      this.#fail(brokenMessage());
    } else {
      this.#ended = true;
      if (this.#rest === undefined) this.#settle((pump) => pump.resolve(false));
    }
  }

  #onClose(): void {
    if (!this.#ended) this.#fail(canceled("reading the request"));
  }

  #fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#settle((pump) => pump.reject(this.#failure));
  }

  #settle(how: (pump: Pump) => void): void {
    const pump = this.#pump;
    this.#pump = undefined;
    if (pump !== undefined) how(pump);
  }
}

function brokenMessage(): Failure {
  return new Failure("Internal", "cannot read a request message: the request ended inside it");
}
