import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Something between the plugin and the service, on loopback. */
interface Between {
  readonly port: number;
  /** Cuts what goes through it; new connections are taken. */
  cut(): void;
  close(): Promise<void>;
}

/** Passes bytes on; where new connections lead can be changed at any time. */
export interface Relay extends Between {
  leadTo(port: number): void;
}

export async function startRelay(port: number): Promise<Relay> {
  let target = port;
  const pairs = new Pairs();
  const server = createServer((socket) => pairs.join(socket, target));
  return {
    ...(await between(server, pairs)),
    leadTo: (next) => {
      target = next;
    },
  };
}

/** A proxy for https: each CONNECT leads to the port on loopback, whatever was asked for. */
export interface ConnectProxy extends Between {
  /** `HOST:PORT` of each CONNECT, in order. */
  readonly asked: readonly string[];
}

export async function startConnectProxy(port: number): Promise<ConnectProxy> {
  const asked: string[] = [];
  const pairs = new Pairs();
  const server = createHttpServer((_request, response) => response.writeHead(501).end());
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    pairs.join(socket as Socket, port, "HTTP/1.1 200 Connection established\r\n\r\n");
  });
  return { ...(await between(server, pairs)), asked };
}

/** Connections that were joined, until they end. */
class Pairs {
  readonly #open = new Set<Socket>();

  join(near: Socket, port: number, greeting = ""): void {
    const far = connect(port, "127.0.0.1", () => near.write(greeting));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

async function between(server: Server, pairs: Pairs): Promise<Between> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => pairs.cut(),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      pairs.cut();
      await closed;
    },
  };
}
