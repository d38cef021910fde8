import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../src/errors/error.ts";
import { Daemon } from "./daemon.ts";
import { toxiproxyExecutable } from "./go-tools.ts";

/** What a proxied connection suffers. */
export interface Handicap {
  /** Added to each answer: bytes from the store arrive this much later. Connections themselves open at once. */
  readonly latencyMilliseconds?: number;
  /** What each connection carries at the most, in bytes a second from the store. */
  readonly bytesPerSecond?: number;
}

/** Shopify's toxiproxy, to put a distance between a plugin and the blob server where the kernel has no netem. */
export class Toxiproxy implements AsyncDisposable {
  readonly #daemon: Daemon;
  readonly #api: string;
  #proxies = 0;

  private constructor(daemon: Daemon, api: string) {
    this.#daemon = daemon;
    this.#api = api;
  }

  static async start(): Promise<Toxiproxy> {
    const port = await freePort();
    const daemon = new Daemon(
      "toxiproxy",
      await toxiproxyExecutable(),
      ["-host", "127.0.0.1", "-port", String(port)],
      {
        ...process.env,
        LOG_LEVEL: "error",
      },
    );
    daemon.discardOutput();
    const proxy = new Toxiproxy(daemon, `http://127.0.0.1:${port}`);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (daemon.exited) break;
      if (await proxy.#answers()) return proxy;
      await delay(25);
    }
    throw daemon.failure("it does not answer");
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Opens a way to `upstream` (host:port) and answers its own host:port. */
  async open(upstream: string, handicap: Handicap, listen = "127.0.0.1:0"): Promise<string> {
    const name = `way${++this.#proxies}`;
    const made = await this.#post("/proxies", { name, listen, upstream, enabled: true });
    const toxics = [
      handicap.latencyMilliseconds === undefined
        ? undefined
        : { type: "latency", attributes: { latency: handicap.latencyMilliseconds } },
      handicap.bytesPerSecond === undefined
        ? undefined
        : { type: "bandwidth", attributes: { rate: Math.round(handicap.bytesPerSecond / 1000) } },
    ];
    for (const toxic of toxics) {
      if (toxic !== undefined)
        await this.#post(`/proxies/${name}/toxics`, { ...toxic, stream: "downstream" });
    }
    if (typeof made !== "object" || made === null || !("listen" in made) || typeof made.listen !== "string") {
      throw this.#daemon.failure("it does not say where it listens");
    }
    return made.listen;
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answers(): Promise<boolean> {
    return fetch(`${this.#api}/version`).then(
      (response) => response.ok,
      () => false,
    );
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(this.#api + path, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Failure("Unavailable", `cannot set up "toxiproxy": ${text}`);
    return JSON.parse(text);
  }
}

/** A port that was free a moment ago: toxiproxy does not say which one it took when it is told to take any. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}
