import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { steerableClock, type SimulatedClock } from "../../simulator/core/clock.ts";
import { faultQueue, type InspectableFaultQueue } from "../../simulator/core/fault-queue.ts";
import { Directory } from "../../simulator/entra/directory.ts";
import { localIssuer, type LocalIssuer } from "../../simulator/entra/local-issuer.ts";
import type { ApplicationRecord } from "../../simulator/entra/state.ts";
import { certificateAuthority, type CertificateAuthority } from "../../simulator/http/certificates.ts";
import { listen } from "../../simulator/http/listener.ts";
import { Inventory } from "../../simulator/resource-manager/inventory.ts";
import { startAzurite } from "../azurite.ts";
import { startSdk, type Sdk, type SdkClient } from "./client.ts";
import type { Cloud, SignIn } from "./order.ts";
import { CUSTOM, PUBLIC, servicesByHost, type CloudHosts } from "./services.ts";
import { startTunnel, type Tunnel } from "./tunnel.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
export const SUBSCRIPTION = "33333333-3333-4333-8333-333333333333";
export const GROUP = "backups";
export const GROUP_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`;
/** The storage account that is there from the start. */
export const ACCOUNT = "velerobackups";
export const ACCOUNT_ID = `${GROUP_ID}/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`;

/** An application that can sign in by a secret. */
export interface Application extends ApplicationRecord {
  readonly signIn: SignIn;
}

/** A simulated cloud, and Azure's SDKs on the way to it. */
export interface World extends AsyncDisposable {
  readonly hosts: CloudHosts;
  readonly clock: SimulatedClock;
  readonly faults: InspectableFaultQueue;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly issuer: LocalIssuer;
  readonly authority: CertificateAuthority;
  readonly tunnel: Tunnel;
  /** For files of this world; goes away with it. */
  readonly folder: string;
  /** For an order: undefined in the public cloud, which the SDKs know. */
  readonly cloud: Cloud | undefined;
  /** Started when it is asked for first. Its orders get the world's environment and cloud unless they bring others. */
  client(sdk: Sdk): Promise<SdkClient>;
  /** Registers an application with a secret, and assigns it roles: names, at scopes. */
  application(roles?: readonly (readonly [role: string, scope: string])[]): Application;
  /** The world's time in Unix seconds, so much later. */
  seconds(later?: number): number;
  /** Writes a file into the folder; resolves to its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
}

export interface WorldOptions {
  readonly hosts?: CloudHosts;
  /** With a blob service. */
  readonly blobs?: boolean;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const hosts = options.hosts ?? PUBLIC;
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-sdk-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const clock = steerableClock();
  const faults = faultQueue();
  const directory = new Directory();
  const inventory = new Inventory({ clock });
  furnish(directory, inventory);
  const authority = await certificateAuthority("simulated Azure");
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.certificate);
  const issuer = await localIssuer({ issuer: "https://cluster.test/issuer", clock });
  const azurite = options.blobs === true ? await startAzurite({ accounts: [ACCOUNT] }) : undefined;
  if (azurite !== undefined) stack.defer(() => azurite.stop());
  const handler = await servicesByHost({ hosts, clock, faults, directory, inventory, issuer, azurite });
  const names = [hosts.login, hosts.management, `*.${hosts.blobSuffix}`, "127.0.0.1"];
  const listener = await listen(handler, { tls: await authority.server(names) });
  stack.defer(() => listener.close());
  directory.trustIssuer({ issuer: issuer.issuer, address: listener.origin, ca: authority.certificate });
  const tunnel = stack.use(await startTunnel((host) => portOf(host, hosts, listener.port)));
  const environment = { SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca, HTTPS_PROXY: tunnel.url };
  const clients = new Map<Sdk, Promise<SdkClient>>();
  stack.defer(async () => {
    for (const client of clients.values()) await (await client)[Symbol.asyncDispose]();
  });
  const cloud = hosts === CUSTOM ? customCloud(hosts) : undefined;
  const all = stack.move();
  return {
    ...{ hosts, clock, faults, directory, inventory, issuer, authority, tunnel, folder, cloud },
    client: (sdk) => {
      const client = clients.get(sdk) ?? startSdk(sdk, { environment, cloud });
      clients.set(sdk, client);
      return client;
    },
    application: (roles = []) => register(directory, inventory, roles),
    seconds: (later = 0) => Math.floor(clock.now() / 1000) + later,
    file: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content, { mode: 0o600 });
      return path;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Two tenants, and in the first one's subscription a storage account. */
function furnish(directory: Directory, inventory: Inventory): void {
  directory.addTenant({ tenantId: TENANT, domains: ["contoso.onmicrosoft.com"] });
  directory.addTenant({ tenantId: OTHER_TENANT });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: GROUP });
  inventory.addStorageAccount({ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: ACCOUNT });
}

function register(
  directory: Directory,
  inventory: Inventory,
  roles: readonly (readonly [role: string, scope: string])[],
): Application {
  const application = directory.addApplication({ tenantId: TENANT });
  const { tenantId, clientId, objectId } = application;
  const { value } = directory.addSecret(application);
  for (const [role, scope] of roles) inventory.assignRole({ principalId: objectId, role, scope });
  return { ...application, signIn: { method: "client-secret", tenantId, clientId, clientSecret: value } };
}

function customCloud(hosts: CloudHosts): Cloud {
  return {
    authority: `https://${hosts.login}/`,
    resourceManager: `https://${hosts.management}`,
    resourceManagerAudience: `https://${hosts.management}`,
  };
}

function portOf(host: string, hosts: CloudHosts, port: number): number | undefined {
  const known = host === hosts.login || host === hosts.management || host.endsWith(`.${hosts.blobSuffix}`);
  return known ? port : undefined;
}
