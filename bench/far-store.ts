import { Failure } from "../src/errors/error.ts";
import { Pending, waitFor } from "../test/cluster/bounded-wait.ts";
import type { ClusterParts } from "../test/cluster/cluster.ts";
import { type InsideServer, requestInside } from "../test/cluster/inside-request.ts";
import type { BlobServerStats } from "./blob-server.ts";
import { blobServerExecutable, toxiproxyExecutable } from "./go-tools.ts";

// Fixed ports: a cluster's namespace has them all to itself.
const storePort = 10000;
const storeControlPort = 10001;
const proxyControlPort = 8474;
const wayPort = 10443;

const account = "benchaccount";

/** The blob server inside a cluster's namespace, over https, behind a proxy that delays each answer. */
export class FarStore {
  /** The location config that reaches the store through the proxy. */
  readonly config = {
    storageAccount: account,
    storageAccountURI: `https://127.0.0.1:${wayPort}/${account}`,
    storageAccountKeyEnvVar: "AZURE_STORAGE_KEY",
  };
  readonly container = "velero";
  readonly credentials = { AZURE_STORAGE_KEY: Buffer.alloc(64, 1).toString("base64") };
  readonly #store: InsideServer;
  readonly #proxy: InsideServer;

  private constructor(parts: ClusterParts) {
    this.#store = { namespace: parts.namespace, port: storeControlPort };
    this.#proxy = { namespace: parts.namespace, port: proxyControlPort };
  }

  static async start(parts: ClusterParts): Promise<FarStore> {
    const { namespace, certificates } = parts;
    const store = new FarStore(parts);
    const listen = ["-listen", `127.0.0.1:${storePort}`, "-control", `127.0.0.1:${storeControlPort}`];
    const tls = ["-cert", certificates.cert, "-key", certificates.key];
    const blobServer = [await blobServerExecutable(), ...listen, ...tls, "-containers", store.container];
    const proxy = [await toxiproxyExecutable(), "-host", "127.0.0.1", "-port", String(proxyControlPort)];
    const daemons = [
      namespace.spawn("blobserver", blobServer),
      namespace.spawn("toxiproxy", proxy, { LOG_LEVEL: "error" }),
    ];
    await waitFor("blob server and toxiproxy answering", () => store.#answering(), {
      logs: namespace.logs,
      hopeless: () => daemons.map((daemon) => daemon.hopeless()).find((reason) => reason !== undefined),
    });
    const way = {
      name: "way",
      listen: `127.0.0.1:${wayPort}`,
      upstream: `127.0.0.1:${storePort}`,
      enabled: true,
    };
    await call(store.#proxy, "POST", "/proxies", way);
    const toxic = { name: "delay", type: "latency", stream: "downstream", attributes: { latency: 0 } };
    await call(store.#proxy, "POST", "/proxies/way/toxics", toxic);
    return store;
  }

  /** What is added to each answer from now on, on connections that are open too. */
  async delay(milliseconds: number): Promise<void> {
    await call(this.#proxy, "POST", "/proxies/way/toxics/delay", { attributes: { latency: milliseconds } });
  }

  async resetStats(): Promise<void> {
    await call(this.#store, "DELETE", "/__control/stats");
  }

  async stats(): Promise<BlobServerStats> {
    // The server is built from this checkout: its answer has the declared shape.
    return JSON.parse(await call(this.#store, "GET", "/__control/stats")) as BlobServerStats;
  }

  async #answering(): Promise<true | Pending> {
    await call(this.#store, "GET", "/__control/stats");
    await call(this.#proxy, "GET", "/version");
    return true;
  }
}

async function call(server: InsideServer, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await requestInside(server, {
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status < 300) return answer.body;
  throw new Failure("Unavailable", `cannot ${method} "${path}": status ${answer.status}: ${answer.body}`);
}
