import { join } from "node:path";
import { type ClusterBinaries, type Report, clusterBinaries } from "./binaries.ts";
import { Pending, type WaitOptions, waitFor } from "./bounded-wait.ts";
import { type Certificates, makeCertificates } from "../certificates.ts";
import { writeInClusterScript } from "./in-cluster-script.ts";
import { Kubernetes, type KubernetesObject } from "./kubernetes.ts";
import { Namespace } from "./namespace.ts";
import { requirePlugin } from "./plugin-folder.ts";
import { type Location, type SnapshotLocation, Velero, type VeleroServerOptions } from "./velero.ts";

/** What a blob store for the cluster is started with. */
export interface ClusterParts {
  /** Its network is the only one that the plugin sees: start servers and proxies by its `spawn`. */
  readonly namespace: Namespace;
  /** Of all of the cluster's own servers. */
  readonly certificates: Certificates;
  readonly kubernetes: Kubernetes;
}

/** What Velero says of a location, once it has validated it. */
export interface LocationStatus {
  readonly phase: string;
  readonly message?: string;
  /** When, to the second, as in `2026-01-31T12:00:00Z`. */
  readonly lastValidationTime?: string;
}

export interface VeleroClusterOptions extends VeleroServerOptions {
  /**
   * Starts whatever stores the backups (and proxies before it) and says where it is. The first location is the default one,
   * named "default"; each further one gets a Secret of its own. Containers must exist before this returns.
   */
  readonly locations: (parts: ClusterParts) => Promise<readonly [Location, ...Location[]]>;
  /** Runs against kube-apiserver before Velero starts, which learns of new kinds of objects only at its start or in minutes. */
  readonly beforeVelero?: (kubernetes: Kubernetes) => Promise<void>;
  readonly report?: Report;
}

/** A real Velero on a real Kubernetes control plane, in a namespace of its own, with the plugin under test. */
export class VeleroCluster {
  readonly namespace: Namespace;
  readonly kubernetes: Kubernetes;
  readonly #binaries: ClusterBinaries;
  readonly #velero: Velero;

  private constructor(
    namespace: Namespace,
    kubernetes: Kubernetes,
    binaries: ClusterBinaries,
    velero: Velero,
  ) {
    this.namespace = namespace;
    this.kubernetes = kubernetes;
    this.#binaries = binaries;
    this.#velero = velero;
  }

  /** Builds what is not built yet and starts everything. Ends everything again when a part does not start. */
  static async start(options: VeleroClusterOptions): Promise<VeleroCluster> {
    const report = options.report ?? (() => undefined);
    // Before minutes are spent on building all the rest.
    requirePlugin(options.plugin);
    const binaries = await clusterBinaries(report);
    const namespace = await Namespace.create();
    try {
      return await VeleroCluster.#start(options, namespace, binaries, report);
    } catch (error) {
      await namespace.stop({ keepLogs: true });
      throw error;
    }
  }

  static async #start(
    options: VeleroClusterOptions,
    namespace: Namespace,
    binaries: ClusterBinaries,
    report: Report,
  ): Promise<VeleroCluster> {
    const certificates = await makeCertificates(join(namespace.folder, "certificates"));
    report("starting etcd, kube-apiserver and kube-controller-manager");
    const kubernetes = await Kubernetes.start(namespace, binaries, certificates);
    report("starting the blob store");
    const [first, ...others] = await options.locations({ namespace, certificates, kubernetes });
    const velero = new Velero(namespace, binaries.velero, kubernetes.kubeconfig, options);
    const cluster = new VeleroCluster(namespace, kubernetes, binaries, velero);
    report("installing Velero");
    await velero.install(first);
    for (const location of others) await cluster.addLocation(location);
    await options.beforeVelero?.(kubernetes);
    report("starting Velero");
    await velero.start();
    return cluster;
  }

  /** Velero's CLI as a user runs it: its stdout; fails with its stderr. */
  async velero(...args: readonly string[]): Promise<string> {
    return this.#velero.run(args);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const command = [this.#binaries.kubectl, "--kubeconfig", this.kubernetes.kubeconfig, ...args];
    const { stdout } = await this.namespace.run(command);
    return stdout;
  }

  async addLocation(location: Location): Promise<void> {
    if (Object.keys(location.credentials).length === 0)
      return this.#velero.createLocation(location, undefined);
    const secret = await this.#createSecret(location);
    return this.#velero.createLocation(location, secret);
  }

  /** A location for volume snapshots; one of the same name is replaced, as by somebody who edits it. */
  async addSnapshotLocation({ name, config, credentials }: SnapshotLocation): Promise<void> {
    const collection = "/apis/velero.io/v1/namespaces/velero/volumesnapshotlocations";
    if ((await this.kubernetes.get(`${collection}/${name}`)) !== undefined)
      await this.kubectl("--namespace=velero", "delete", "volumesnapshotlocations.velero.io", name);
    const secret = await this.#createSecret({ name: `volumes-${name}`, credentials });
    // Not by Velero's CLI, which separates the config's entries by commas: values have them.
    await this.kubernetes.create(collection, {
      apiVersion: "velero.io/v1",
      kind: "VolumeSnapshotLocation",
      metadata: { name, namespace: "velero" },
      spec: { provider: "velero.io/azure", config, credential: { name: secret, key: "cloud" } },
    });
  }

  /** The path of a script for a person's shell: `SCRIPT velero backup get`, `SCRIPT kubectl get pods`. */
  writeInClusterScript(): string {
    return writeInClusterScript(this.namespace, this.#binaries, this.kubernetes.kubeconfig);
  }

  /** An object of Velero's own: `veleroObject("backups", "b1")`; undefined when there is none. */
  async veleroObject(plural: string, name: string): Promise<KubernetesObject | undefined> {
    return this.kubernetes.get(`/apis/velero.io/v1/namespaces/velero/${plural}/${name}`);
  }

  /** Waits until a location has been validated; fails at the bound with what Velero says of it. */
  async locationPhase(name: string, phase: "Available" | "Unavailable"): Promise<string> {
    return this.waitFor(`location "${name}" ${phase}`, async () => {
      const status = await this.locationStatus(name);
      if (status?.phase !== phase) return new Pending(JSON.stringify(status ?? "no status yet"));
      return status.message ?? "";
    });
  }

  /** Undefined while it has not been validated. */
  async locationStatus(name: string): Promise<LocationStatus | undefined> {
    const location = await this.veleroObject("backupstoragelocations", name);
    const status = location?.["status"];
    return isLocationStatus(status) ? status : undefined;
  }

  /** The name of the Secret whose key "cloud" is the location's credentials file; one that is there is replaced. */
  async #createSecret(location: Pick<Location, "name" | "credentials">): Promise<string> {
    const secret = `${location.name}-credentials`;
    const file = this.#velero.writeCredentials(location);
    const inVelero = "--namespace=velero";
    await this.kubectl(inVelero, "delete", "secret", secret, "--ignore-not-found");
    await this.kubectl(inVelero, "create", "secret", "generic", secret, `--from-file=cloud=${file}`);
    return secret;
  }

  async waitFor<T>(
    awaited: string,
    probe: () => Promise<T | Pending>,
    options: Pick<WaitOptions, "seconds"> = {},
  ): Promise<T> {
    return waitFor(awaited, probe, { ...options, logs: this.namespace.logs });
  }

  /** Ends the server and starts it again, which also syncs all locations and learns new kinds of objects. */
  async restartVelero(changes: Partial<VeleroServerOptions> = {}): Promise<void> {
    await this.#velero.start(changes);
  }

  /** Process starts of the plugin, with `countPluginStarts`, since the executable was installed. */
  pluginStarts(): number {
    return this.#velero.pluginStarts();
  }

  /** The server's log, with the plugin's lines in it. */
  get veleroLog(): string {
    return this.#velero.logFile;
  }

  /** Ends every process. `keepLogs` leaves the folder of logs, for a failed test; all else is removed either way. */
  async stop(options: { readonly keepLogs: boolean } = { keepLogs: false }): Promise<void> {
    await this.namespace.stop(options);
  }
}

function isLocationStatus(status: unknown): status is LocationStatus {
  return (
    typeof status === "object" && status !== null && "phase" in status && typeof status.phase === "string"
  );
}
