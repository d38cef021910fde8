import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { FederatedCredential, Principal } from "../../simulator/core/principals.ts";
import { localIssuer, type LocalIssuer } from "../../simulator/entra/local-issuer.ts";
import type { ApplicationRecord } from "../../simulator/entra/state.ts";
import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
export const SUBSCRIPTION = "33333333-3333-4333-8333-333333333333";
export const GROUP = "backups";
export const DISK_GROUP = "MC_cluster";
export const ACCOUNT = "velerobackups";
export const BUCKET = "velero";
export const DISK = "data";
/** A federation's audience by Entra's convention. */
export const EXCHANGE = "api://AzureADTokenExchange";
export const SUBJECT = "system:serviceaccount:velero:velero";

type Words = Readonly<Record<string, string>>;

/** What a case adds to a location: lines of its credentials file, variables of its process, keys of its config. */
export interface Part {
  readonly values?: Words;
  readonly env?: Words;
  readonly config?: Words;
}

/** A location in a process of its own; Init is yet to come. */
export interface Location {
  readonly plugin: HostedPlugin;
  readonly store: HostObjectStore;
  readonly config: Words;
  readonly credentialsFile: string;
  /** Its TMPDIR. */
  readonly folder: string;
  /** Replaces the lines of its credentials file. */
  readonly rewrite: (values: Words) => Promise<void>;
  /** Starts one more process of the same location, as Velero does for its next request. */
  readonly another: () => Promise<HostedPlugin>;
}

/** A simulated Azure with one of everything, and a host that starts the executable for locations in it. */
export interface AzureWorld extends AsyncDisposable {
  readonly azure: Simulator;
  readonly host: PluginHost;
  /** An application of the tenant, with a secret; it may use the account, list its keys and read disks. */
  readonly application: ApplicationRecord;
  readonly secret: string;
  /** The cluster's; the application trusts its `SUBJECT`. */
  readonly issuer: LocalIssuer;
  /** Of the machine, allowed the same. */
  readonly systemAssigned: Principal;
  readonly userAssigned: Principal;
  readonly accountId: string;
  readonly caFile: string;
  /** Lets it use the account's blobs, list its keys, and read the cluster's disks. */
  allow(objectId: string): void;
  /** Draws the first key of an account anew, as who rotates keys does. */
  renewKey(account: string): void;
  /** Writes a file that goes away with the world. */
  readonly file: (name: string, content: string, mode?: number) => Promise<string>;
  /** A new token of the cluster's issuer, in a file. */
  tokenFile(wishes?: Partial<Parameters<LocalIssuer["token"]>[0]>): Promise<string>;
  /** Starts the executable for an object store; `args` are Velero's at debug level. */
  location(...parts: readonly Part[]): Promise<Location>;
  /** The same for a volume snapshotter, whose disks are the world's. */
  volumes(...parts: readonly Part[]): Promise<Location>;
  /** What was asked of Azure since `forget`: `entra token`, `blob PutBlob`, … */
  asked(): string[];
  forget(): void;
  /** GET of an address under any of the blob service's names, as a client without a sign-in does it. */
  fetch(url: string): Promise<{ readonly status: number; readonly body: string }>;
}

/** One place for cases that lean on each other's numbers: a case's own file, folder and so on. */
function counter(): () => number {
  let last = 0;
  return () => ++last;
}

export async function startAzureWorld(): Promise<AzureWorld> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-world-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [azure, host] = await Promise.all([startSimulator(), PluginHost.start()]);
  stack.defer(() => azure.stop());
  stack.defer(() => host.close());
  const furnished = await furnish(azure);
  const next = counter();
  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    const path = join(folder, `${next()}-${name}`);
    await writeFile(path, content, { mode });
    return path;
  };
  const caFile = await file("ca.pem", azure.authority.certificate, 0o644);
  const start = async (parts: readonly Part[], base: Words): Promise<Location> => {
    const own = join(folder, `${next()}-location`);
    await mkdir(own);
    return startLocation({ host, folder: own, base }, parts);
  };
  const all = stack.move();
  return {
    ...{ azure, host, caFile, file, ...furnished },
    tokenFile: async (wishes = {}) =>
      file("federated-token", await furnished.issuer.token({ subject: SUBJECT, ...wishes })),
    renewKey: (account) => renewKey(azure, account),
    location: (...parts) => start(parts, OBJECT_STORE),
    volumes: (...parts) => start([DISKS, ...parts], {}),
    asked: () => azure.log.entries().map(({ service, operation }) => `${service} ${operation}`),
    forget: () => azure.log.clear(),
    fetch: (url) => fetchPlainly(azure, url),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const OBJECT_STORE: Words = {
  storageAccount: ACCOUNT,
  subscriptionId: SUBSCRIPTION,
  resourceGroup: GROUP,
  bucket: BUCKET,
  prefix: "",
};
/** What a volume snapshot location's credentials file has to name. */
export const DISKS = {
  values: { AZURE_SUBSCRIPTION_ID: SUBSCRIPTION, AZURE_RESOURCE_GROUP: DISK_GROUP },
} satisfies Part;

async function furnish(azure: Simulator) {
  const { clock, containers, directory, inventory } = azure;
  directory.addTenant({ tenantId: TENANT, domains: ["contoso.onmicrosoft.com"] });
  directory.addTenant({ tenantId: OTHER_TENANT });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  const inGroup = (name: string) => ({ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name });
  for (const name of [GROUP, DISK_GROUP]) inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name });
  const account = inventory.addStorageAccount(inGroup(ACCOUNT));
  const disk = inventory.addDisk({ ...inGroup(DISK), resourceGroup: DISK_GROUP, sku: "StandardSSD_LRS" });
  await containers.create(ACCOUNT, BUCKET);
  const allow = (principalId: string): void => {
    for (const role of ["Storage Blob Data Contributor", "Storage Account Key Operator Service Role"])
      inventory.assignRole({ principalId, role, scope: account.id });
    inventory.assignRole({ principalId, role: "Disk Backup Reader", scope: disk.id });
  };
  const application = directory.addApplication({ tenantId: TENANT, displayName: "velero" });
  const issuer = await localIssuer({ issuer: "https://cluster.test/issuer", clock });
  directory.trustIssuer({ issuer: issuer.issuer, jwks: issuer.jwks });
  directory.addFederatedCredential(application, federation(issuer.issuer));
  const machine = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${DISK_GROUP}/providers/Microsoft.Compute/virtualMachines/node`;
  const systemAssigned = inventory.addSystemAssignedIdentity({ resourceId: machine, tenantId: TENANT });
  const { clientId } = inventory.addUserAssignedIdentity(inGroup("velero"));
  const userAssigned = inventory.find(TENANT, clientId);
  if (userAssigned === undefined) throw new Error("an identity that was added is not there");
  for (const { objectId } of [application, systemAssigned, userAssigned]) allow(objectId);
  const secret = directory.addSecret(application).value;
  return { application, secret, issuer, systemAssigned, userAssigned, accountId: account.id, allow };
}

function renewKey({ inventory }: Simulator, name: string): void {
  const accounts = Object.values(inventory.state.storageAccounts);
  const key = accounts.find((account) => account.name === name)?.keys[0];
  if (key === undefined) throw new Error(`there is no storage account "${name}"`);
  key.value = randomBytes(64).toString("base64");
}

export function federation(issuer: string): FederatedCredential {
  return { name: "velero", issuer, subject: SUBJECT, audiences: [EXCHANGE] };
}

interface Place {
  readonly host: PluginHost;
  readonly folder: string;
  readonly base: Words;
}

async function startLocation({ host, folder, base }: Place, parts: readonly Part[]): Promise<Location> {
  const credentialsFile = join(folder, "credentials");
  const rewrite = (values: Words): Promise<void> =>
    writeFile(credentialsFile, lines(values), { mode: 0o600 });
  await rewrite(merge(parts.map(({ values }) => values)));
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const env = { ...nothingInherited(), TMPDIR: temporary, ...merge(parts.map((part) => part.env)) };
  const another = (): Promise<HostedPlugin> =>
    host.startPlugin({ path: executableUnderTest(), env, dir: temporary });
  const plugin = await another();
  const config = { ...base, ...merge(parts.map((part) => part.config)), credentialsFile };
  const store = new HostObjectStore(plugin);
  return { plugin, store, config, credentialsFile, folder: temporary, rewrite, another };
}

function merge(parts: readonly (Words | undefined)[]): Words {
  return Object.assign({}, ...parts) as Words;
}

/** What this very machine is set up with must not decide anything. */
function nothingInherited(): Readonly<Record<string, null>> {
  const decisive = /^(AZURE_|IDENTITY_|MSI_|SSL_CERT_|NODE_EXTRA_CA)|^(HTTPS?|NO|ALL)_PROXY$/i;
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => decisive.test(name))
      .map((name) => [name, null]),
  );
}

/** As people write them: line ends of a certificate as `\n`, in double quotes. */
export function lines(values: Words): string {
  return Object.entries(values)
    .map(([name, value]) =>
      value.includes("\n") ? `${name}="${value.replaceAll("\n", "\\n")}"\n` : `${name}='${value}'\n`,
    )
    .join("");
}

async function fetchPlainly(
  { authority, endpoints }: Simulator,
  address: string,
): Promise<{ status: number; body: string }> {
  const url = new URL(address);
  const { port } = new URL(endpoints.blob);
  const named = /[a-z]$/.test(url.hostname) ? { servername: url.hostname } : {};
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: "127.0.0.1", port, ...named, ca: authority.certificate, agent: false },
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host },
    });
    sent.once("error", reject);
    sent.once("response", (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    });
    sent.end();
  });
}
