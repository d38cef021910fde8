import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../src/errors/error.ts";
import type { ClusterBinaries } from "./binaries.ts";
import { Pending, waitFor } from "./bounded-wait.ts";
import type { Certificates } from "../certificates.ts";
import type { Daemon } from "./daemon.ts";
import { type InsideServer, requestInside } from "./inside-request.ts";
import type { Namespace } from "./namespace.ts";

// Fixed ports, the ones these servers are known by: the namespace has them all to itself.
const etcdPort = 2379;
const etcdPeerPort = 2380;
const apiserverPort = 6443;
const controllerManagerPort = 10257;

const controllers = [
  "namespace-controller",
  "garbage-collector-controller",
  "persistentvolume-binder-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
];

// An address that answers, as the issuer of a cluster that trusts are given to is: others read its keys there.
const serviceAccountIssuer = `https://127.0.0.1:${apiserverPort}`;

/** A Kubernetes object as JSON, as far as the tests look into every kind of them. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface ObjectList {
  readonly items: readonly KubernetesObject[];
}

/** etcd, kube-apiserver and kube-controller-manager, with an administrator's way in. */
export class Kubernetes {
  /** Mode 0600: it holds the administrator's token. */
  readonly kubeconfig: string;
  /** The folder of the servers' logs. */
  readonly logs: string;
  /** Who service accounts' tokens say that they are from; see service-accounts.ts. */
  readonly issuer = serviceAccountIssuer;
  readonly #server: InsideServer;
  readonly #token: string;

  private constructor(kubeconfig: string, server: InsideServer, token: string) {
    this.kubeconfig = kubeconfig;
    this.logs = server.namespace.logs;
    this.#server = server;
    this.#token = token;
  }

  static async start(
    namespace: Namespace,
    binaries: ClusterBinaries,
    certificates: Certificates,
  ): Promise<Kubernetes> {
    const token = randomBytes(24).toString("hex");
    const kubeconfig = writeKubeconfig(namespace.folder, certificates, token);
    const etcd = startEtcd(namespace, binaries);
    const apiserver = startApiserver(namespace, binaries, certificates, token);
    const server = { namespace, port: apiserverPort, authority: readFileSync(certificates.ca) };
    const kubernetes = new Kubernetes(kubeconfig, server, token);
    await waitFor("kube-apiserver ready", () => kubernetes.#ready(), {
      logs: namespace.logs,
      hopeless: () => etcd.hopeless() ?? apiserver.hopeless(),
    });
    const controllers = startControllerManager(namespace, binaries, certificates, kubeconfig);
    const controllerServer = { ...server, port: controllerManagerPort };
    await waitFor("kube-controller-manager healthy", () => healthy(controllerServer, "/healthz"), {
      logs: namespace.logs,
      hopeless: controllers.hopeless,
    });
    return kubernetes;
  }

  /** The object or list at an API path such as `/api/v1/namespaces/app`; undefined when there is none. */
  async get(path: string): Promise<KubernetesObject | undefined> {
    const { status, body } = await this.#request("GET", path);
    if (status === 404) return undefined;
    return this.#accepted("read", path, status, body);
  }

  /** The objects in the collection at an API path; none when nothing of that kind is served. */
  async list(collection: string): Promise<readonly KubernetesObject[]> {
    const { status, body } = await this.#request("GET", collection);
    if (status === 404) return [];
    const list = this.#accepted<ObjectList>("list", collection, status, body);
    return list.items;
  }

  /** Creates an object in the collection at an API path such as `/api/v1/namespaces/app/configmaps`. */
  async create(collection: string, object: KubernetesObject): Promise<KubernetesObject> {
    const { status, body } = await this.#request("POST", collection, JSON.stringify(object));
    return this.#accepted("create in", collection, status, body);
  }

  async #ready(): Promise<true | Pending> {
    const { status, body } = await this.#request("GET", "/readyz");
    return status === 200 ? true : new Pending(`/readyz answered ${status}: ${body}`);
  }

  async #request(method: string, path: string, body?: string): Promise<{ status: number; body: string }> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    return requestInside(this.#server, { method, path, headers, ...(body === undefined ? {} : { body }) });
  }

  #accepted<T = KubernetesObject>(action: string, path: string, status: number, body: string): T {
    if (status >= 300)
      throw new Failure("Unknown", `cannot ${action} "${path}": kube-apiserver answered ${status}: ${body}`);
    const answer: T = JSON.parse(body);
    return answer;
  }
}

async function healthy(server: InsideServer, path: string): Promise<true | Pending> {
  const { status, body } = await requestInside(server, { method: "GET", path });
  return status === 200 ? true : new Pending(`${path} answered ${status}: ${body}`);
}

function writeKubeconfig(folder: string, certificates: Certificates, token: string): string {
  const file = join(folder, "kubeconfig");
  // JSON is YAML.
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "test",
        cluster: {
          server: `https://127.0.0.1:${apiserverPort}`,
          "certificate-authority": certificates.ca,
        },
      },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  };
  writeFileSync(file, JSON.stringify(content, undefined, 2), { mode: 0o600 });
  return file;
}

function startEtcd(namespace: Namespace, binaries: ClusterBinaries): Daemon {
  const clients = `http://127.0.0.1:${etcdPort}`;
  const peers = `http://127.0.0.1:${etcdPeerPort}`;
  return namespace.spawn("etcd", [
    binaries.etcd,
    "--name=test",
    `--data-dir=${join(namespace.folder, "etcd")}`,
    "--log-level=warn",
    // Nothing here outlives a power cut, so nothing waits for the disk.
    "--unsafe-no-fsync",
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=test=${peers}`,
  ]);
}

function startApiserver(
  namespace: Namespace,
  binaries: ClusterBinaries,
  certificates: Certificates,
  token: string,
): Daemon {
  const tokens = join(namespace.folder, "tokens.csv");
  writeFileSync(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const signingKey = join(namespace.folder, "service-accounts.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(signingKey, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  return namespace.spawn("kube-apiserver", [
    binaries.kubeApiserver,
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${apiserverPort}`,
    `--tls-cert-file=${certificates.cert}`,
    `--tls-private-key-file=${certificates.key}`,
    // Loopback may not be an endpoint of the "kubernetes" Service, and without the second flag the server tries to make
    // it one.
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--authorization-mode=RBAC",
    `--token-auth-file=${tokens}`,
    `--service-account-issuer=${serviceAccountIssuer}`,
    `--service-account-key-file=${signingKey}`,
    `--service-account-signing-key-file=${signingKey}`,
    "--profiling=false",
  ]);
}

function startControllerManager(
  namespace: Namespace,
  binaries: ClusterBinaries,
  certificates: Certificates,
  kubeconfig: string,
): Daemon {
  return namespace.spawn("kube-controller-manager", [
    binaries.kubeControllerManager,
    `--kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--tls-cert-file=${certificates.cert}`,
    `--tls-private-key-file=${certificates.key}`,
    "--leader-elect=false",
    "--profiling=false",
    // Without the first two a deleted namespace stays Terminating for ever; the others bind claims to volumes, and let go
    // of those that are deleted. More of them would fill namespaces with objects of their own (the CA's ConfigMap, the
    // default ServiceAccount) or start what no node is there to run.
    `--controllers=${controllers.join(",")}`,
    // Whether a claim fits a volume that was restored is looked at by this clock: 15 s by default.
    "--pvclaimbinder-sync-period=1s",
  ]);
}
