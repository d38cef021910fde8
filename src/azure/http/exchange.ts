import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Landed } from "./landing.ts";
import { type HttpResponse, TransportError, type TransportTimeouts } from "./transport.ts";
import { transportTrouble } from "./trouble.ts";

export interface ExchangeOptions {
  readonly host: string;
  readonly timeouts: TransportTimeouts;
  readonly deadlineMilliseconds: number;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** Called with the connection, before anything is sent: see `HttpRequest.into`. */
  expect(socket: Socket): Landed | undefined;
  /** Makes the request object; its headers are sent when its body ends. */
  open(): ClientRequest;
  /** Called once, when nothing of this exchange is left. */
  ended(): void;
}

/** With a minute of idle time, connections down to 18 KB/s live. */
const PIECE = 1024 * 1024;

/** One request and its answer on node:http, bounded in time from the first moment to the body's last byte. */
export function exchange(options: ExchangeOptions): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    new Exchange(options, resolve, reject).start();
  });
}

class Exchange {
  readonly #options: ExchangeOptions;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #abort = (): void => this.#fail(this.#options.signal.reason);
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #landed: Landed | undefined;
  #connected = false;
  #over = false;
  #connectTimer: NodeJS.Timeout | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(
    options: ExchangeOptions,
    resolve: (response: HttpResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { timeouts, deadlineMilliseconds, signal, body, host } = this.#options;
    try {
      this.#request = this.#options.open();
    } catch (error) {
      this.#finish();
      this.#reject(transportTrouble(error, { host, connected: false }));
      return;
    }
    const request = this.#request;
    signal.addEventListener("abort", this.#abort, { once: true });
    this.#connectTimer = setTimeout(() => {
      this.#fail(this.#trouble("connect", `no connection to "${host}" within ${timeouts.connect} ms`));
    }, timeouts.connect);
    this.#deadlineTimer = setTimeout(() => {
      this.#fail(this.#trouble("deadline", `"${host}" did not finish within ${deadlineMilliseconds} ms`));
    }, deadlineMilliseconds);
    // A body that is left unread keeps its connection, but shall not keep a process that has nothing else to do.
    this.#connectTimer.unref();
    this.#deadlineTimer.unref();
    request.on("socket", (socket) => this.#onSocket(socket));
    request.on("response", (response) => this.#onResponse(response));
    request.on("timeout", () => this.#onIdle());
    // Stays for good: what goes wrong with sending after the answer came is of no interest, but must not go unhandled.
    request.on("error", (error) => this.#onRequestError(error));
    request.on("close", () => {
      if (this.#response === undefined) {
        this.#onRequestError(new Error("the connection was closed"));
      }
    });
    request.setTimeout(timeouts.idle);
    this.#sendBody(request, body);
  }

  /**
   * In pieces, since only a piece's end counts as movement for the idle time: of a body that is handed over whole,
   * TLS shows no progress, and holds an encrypted copy of it all.
   */
  #sendBody(request: ClientRequest, body: Uint8Array | undefined): void {
    if (body === undefined || body.byteLength <= PIECE) {
      request.end(body);
      return;
    }
    let offset = 0;
    const more = (): void => {
      while (offset + PIECE < body.byteLength) {
        const piece = body.subarray(offset, offset + PIECE);
        offset += PIECE;
        if (!request.write(piece)) {
          request.once("drain", more);
          return;
        }
      }
      request.end(body.subarray(offset));
    };
    more();
  }

  #onSocket(socket: Socket): void {
    this.#landed = this.#options.expect(socket);
    const connected = (): void => {
      this.#connected = true;
      clearTimeout(this.#connectTimer);
    };
    if (isSecure(socket)) {
      // `secureConnecting` is undocumented but stable; getProtocol() is null until the handshake is done.
      if (socket.getProtocol() === null) {
        socket.once("secureConnect", connected);
      } else {
        connected();
      }
    } else if (socket.connecting) {
      socket.once("connect", connected);
    } else {
      connected();
    }
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    response.once("close", () => {
      this.#finish();
      // An answer that came before the whole request was sent: nobody wants the rest to be sent any more.
      if (this.#request?.writableFinished === false) {
        this.#request.destroy();
      }
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) {
        headers[name] = Array.isArray(value) ? value.join(", ") : value;
      }
    }
    const answer: HttpResponse = { status: response.statusCode ?? 0, headers, body: response };
    if (this.#landed?.length === undefined) {
      this.#resolve(answer);
    } else {
      this.#onLanding(answer, response, this.#landed);
    }
  }

  /** The body goes straight into memory, so that of the response only its end comes. */
  #onLanding({ status, headers }: HttpResponse, response: IncomingMessage, landed: Landed): void {
    const { "transfer-encoding": _untrue, ...others } = headers;
    let broken: TransportError | undefined;
    response.on("error", (error) => {
      broken = transportTrouble(error, { host: this.#options.host, connected: true });
    });
    response.once("close", () => {
      const { signal } = this.#options;
      if (broken !== undefined && signal.aborted) {
        this.#reject(signal.reason);
        return;
      }
      const all = { ...others, "content-length": String(landed.length) };
      this.#resolve({ status, headers: all, body: response, received: { bytes: landed.bytes, broken } });
    });
    response.resume();
  }

  #onIdle(): void {
    const response = this.#response;
    if (response !== undefined && readerIsSlow(response)) {
      this.#request?.setTimeout(this.#options.timeouts.idle);
      return;
    }
    const { host, timeouts } = this.#options;
    this.#fail(this.#trouble("idle", `no byte to or from "${host}" for ${timeouts.idle} ms`));
  }

  #onRequestError(error: Error): void {
    if (this.#response !== undefined || this.#over) {
      return;
    }
    this.#finish();
    this.#reject(
      transportTrouble(error, {
        host: this.#options.host,
        connected: this.#connected,
        staleConnection: this.#request?.reusedSocket === true,
      }),
    );
  }

  #trouble(trouble: "connect" | "deadline" | "idle", message: string): TransportError {
    return new TransportError(trouble, this.#options.host, message);
  }

  #fail(reason: unknown): void {
    if (this.#over) {
      return;
    }
    if (this.#response !== undefined) {
      this.#response.destroy(reason instanceof Error ? reason : new Error(String(reason)));
      return;
    }
    this.#finish();
    this.#reject(reason);
    this.#request?.destroy();
  }

  #finish(): void {
    if (!this.#over) {
      this.#over = true;
      clearTimeout(this.#connectTimer);
      clearTimeout(this.#deadlineTimer);
      this.#options.signal.removeEventListener("abort", this.#abort);
      this.#options.ended();
    }
  }
}

/** Whether it is the reader who makes the connection wait, by leaving what came or by pausing. */
function readerIsSlow(response: IncomingMessage): boolean {
  const pulls = response.listenerCount("readable") > 0;
  return response.readableLength > 0 || response.readableFlowing === null || (!pulls && response.isPaused());
}

function isSecure(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket;
}
