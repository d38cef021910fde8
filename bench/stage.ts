import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostedPlugin, PluginHost } from "../test/host/host.ts";
import { BlobServer } from "./blob-server.ts";
import type { Contender } from "./contender.ts";
import { Toxiproxy } from "./toxiproxy.ts";

/** How a plugin reaches the store: at once, 20 ms later for each answer, or at most 50 MB/s a connection. */
export type Way = "direct" | "far" | "capped";

export const account = "benchaccount";
export const container = "velero";

// Bodies up to this size are kept as they are; larger ones read as the pattern that the host's bench put.
const keptBytes = 64 * 1024;

/** What the figures share: one blob server, the ways to it, and Velero's own client to drive a plugin. */
export class Stage implements AsyncDisposable {
  readonly store: BlobServer;
  /** Keys of objects that are there to be read. */
  readonly stored = new Set<string>();
  readonly #host: PluginHost;
  readonly #proxy: Toxiproxy;
  readonly #ways: Readonly<Record<Way, string>>;
  readonly #folder: string;

  private constructor(parts: {
    store: BlobServer;
    host: PluginHost;
    proxy: Toxiproxy;
    ways: Readonly<Record<Way, string>>;
    folder: string;
  }) {
    this.store = parts.store;
    this.#host = parts.host;
    this.#proxy = parts.proxy;
    this.#ways = parts.ways;
    this.#folder = parts.folder;
  }

  static async start(): Promise<Stage> {
    await using started = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "velero-azure-bench-"));
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const key = Buffer.alloc(64, 1).toString("base64");
    await writeFile(join(folder, "credentials"), `AZURE_STORAGE_KEY=${key}\n`, { mode: 0o600 });
    const store = started.use(
      await BlobServer.start({ accounts: [account], containers: [container], keep: keptBytes }),
    );
    const proxy = started.use(await Toxiproxy.start());
    const ways = {
      direct: store.address,
      far: await proxy.open(store.address, { latencyMilliseconds: 20 }),
      capped: await proxy.open(store.address, { bytesPerSecond: 50e6 }),
    };
    const host = await PluginHost.start();
    started.move();
    return new Stage({ store, host, proxy, ways, folder });
  }

  /** Starts a process of the plugin as Velero would, up to the answer of ListPlugins. */
  plugin(contender: Contender): Promise<HostedPlugin> {
    // A proxy of the user's must not come between a plugin and the blob server.
    const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    const env = Object.fromEntries(proxies.map((name) => [name, null]));
    return this.#host.startPlugin({ path: contender.executable, args: ["--log-level", "info"], env });
  }

  /** The account's blob endpoint by a way. */
  endpoint(way: Way): string {
    return `http://${this.#ways[way]}/${account}`;
  }

  /** A location config that reaches the store by a way. */
  config(way: Way): Readonly<Record<string, string>> {
    return {
      bucket: container,
      prefix: "",
      storageAccount: account,
      storageAccountURI: this.endpoint(way),
      storageAccountKeyEnvVar: "AZURE_STORAGE_KEY",
      credentialsFile: join(this.#folder, "credentials"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.close();
    await this.#proxy.stop();
    await this.store.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
