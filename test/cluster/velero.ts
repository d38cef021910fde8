import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pending, waitFor } from "./bounded-wait.ts";
import type { Daemon } from "./daemon.ts";
import { requestInside } from "./inside-request.ts";
import type { Namespace } from "./namespace.ts";
import { PluginFolder } from "./plugin-folder.ts";

const metricsPort = 8085;

/** A backup storage location and how it signs in. */
export interface Location {
  /** The first location's is always "default": `velero install` names it so. */
  readonly name: string;
  /** The container. It must exist already. */
  readonly bucket: string;
  readonly prefix?: string;
  /** The location config: its `spec.config`. Values without commas, for the CLI separates entries by them. */
  readonly config: Readonly<Record<string, string>>;
  /** The credentials file of this location: KEY=VALUE lines. Empty: the location names none. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Path of the PEM that becomes the location's caCert. Velero's CLI takes it from there for its own downloads. */
  readonly authority?: string;
}

/** A volume snapshot location and how it signs in. */
export interface SnapshotLocation {
  readonly name: string;
  /** The location config: its `spec.config`. */
  readonly config: Readonly<Record<string, string>>;
  /** The credentials file of this location: KEY=VALUE lines. */
  readonly credentials: Readonly<Record<string, string>>;
}

export interface VeleroServerOptions {
  /** The plugin's executable; a folder NAME.lib beside it is installed with it. */
  readonly plugin: string;
  /** Velero hands it on to the plugin: default info. */
  readonly logLevel?: "debug" | "info" | "warning" | "error";
  /** Seconds between validations of a location: default 60. Velero looks each 10 s what is due; below 10, all is at each look. */
  readonly validationSeconds?: number;
  /** Whether `pluginStarts` counts, by a shell script before the plugin: default no. */
  readonly countPluginStarts?: boolean;
  /** How many groups of objects are backed up at once, and so how many snapshots are taken: Velero's default is 1. */
  readonly itemBlockWorkers?: number;
  /**
   * What the server's pod has in its environment besides what `velero install` writes: default nothing. The CLI's has it,
   * too, for a proxy is one for both. Asked when they start, since some of it is known only once other servers run.
   */
  readonly environment?: () => Readonly<Record<string, string>>;
}

/** Velero's server and CLI, installed by its own installer. */
export class Velero {
  readonly #namespace: Namespace;
  readonly #executable: string;
  readonly #flags: readonly string[];
  readonly #plugins: PluginFolder;
  readonly #credentials: string;
  #options: VeleroServerOptions;
  #server: Daemon | undefined;

  constructor(namespace: Namespace, executable: string, kubeconfig: string, options: VeleroServerOptions) {
    this.#namespace = namespace;
    this.#executable = executable;
    this.#flags = [`--kubeconfig=${kubeconfig}`, "--namespace=velero"];
    this.#plugins = new PluginFolder(namespace.folder);
    this.#credentials = join(namespace.folder, "credentials");
    this.#options = options;
    mkdirSync(this.#credentials, { mode: 0o700 });
    mkdirSync(this.#temporary, { mode: 0o700 });
  }

  /**
   * The whole of `velero install` with the first location.
   * WHY whole: each restore reads the Deployment velero/velero, although nothing here runs it.
   */
  async install(location: Location): Promise<void> {
    await this.run([
      "install",
      "--provider=velero.io/azure",
      "--use-volume-snapshots=false",
      "--image=localhost/velero:test",
      "--plugins=localhost/velero-azure:test",
      `--secret-file=${this.writeCredentials(location)}`,
      `--backup-location-config=${joined(location.config)}`,
      ...storageFlags(location),
    ]);
  }

  /** A further location, whose credentials are the key "cloud" of a Secret (empty: that names none). */
  async createLocation(location: Location, secret: string | undefined): Promise<void> {
    await this.run([
      "backup-location",
      "create",
      location.name,
      "--provider=velero.io/azure",
      `--config=${joined(location.config)}`,
      ...storageFlags(location),
      ...(secret === undefined ? [] : [`--credential=${secret}=cloud`]),
    ]);
  }

  /** The path of a location's credentials file, mode 0600. */
  writeCredentials(location: Pick<Location, "name" | "credentials">): string {
    const file = join(this.#credentials, location.name);
    const lines = Object.entries(location.credentials).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(file, lines.join(""), { mode: 0o600 });
    return file;
  }

  /** Starts the server, or ends it and starts it again, then with the changed options. */
  async start(changes: Partial<VeleroServerOptions> = {}): Promise<void> {
    await this.#server?.stop();
    const before = this.#server === undefined ? undefined : this.#options;
    this.#options = { ...this.#options, ...changes };
    if (
      before?.plugin !== this.#options.plugin ||
      before.countPluginStarts !== this.#options.countPluginStarts
    ) {
      this.#plugins.put(this.#options.plugin, { countStarts: this.#options.countPluginStarts ?? false });
    }
    const server = this.#namespace.spawn("velero", this.#serverCommand(), this.#serverEnvironment());
    this.#server = server;
    await waitFor("the Velero server's metrics", () => this.#answering(), {
      logs: server.logFile,
      hopeless: server.hopeless,
    });
  }

  /** Velero's CLI: its stdout. */
  async run(args: readonly string[]): Promise<string> {
    // The CLI would colour its words even where no terminal shows them.
    const command = [this.#executable, ...args, "--colorized=false", ...this.#flags];
    const environment = this.#options.environment?.() ?? {};
    const { stdout } = await this.#namespace.run(command, { environment });
    return stdout;
  }

  pluginStarts(): number {
    return this.#plugins.starts();
  }

  /** The server's log and, as Velero writes the plugin's lines into it, the plugin's. */
  get logFile(): string {
    return join(this.#namespace.logs, "velero.log");
  }

  /** WHY short and of this server alone: the plugins' sockets and the locations' credentials lie under TMPDIR. */
  get #temporary(): string {
    return join(this.#namespace.folder, "tmp");
  }

  #serverCommand(): readonly string[] {
    const { logLevel = "info", validationSeconds = 60, itemBlockWorkers = 1 } = this.#options;
    return [
      // The command comes first: Velero starts every plugin, its own among them, with all of its arguments but these two.
      this.#executable,
      "server",
      ...this.#flags,
      `--plugin-dir=${this.#plugins.folder}`,
      `--log-level=${logLevel}`,
      `--metrics-address=127.0.0.1:${metricsPort}`,
      "--profiler-address=",
      `--store-validation-frequency=${validationSeconds}s`,
      // Whether a sync is due is looked at every 60 s, which no flag changes. So that each of these looks, and the one
      // at the server's start, does sync, it has to be due at once.
      "--backup-sync-period=1s",
      // A backup is completed by this clock: 10 s by default.
      "--item-operation-sync-frequency=1s",
      // So that backups of different namespaces do run at once; by default they wait for each other.
      "--concurrent-backups=2",
      `--item-block-worker-count=${itemBlockWorkers}`,
    ];
  }

  /** What the Deployment that `velero install` writes would set, and what others add to a pod. */
  #serverEnvironment(): Readonly<Record<string, string>> {
    return {
      ...this.#options.environment?.(),
      VELERO_NAMESPACE: "velero",
      VELERO_SCRATCH_DIR: this.#temporary,
      TMPDIR: this.#temporary,
      LD_LIBRARY_PATH: this.#plugins.folder,
      AZURE_CREDENTIALS_FILE: join(this.#credentials, "default"),
    };
  }

  async #answering(): Promise<true | Pending> {
    const server = { namespace: this.#namespace, port: metricsPort };
    const { status } = await requestInside(server, { method: "GET", path: "/metrics" });
    return status === 200 ? true : new Pending(`status ${status}`);
  }
}

function storageFlags(location: Location): readonly string[] {
  return [
    `--bucket=${location.bucket}`,
    ...(location.prefix === undefined ? [] : [`--prefix=${location.prefix}`]),
    ...(location.authority === undefined ? [] : [`--cacert=${location.authority}`]),
  ];
}

function joined(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
