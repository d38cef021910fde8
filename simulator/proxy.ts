import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Listener } from "./http/listener.ts";

/** Ports of this machine. */
export interface ProxiedPorts {
  readonly entra: number;
  readonly resourceManager: number;
  readonly imds: number;
  readonly blob: number;
}

const ENTRA = [
  ...["login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"],
  ...["login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
];
const RESOURCE_MANAGER = [
  "management.azure.com",
  "management.usgovcloudapi.net",
  "management.chinacloudapi.cn",
];
const STORAGE = ["core.windows.net", "core.usgovcloudapi.net", "core.chinacloudapi.cn"];
const IMDS = "169.254.169.254";

/** What a certificate must be for, so that clients believe in the real clouds' names. */
export function azureNames(): readonly string[] {
  return [...ENTRA, ...RESOURCE_MANAGER, ...STORAGE.map((suffix) => `*.blob.${suffix}`)];
}

/**
 * A proxy (RFC 9110, section 9.3.6) that leads the real clouds' names to the simulator, so that clients run with their
 * own settings for those clouds; `HTTPS_PROXY`, and `HTTP_PROXY` for IMDS. Whatever else is asked for is refused with
 * 502: nothing leaves this machine.
 */
export async function simulatorProxy(ports: ProxiedPorts): Promise<Listener> {
  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, ports));
  const sockets = new Set<Duplex>();
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    sockets.add(client);
    client.once("close", () => sockets.delete(client));
    tunnel(request.url ?? "", client, head, ports);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // It listens on a port, so the address is not a pipe's name.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function portOf(hostname: string, ports: ProxiedPorts): number | undefined {
  const host = hostname.toLowerCase();
  if (ENTRA.includes(host)) return ports.entra;
  if (RESOURCE_MANAGER.includes(host)) return ports.resourceManager;
  if (host === IMDS) return ports.imds;
  return STORAGE.some((suffix) => host.endsWith(`.blob.${suffix}`)) ? ports.blob : undefined;
}

function tunnel(target: string, client: Duplex, head: Buffer, ports: ProxiedPorts): void {
  const [, host = "", asked = ""] = /^(.*):(\d+)$/.exec(target) ?? [];
  // Services on this machine are reached through it, too, by clients that exempt no address.
  const port = host === "127.0.0.1" || host === "localhost" ? Number(asked) : portOf(host, ports);
  if (port === undefined) {
    client.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    return;
  }
  // A handshake's last message is small and has no answer: what comes behind it would wait for its acknowledgment.
  const upstream: Socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => {
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  upstream.on("error", () => client.destroy());
  client.on("error", () => upstream.destroy());
  client.on("close", () => upstream.destroy());
}

/** Plain http, of which there is only IMDS. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse, ports: ProxiedPorts): void {
  const target = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
  if (target?.hostname !== IMDS) {
    outgoing.writeHead(502).end();
    return;
  }
  const { "proxy-connection": _, ...headers } = incoming.headers;
  const sent = httpRequest(
    {
      host: "127.0.0.1",
      port: ports.imds,
      method: incoming.method,
      path: `${target.pathname}${target.search}`,
      headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  sent.on("error", () => outgoing.destroy());
  incoming.pipe(sent);
}
