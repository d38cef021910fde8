import { request as httpRequest } from "node:http";
import { connect as tlsConnect } from "node:tls";
import type { Namespace } from "./namespace.ts";

/** A server on the namespace's loopback. */
export interface InsideServer {
  readonly namespace: Namespace;
  readonly port: number;
  /** PEM of the authority to trust; absent: plain http. */
  readonly authority?: Buffer;
}

export interface InsideRequest {
  readonly method: string;
  /** Path and query, escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface InsideAnswer {
  readonly status: number;
  readonly body: string;
}

/** One HTTP request from the test process to a server in the namespace, on a connection of its own. */
export async function requestInside(server: InsideServer, request: InsideRequest): Promise<InsideAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<InsideAnswer>();
  const raw = server.namespace.connect(server.port).on("error", reject);
  const { authority } = server;
  const socket =
    authority === undefined ? raw : tlsConnect({ socket: raw, ca: authority, servername: "localhost" });
  const outgoing = httpRequest({
    createConnection: () => socket,
    host: "localhost",
    port: server.port,
    method: request.method,
    path: request.path,
    headers: {
      connection: "close",
      "content-length": Buffer.byteLength(request.body ?? ""),
      ...request.headers,
    },
  });
  outgoing.on("error", reject);
  outgoing.on("response", (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (text: string) => (body += text));
    response.on("error", reject);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
  });
  outgoing.end(request.body);
  return promise;
}
