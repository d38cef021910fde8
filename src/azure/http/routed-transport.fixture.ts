import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { type HttpRequest, type HttpTransport, TransportError, type TransportTrouble } from "./transport.ts";

/** An answer, or why none comes. */
export type Reply =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text, or what becomes JSON. */
      readonly body?: unknown;
    }
  | { readonly trouble: TransportTrouble };

export type Route = (request: HttpRequest, count: number) => Reply | Promise<Reply>;

/**
 * A transport for tests with several services: `METHOD host` → what answers there. It keeps what was asked, so that a
 * test can say of each request why it was needed.
 */
export class RoutedTransport implements HttpTransport {
  readonly requests: HttpRequest[] = [];
  closed = 0;
  readonly #routes: Readonly<Record<string, Route>>;
  readonly #counts = new Map<string, number>();

  constructor(routes: Readonly<Record<string, Route>>) {
    this.#routes = routes;
  }

  /** `METHOD host/last-part-of-the-path?first-parameter`, in order. */
  get asked(): string[] {
    return this.requests.map(({ method, origin, path, query }) => {
      const last = path.slice(path.lastIndexOf("/"));
      return `${method} ${origin.replace("https://", "")}${last}${query === "" ? "" : `?${query.split("&")[0]}`}`;
    });
  }

  async send(request: HttpRequest, signal: AbortSignal) {
    signal.throwIfAborted();
    this.requests.push(request);
    const host = new URL(request.origin).host;
    const name = `${request.method} ${host}`;
    const route = this.#routes[name] ?? this.#routes[host];
    assert.ok(route !== undefined, `unexpected request: ${name}${request.path}`);
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    const reply = await route(request, count);
    if ("trouble" in reply) {
      throw new TransportError(reply.trouble, host, `it was ${reply.trouble}`);
    }
    const { status, headers = {}, body = "" } = reply;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return { status, headers, body: Readable.from(text === "" ? [] : [Buffer.from(text)]) };
  }

  close(): void {
    this.closed += 1;
  }
}
