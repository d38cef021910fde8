import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildGoProgram } from "./go-program.ts";
import { HostClient, HostFailure, type HostError, type Query } from "./host-client.ts";

export interface StartPlugin {
  readonly path: string;
  /** Default: what Velero's server passes on at debug level. */
  readonly args?: readonly string[];
  /** Laid over this process's environment; null takes a variable away. */
  readonly env?: Readonly<Record<string, string | null>>;
  readonly dir?: string;
  /** Runs the process as this user and group; takes root. */
  readonly uid?: number;
}

interface Started {
  readonly id: string;
  readonly pid: number;
  readonly startMilliseconds: number;
  readonly plugins: readonly { readonly command: string; readonly kind: string; readonly name: string }[];
}

/** A Velero server's half of the plugin protocol, in a process of its own: test/go/velero/host. */
export class PluginHost {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #client: HostClient;
  readonly #folder: string;

  private constructor(process: ChildProcess, client: HostClient, folder: string) {
    // A process that said "ready" has one.
    this.pid = process.pid ?? -1;
    this.#process = process;
    this.#client = client;
    this.#folder = folder;
  }

  /** Builds velero-host if need be, and starts it. */
  static async start(): Promise<PluginHost> {
    const executable = await buildGoProgram("host");
    const folder = await mkdtemp(join(tmpdir(), "velero-host-"));
    const socket = join(folder, "host.sock");
    // It ends when its standard input does, so a test that dies leaves neither it nor a plugin behind.
    const process = spawn(executable, [socket], { stdio: ["pipe", "pipe", "inherit"] });
    await ready(process);
    return new PluginHost(process, new HostClient(socket), folder);
  }

  /** Starts a plugin executable and asks what it holds, as Velero does with each file of its plugin folder. */
  async startPlugin(plugin: StartPlugin): Promise<HostedPlugin> {
    const json = { args: ["--log-level", "debug", "--features", ""], ...plugin };
    const started = await this.#client.json<Started>({ method: "POST", path: "/plugins", json });
    return new HostedPlugin(this.#client, started);
  }

  /** Ends the host without giving it a chance to say goodbye to its plugins. */
  async sigkill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the plugins as Velero does, and the host. */
  async close(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#client.close();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill(signal);
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function ready(process: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once("error", reject);
    process.once("exit", (code) => reject(new Error(`velero-host ended with ${code}`)));
    if (process.stdout !== null) {
      createInterface({ input: process.stdout }).once("line", () => resolve());
    }
  });
}

/** `pace` makes every stream pause at random; see test/host/README.md. */
export interface BenchRequest {
  readonly op: "put" | "get";
  readonly name?: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly count?: number;
  readonly parallel?: number;
  readonly pace?: {
    readonly seed: number;
    readonly maximumPiece: number;
    readonly maximumPauseMicroseconds: number;
  };
  readonly progressMilliseconds?: number;
}

export interface BenchResult {
  readonly seconds: number;
  readonly objectSeconds: readonly number[];
  readonly firstByteSeconds: readonly number[];
}

type BenchLine = Partial<BenchResult> & {
  readonly progress?: readonly number[];
  readonly failure?: HostError;
};

/** A plugin process that Velero's client drives. */
export class HostedPlugin {
  readonly pid: number;
  readonly startMilliseconds: number;
  readonly plugins: Started["plugins"];
  readonly client: HostClient;
  readonly #path: string;

  constructor(client: HostClient, started: Started) {
    this.client = client;
    this.pid = started.pid;
    this.startMilliseconds = started.startMilliseconds;
    this.plugins = started.plugins;
    this.#path = `/plugins/${started.id}`;
  }

  /** The path of one of this plugin's routes. */
  route(name: string): string {
    return `${this.#path}/${name}`;
  }

  async init(
    config: Readonly<Record<string, string>>,
    name = "velero.io/azure",
    kind: "ObjectStore" | "VolumeSnapshotter" = "ObjectStore",
  ): Promise<void> {
    await this.client.json({ method: "POST", path: this.route("init"), json: { kind, name, config } });
  }

  /** One call of the framework's VolumeSnapshotter by its RPC's name; the signal cancels it as gRPC does. */
  async volumeCall(
    call: string,
    json: object,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Record<string, unknown>> {
    return this.client.json({ method: "POST", path: this.route(`volume/${call}`), json, signal });
  }

  /** Moves bytes between Go and the plugin; `onProgress` hears the bytes of each object so far. */
  async bench(
    json: BenchRequest,
    onProgress: (moved: readonly number[]) => void = () => {},
    signal?: AbortSignal,
  ): Promise<BenchResult> {
    const answer = await this.client.send({ method: "POST", path: this.route("bench"), json, signal });
    for await (const text of createInterface({ input: answer })) {
      const line = JSON.parse(text) as BenchLine;
      if (line.failure !== undefined) {
        throw new HostFailure(line.failure);
      }
      if (line.progress !== undefined) {
        onProgress(line.progress);
      }
      if (line.seconds !== undefined) {
        return { objectSeconds: [], firstByteSeconds: [], ...line, seconds: line.seconds };
      }
    }
    throw new Error("velero-host ended a bench without a result");
  }

  /** A GET of a JSON route of this plugin. */
  get<T>(route: string, query: Query = {}): Promise<T> {
    return this.client.json<T>({ method: "GET", path: this.route(route), query });
  }

  /** All that the process wrote to its standard error. */
  stderr(): Promise<string> {
    return this.client.text({ method: "GET", path: this.route("stderr") });
  }

  /** go-plugin's log: the plugin's lines as the host understood them, among the host's own. */
  log(): Promise<string> {
    return this.client.text({ method: "GET", path: this.route("log") });
  }

  /** Ends the process as Velero does. */
  end(): Promise<{ milliseconds: number; state: string; killed: boolean }> {
    return this.client.json({ method: "DELETE", path: this.#path });
  }
}
