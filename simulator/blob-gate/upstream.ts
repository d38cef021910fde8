import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { SimulatedResponse } from "../http/message.ts";
import { signature } from "./signature.ts";

/** Where the blobs really are: an Azurite, over plain http as a rule, and its keys. */
export interface BlobUpstream {
  /** Such as `http://127.0.0.1:10000`. */
  readonly origin: string;
  /** The Azurite account that keeps this account's blobs; undefined when it has none. */
  account(name: string): { readonly name: string; readonly key: string } | undefined;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Encoded as the client sent it, without the account. */
  readonly rawPath: string;
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>;
  /** Without those of the connection and of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | undefined;
  /** Unsigned, it reads what is public. */
  readonly signed: boolean;
}

/** Sends requests on to Azurite, signed with its key, streaming both ways. */
export interface Upstream {
  send(
    account: { readonly name: string; readonly key: string },
    request: UpstreamRequest,
  ): Promise<SimulatedResponse>;
}

/** Reads the rest of an answer that is not passed on, so that its connection can serve again. */
export async function discard({ body }: SimulatedResponse): Promise<void> {
  if (typeof body === "object" && !(body instanceof Uint8Array)) {
    for await (const piece of body) {
      void piece;
    }
  }
}

/** Of the connection, or told anew by whoever answers. */
const dropped = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "date",
  "server",
  "proxy-connection",
]);

export function upstreamAt(origin: string): Upstream {
  const tls = origin.startsWith("https:");
  const agent = tls ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  const { hostname, port } = new URL(origin);
  return {
    send: async (account, { method, rawPath, query, headers, body, signed }) => {
      const path = `/${account.name}${rawPath}`;
      const sent = signed ? signedHeaders(account, { method, path, query, headers }) : headers;
      const options: RequestOptions = {
        ...{ agent, hostname, port, method, path: `${path}${queryText(query)}` },
        headers: sent,
      };
      const incoming = await exchange(tls, options, body);
      const status = incoming.statusCode ?? 500;
      if (method === "HEAD" || status === 204 || status === 304) {
        incoming.resume();
        return { status, headers: answered(incoming) };
      }
      return { status, headers: answered(incoming), body: incoming };
    },
  };
}

/** Resolves with the answer's beginning, which may come while the body is still being sent. */
async function exchange(
  tls: boolean,
  options: RequestOptions,
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined,
): Promise<IncomingMessage> {
  const outgoing = tls ? httpsRequest(options) : httpRequest(options);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once("response", resolve);
  // Stays for as long as the connection may break: an error without a listener would end the process.
  outgoing.on("error", reject);
  const send = async (): Promise<void> => {
    if (body instanceof Uint8Array) {
      outgoing.write(body);
    } else if (body !== undefined) {
      for await (const piece of body) {
        if (!outgoing.write(piece)) {
          await once(outgoing, "drain");
        }
      }
    }
    outgoing.end();
  };
  send().catch((error: unknown) => {
    reject(error);
    outgoing.destroy();
  });
  return promise;
}

function answered(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !dropped.has(name)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
  }
  return headers;
}

function queryText(query: ReadonlyMap<string, string>): string {
  const parts = [...query].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

const signedNames = [
  ...["content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"],
  ...["if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"],
];

/** Shared Key as Azurite reads it: by the system's clock, and the x-ms- headers in the order of a language. */
function signedHeaders(
  account: { readonly name: string; readonly key: string },
  request: Pick<UpstreamRequest, "method" | "query" | "headers"> & { readonly path: string },
): Record<string, string> {
  const headers: Record<string, string> = { ...request.headers, "x-ms-date": new Date().toUTCString() };
  const plain = signedNames.map((name) => {
    const value = headers[name] ?? "";
    return name === "content-length" && value === "0" ? "" : value;
  });
  const extra = Object.keys(headers).filter((name) => name.startsWith("x-ms-"));
  const lines = extra
    .sort((a, b) => a.localeCompare(b))
    .map((name) => `${name}:${headers[name]?.trimStart()}\n`);
  const query = [...request.query.keys()].sort().map((name) => `\n${name}:${request.query.get(name)}`);
  const resource = `/${account.name}${request.path}${query.join("")}`;
  const text = `${[request.method, ...plain].join("\n")}\n${lines.join("")}${resource}`;
  return { ...headers, authorization: `SharedKey ${account.name}:${signature(account.key, text)}` };
}
