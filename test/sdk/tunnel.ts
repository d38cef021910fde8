import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

export interface Tunnel extends AsyncDisposable {
  /** What HTTPS_PROXY and HTTP_PROXY take. */
  readonly url: string;
  /** The hosts that were asked for, once each, in the order of the first request. */
  readonly hosts: ReadonlySet<string>;
}

/**
 * An HTTP proxy that takes each host for a port of this machine: with it a client uses Azure's real names, as it is
 * configured by default, and reaches the simulator. `port` is undefined for a host that nobody shall reach.
 */
export async function startTunnel(port: (host: string) => number | undefined): Promise<Tunnel> {
  const hosts = new Set<string>();
  const sockets = new Set<Duplex>();
  const reach = (host: string): number | undefined => {
    hosts.add(host);
    return port(host);
  };
  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, reach));
  server.on("connect", (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    const target = reach((incoming.url ?? "").replace(/:\d+$/, ""));
    if (target === undefined) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.once("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // It listens on a port, so the address is not a pipe's name.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    hosts,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Plain http: the instance metadata service is asked for by a whole address. */
function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  reach: (host: string) => number | undefined,
): void {
  const target = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
  const port = target === undefined ? undefined : reach(target.hostname);
  if (target === undefined || port === undefined) {
    outgoing.writeHead(502).end();
    return;
  }
  const { method, headers } = incoming;
  const onward = request({ port, host: "127.0.0.1", method, headers, path: target.pathname + target.search });
  onward.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
