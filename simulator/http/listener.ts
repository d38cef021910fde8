import { once } from "node:events";
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Handler, SimulatedRequest, SimulatedResponse } from "./message.ts";

export interface ListenerOptions {
  /** PEM. Plain http without. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** 0, the default, for any free port. */
  readonly port?: number | undefined;
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Hears what a handler threw; such a request is answered with 500. Default: written to stderr. */
  readonly onError?: ((error: unknown, request: SimulatedRequest) => void) | undefined;
}

export interface Listener {
  readonly port: number;
  /** `https://127.0.0.1:PORT` */
  readonly origin: string;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/**
 * Answers what comes to a loopback port with a handler. Bodies stream in both directions; what the client sent stays
 * as it was sent. When the client goes away the request's body throws and the answer's body is told to end.
 */
export async function listen(handler: Handler, options: ListenerOptions = {}): Promise<Listener> {
  const { tls, host = "127.0.0.1" } = options;
  const scheme = tls === undefined ? "http" : "https";
  const report = options.onError ?? reportOnStderr;
  // What is stalled on purpose, or is 4 GB long, is cut by nobody but the client.
  const limits = { joinDuplicateHeaders: true, requestTimeout: 0, maxHeaderSize: 64 * 1024 };
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    void exchange(incoming, outgoing);
  };
  const server =
    tls === undefined
      ? createPlainServer(limits, onRequest)
      : createTlsServer({ ...limits, cert: tls.certificate, key: tls.key }, onRequest);

  async function exchange(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = readRequest(incoming, scheme, port);
    try {
      await write(await handler(request), request.method, outgoing);
    } catch (error) {
      const gone = incoming.socket.destroyed || outgoing.destroyed;
      if (!gone) report(error, request);
      if (gone || outgoing.headersSent) incoming.socket.destroy();
      else outgoing.writeHead(500, { "content-type": "text/plain" }).end("the simulator failed\n");
    }
  }

  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  // It listens on a port, so the address is not a pipe's name.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `${scheme}://${host}:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function readRequest(incoming: IncomingMessage, scheme: string, port: number): SimulatedRequest {
  // A proxy is sent the whole address; a server may be, too (RFC 9112, section 3.2.2).
  const target = (incoming.url ?? "/").replace(/^https?:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: (incoming.method ?? "GET").toUpperCase(),
    origin: `${scheme}://${headers["host"] ?? `127.0.0.1:${port}`}`,
    path: path === "" ? "/" : path,
    query: mark < 0 ? "" : target.slice(mark + 1),
    headers,
    clientAddress: incoming.socket.remoteAddress,
    body: incoming,
  };
}

async function write(response: SimulatedResponse, method: string, outgoing: ServerResponse): Promise<void> {
  const bodiless = method === "HEAD" || response.status === 204 || response.status === 304;
  const { body, headers } = response;
  const whole = typeof body === "string" ? Buffer.from(body) : body;
  if (response.cutAfter !== undefined && (bodiless || whole === undefined)) {
    // There is no body to break off in: the whole answer is lost.
    outgoing.socket?.destroy();
    return;
  }
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  if (whole === undefined || whole instanceof Uint8Array) {
    const known = outgoing.hasHeader("content-length") || (bodiless && whole === undefined);
    if (!known) outgoing.setHeader("content-length", whole?.byteLength ?? 0);
  }
  outgoing.writeHead(response.status);
  if (bodiless || whole === undefined) {
    outgoing.end();
    return;
  }
  const source = whole instanceof Uint8Array ? [whole] : whole;
  if (response.cutAfter !== undefined) await writeAndCut(source, response.cutAfter, outgoing);
  else await pipeline(Readable.from(source, { objectMode: false }), outgoing);
}

/** The connection ends in the middle of the body, after what was promised has left. */
async function writeAndCut(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytes: number,
  outgoing: ServerResponse,
): Promise<void> {
  let left = bytes;
  outgoing.flushHeaders();
  for await (const chunk of source) {
    if (left <= 0) break;
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    if (!outgoing.write(part)) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
    if (outgoing.destroyed) return;
  }
  outgoing.socket?.destroySoon();
}

function reportOnStderr(error: unknown, { method, path }: SimulatedRequest): void {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`the simulator failed at ${method} ${path}: ${words}\n`);
}
