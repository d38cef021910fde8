import { request } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../src/errors/error.ts";
import { Daemon } from "./daemon.ts";
import { veleroHostExecutable } from "./go-tools.ts";

interface Started {
  readonly id: string;
  readonly pid: number;
  readonly startMilliseconds: number;
}

interface Move {
  readonly operation: "put" | "get";
  readonly bucket: string;
  readonly key: string;
  /** Bytes of each object. */
  readonly size: number;
}

/** velero-host (test/host/README.md), as far as a bench needs it: bytes never pass through this process. */
export class PluginHost implements AsyncDisposable {
  readonly #daemon: Daemon;
  readonly #socket: string;
  readonly #folder: string;

  private constructor(daemon: Daemon, socket: string, folder: string) {
    this.#daemon = daemon;
    this.#socket = socket;
    this.#folder = folder;
  }

  static async start(): Promise<PluginHost> {
    const folder = await mkdtemp(join(tmpdir(), "velero-azure-host-"));
    const socket = join(folder, "host");
    const daemon = new Daemon("velero-host", await veleroHostExecutable(), [socket]);
    await daemon.firstLine();
    return new PluginHost(daemon, socket, folder);
  }

  async start(executable: string): Promise<PluginRun> {
    // A proxy of the user's must not come between a plugin and the blob server.
    const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    const env = Object.fromEntries(proxies.map((name) => [name, null]));
    const args = ["--log-level", "info"];
    const started = await this.call<Started>("POST", "/plugins", { path: executable, args, env });
    return new PluginRun(this, started);
  }

  /** One call of velero-host's API; of an answer of several lines, the last. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.#exchange(
      method,
      path,
      body === undefined ? "" : JSON.stringify(body),
    );
    const last = text.trimEnd().split("\n").at(-1) ?? "";
    if (status !== 200) throw new Failure("Unknown", `cannot drive the plugin: ${last}`);
    // velero-host is built from this checkout: its answers have the shapes that its README states.
    return JSON.parse(last) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #exchange(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const outgoing = request({ socketPath: this.#socket, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
    return promise;
  }
}

/** One process of a plugin. */
export class PluginRun {
  readonly pid: number;
  /** From just before the process was started until ListPlugins was answered. */
  readonly startMilliseconds: number;
  readonly #host: PluginHost;
  readonly #path: string;

  constructor(host: PluginHost, started: Started) {
    this.#host = host;
    this.#path = `/plugins/${started.id}`;
    this.pid = started.pid;
    this.startMilliseconds = started.startMilliseconds;
  }

  async init(config: Readonly<Record<string, string>>): Promise<void> {
    await this.#host.call("POST", `${this.#path}/init`, { name: "velero.io/azure", config });
  }

  /** Moves `count` objects one after the other: the seconds that each took. */
  async moveEach(move: Move & { readonly count: number }): Promise<readonly number[]> {
    const { operation, ...rest } = move;
    const result = await this.#host.call<{ objectSeconds: number[]; failure?: { message: string } }>(
      "POST",
      `${this.#path}/bench`,
      { op: operation, ...rest },
    );
    if (result.failure !== undefined) {
      throw new Failure("Unknown", `cannot ${operation} "${move.key}": ${result.failure.message}`);
    }
    return result.objectSeconds;
  }

  /** Moves one object: the seconds it took. */
  async move(move: Move): Promise<number> {
    return (await this.moveEach({ ...move, count: 1 }))[0] ?? Number.NaN;
  }

  /** Ends the process as Velero does. */
  async end(): Promise<void> {
    await this.#host.call("DELETE", this.#path);
  }
}
