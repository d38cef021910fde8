import { Readable } from "node:stream";
import type { Worker } from "node:worker_threads";
import type { BlobClient } from "../../../azure/blob/blob-client.ts";
import {
  TransportError,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
} from "../../../azure/http/transport.ts";
import { Failure } from "../../../errors/error.ts";
import type { BulkLane } from "../azure-blob-store.ts";
import type { Order, Result, SharedBytes, Trouble, WholeResponse } from "./protocol.ts";

type Waiting = {
  readonly hashed: (crc: bigint) => void;
  readonly answered: (response: WholeResponse) => void;
  readonly failed: (error: unknown) => void;
};

/**
 * Hashes, sends and fetches pieces in a thread of their own. What decides (retries, signatures, errors) stays in this
 * thread: its client is the usual one over a transport that hands each signed request to the other side.
 */
export class ThreadLane implements BulkLane {
  readonly client: BlobClient;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #ready = false;
  #dead: Failure | undefined;

  constructor(worker: Worker, openClient: (transport: HttpTransport) => BlobClient) {
    this.#worker = worker;
    worker.unref();
    worker.on("message", (result: Result) => this.#onResult(result));
    worker.on("error", (error) => this.#die(error));
    worker.on("exit", () => this.#die(undefined));
    this.client = openClient({
      send: (request, signal) => this.#send(request, signal),
      close: () => {},
    });
  }

  /** False until the thread runs, and again if it ever died: pieces then go the usual way. */
  get ready(): boolean {
    return this.#ready && this.#dead === undefined;
  }

  checksum(piece: Uint8Array): Promise<bigint> {
    return new Promise((resolve, reject) => {
      const id = this.#register({ hashed: resolve, answered: () => {}, failed: reject });
      this.#post({ kind: "hash", id, piece: shared(piece) });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const cancel = (): void => {
        this.#post({ kind: "cancel", id });
        reject(signal.reason);
      };
      const id = this.#register({
        hashed: () => {},
        answered: (response) => {
          signal.removeEventListener("abort", cancel);
          resolve(toResponse(response));
        },
        failed: (error) => {
          signal.removeEventListener("abort", cancel);
          reject(error);
        },
      });
      signal.addEventListener("abort", cancel, { once: true });
      const { body, into, ...rest } = request;
      this.#post({
        kind: "send",
        id,
        request: rest,
        body: body === undefined ? undefined : shared(body),
        into: into === undefined ? undefined : shared(into),
      });
    });
  }

  #register(waiting: Waiting): number {
    const id = this.#nextId++;
    this.#waiting.set(id, waiting);
    if (this.#dead !== undefined) waiting.failed(this.#dead);
    return id;
  }

  #post(order: Order): void {
    if (this.#dead === undefined) this.#worker.postMessage(order);
  }

  #onResult(result: Result): void {
    if (result.kind === "ready") {
      this.#ready = true;
      return;
    }
    const waiting = this.#waiting.get(result.id);
    this.#waiting.delete(result.id);
    if (result.kind === "hashed") waiting?.hashed(result.crc);
    else if (result.kind === "answered") waiting?.answered(result.response);
    else waiting?.failed(toError(result));
  }

  #die(cause: unknown): void {
    this.#dead ??= new Failure(
      "Internal",
      "the thread that sends and fetches the pieces of large objects has ended",
      {
        retryable: true,
        cause,
      },
    );
    for (const waiting of this.#waiting.values()) waiting.failed(this.#dead);
    this.#waiting.clear();
  }
}

function toError({ trouble, message }: Extract<Result, { kind: "failed" }>): Error {
  return trouble === undefined
    ? new Failure("Internal", `cannot send or fetch a piece of a large object: ${message}`)
    : toTransportError(trouble);
}

function toResponse({ status, headers, body, received }: WholeResponse): HttpResponse {
  // In byte mode an empty chunk would read as nothing at all, which is right; in object mode it would be one chunk.
  const rest = Readable.from([body], { objectMode: false });
  if (received === undefined) return { status, headers, body: rest };
  const { bytes, broken } = received;
  return { status, headers, body: rest, received: { bytes, broken: broken && toTransportError(broken) } };
}

function toTransportError({ trouble, host, message, staleConnection }: Trouble): TransportError {
  return new TransportError(trouble, host, message, { staleConnection });
}

function shared(bytes: Uint8Array): SharedBytes {
  if (!(bytes.buffer instanceof SharedArrayBuffer)) {
    throw new Failure("Internal", "cannot hand memory to the other thread: it is not shared");
  }
  return { memory: bytes.buffer, offset: bytes.byteOffset, length: bytes.length };
}
