import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApplicationRecord } from "../../simulator/entra/state.ts";
import { localIssuer, type LocalIssuer } from "../../simulator/entra/local-issuer.ts";
import { listen } from "../../simulator/http/listener.ts";
import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { startSdk, type Sdk, type SdkClient } from "./client.ts";
import type { Cloud, SignIn } from "./order.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
export const SUBSCRIPTION = "33333333-3333-4333-8333-333333333333";
export const GROUP = "backups";
export const GROUP_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`;
/** The storage account that is there from the start. */
export const ACCOUNT = "velerobackups";
export const ACCOUNT_ID = `${GROUP_ID}/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`;
/** Where public Azure has it. */
export const ENDPOINT = `https://${ACCOUNT}.blob.core.windows.net`;

/** Roles by their names, each at a scope. */
export type Roles = readonly (readonly [role: string, scope: string])[];

/** An application that can sign in by a secret. */
export interface Application extends ApplicationRecord {
  readonly signIn: SignIn;
}

/** The simulator, furnished, and Azure's SDKs on the way to it. */
export interface World extends Simulator, AsyncDisposable {
  /** Of a cluster, trusted by nobody yet. */
  readonly issuer: LocalIssuer;
  /** The cloud under the simulator's own addresses; orders without it go to public Azure's names, through its proxy. */
  readonly cloud: Cloud;
  /** Started when it is asked for first. Its orders get the world's environment. */
  client(sdk: Sdk): Promise<SdkClient>;
  /** Registers an application with a secret, and assigns it roles. */
  application(roles?: Roles): Application;
  /** The world's time in Unix seconds, so much later. */
  seconds(later?: number): number;
  /** Writes a file that goes away with the world; resolves to its path. */
  file(name: string, content: string): Promise<string>;
}

/** Two tenants; in the first one's subscription a resource group with a storage account. */
export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-sdk-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const simulator = await startSimulator();
  stack.defer(() => simulator.stop());
  furnish(simulator);
  const { clock, directory, authority, endpoints } = simulator;
  const issuer = await localIssuer({ issuer: "https://cluster.test/issuer", clock });
  const tls = await authority.server(["127.0.0.1"]);
  const published = await listen(issuer.handler, { tls });
  stack.defer(() => published.close());
  directory.trustIssuer({
    issuer: issuer.issuer,
    address: published.origin,
    ca: authority.certificate,
  });
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const environment = environmentOf(simulator, await file("ca.pem", authority.certificate));
  const clients = new Map<Sdk, Promise<SdkClient>>();
  stack.defer(async () => {
    for (const client of clients.values()) await (await client)[Symbol.asyncDispose]();
  });
  const all = stack.move();
  return {
    ...simulator,
    ...{ issuer, file },
    cloud: {
      authority: `${endpoints.entra}/`,
      resourceManager: endpoints.resourceManager,
      resourceManagerAudience: endpoints.resourceManager,
    },
    client: (sdk) => {
      const client = clients.get(sdk) ?? startSdk(sdk, environment);
      clients.set(sdk, client);
      return client;
    },
    application: (roles = []) => register(simulator, roles),
    seconds: (later = 0) => Math.floor(clock.now() / 1000) + later,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Nothing that an SDK asks for leaves this machine: the proxy knows the simulator alone. */
function environmentOf({ endpoints }: Simulator, ca: string): Readonly<Record<string, string>> {
  return {
    ...{ SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca },
    ...{ HTTPS_PROXY: endpoints.proxy, HTTP_PROXY: endpoints.proxy, NO_PROXY: "127.0.0.1" },
  };
}

function furnish({ directory, inventory }: Simulator): void {
  directory.addTenant({ tenantId: TENANT, domains: ["contoso.onmicrosoft.com"] });
  directory.addTenant({ tenantId: OTHER_TENANT });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: GROUP });
  inventory.addStorageAccount({ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: ACCOUNT });
}

function register({ directory, inventory }: Simulator, roles: Roles): Application {
  const application = directory.addApplication({ tenantId: TENANT });
  const { tenantId, clientId, objectId } = application;
  const { value } = directory.addSecret(application);
  for (const [role, scope] of roles) inventory.assignRole({ principalId: objectId, role, scope });
  return { ...application, signIn: { method: "client-secret", tenantId, clientId, clientSecret: value } };
}
