import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type RunningAzurite, startAzurite } from "./azurite.ts";
import { blobGate } from "./blob-gate/gate.ts";
import { blobContainers } from "./containers.ts";
import { control } from "./control.ts";
import { type SimulatedClock, steerableClock } from "./core/clock.ts";
import { faultQueue, type InspectableFaultQueue } from "./core/fault-queue.ts";
import { type RequestLog, requestLog } from "./core/request-log.ts";
import { type SignedAccessTokens, signedAccessTokens } from "./core/signed-access-tokens.ts";
import { Directory, principalsOf } from "./entra/directory.ts";
import { entra } from "./entra/entra.ts";
import type { FetchJson } from "./entra/issuer-keys.ts";
import { KNOWN_RESOURCES } from "./entra/resources.ts";
import { type CertificateAuthority, certificateAuthority } from "./http/certificates.ts";
import { listen, type Listener } from "./http/listener.ts";
import type { Handler } from "./http/message.ts";
import { appService } from "./imds/app-service.ts";
import type { ManagedIdentityOptions } from "./imds/grant.ts";
import { imds } from "./imds/imds.ts";
import type { Machine } from "./imds/machine.ts";
import type { ComputePace } from "./resource-manager/compute/records.ts";
import { Inventory } from "./resource-manager/inventory.ts";
import type { RateLimits } from "./resource-manager/rate-limits.ts";
import { resourceManager } from "./resource-manager/resource-manager.ts";
import type { BlobContainers } from "./resource-manager/routes.ts";
import { azureNames, simulatorProxy } from "./proxy.ts";
import {
  type MachineAssignment,
  newWorldState,
  readWorld,
  type WorldState,
  writeWorld,
} from "./world-state.ts";

export interface SimulatorOptions {
  /** A folder in which the world is kept, blobs included. Default: in memory, and gone when it stops. */
  readonly state?: string | undefined;
  /** Audiences of Resource Manager besides those of the public clouds, for a cloud of one's own. */
  readonly audiences?: readonly string[] | undefined;
  /** How the keys of other issuers are fetched. Default: over the network. */
  readonly fetchJson?: FetchJson | undefined;
  /** The command that starts Azurite's blob service; see `AzuriteOptions`. */
  readonly azurite?: string | undefined;
  /** Resource Manager names accounts' endpoints as public Azure does, for clients that come through the proxy. */
  readonly publicNames?: boolean | undefined;
  /** How long disks and snapshots take. Default: no time; `inventory.setComputePace` changes it later. */
  readonly computePace?: Partial<ComputePace> | undefined;
  /** Of Resource Manager's buckets; default: Azure's. */
  readonly limits?: Partial<RateLimits> | undefined;
}

/** Where the world is reached; without a slash at the end. */
export interface SimulatorEndpoints {
  readonly entra: string;
  readonly resourceManager: string;
  /** Plain http, as on the link-local address. */
  readonly imds: string;
  /** What `IDENTITY_ENDPOINT` takes. */
  readonly appService: string;
  /** Accounts follow as the first part of the path. */
  readonly blob: string;
  /** For `HTTPS_PROXY` and `HTTP_PROXY`: reaches all of it under the names of the real clouds. */
  readonly proxy: string;
  readonly control: string;
}

export interface Simulator {
  readonly endpoints: SimulatorEndpoints;
  readonly clock: SimulatedClock;
  readonly faults: InspectableFaultQueue;
  readonly log: RequestLog;
  readonly tokens: SignedAccessTokens;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly containers: BlobContainers;
  /** Who vouches for all certificates. Its key is a secret. */
  readonly authority: CertificateAuthority;
  /** Secrets: what the App Service endpoint and the control port ask for. */
  readonly identityHeader: string;
  readonly controlToken: string;
  /** Which identities IMDS has; all that there are until it is told. */
  assign(machine: MachineAssignment): void;
  /** Saves the world, when it is kept, and ends everything. */
  stop(): Promise<void>;
}

/**
 * Starts a local Azure on free loopback ports: Entra, Resource Manager, the metadata service, and a blob service with
 * Azurite behind it. Two of them know nothing of each other.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const state = options.state === undefined ? newWorldState() : await readWorld(options.state);
  await using started = new AsyncDisposableStack();
  const folder = options.state === undefined ? undefined : join(options.state, "azurite");
  const [azurite, authority, tokens] = await Promise.all([
    startAzurite({ slots: state.slots, folder, command: options.azurite }).then((running) => {
      started.defer(() => running.stop());
      return running;
    }),
    certificateAuthority("velero-azure simulator"),
    tokensOf(state),
  ]);
  const world = worldOf(state, azurite, tokens, authority);
  if (options.computePace !== undefined) world.inventory.setComputePace(options.computePace);
  const save = async (): Promise<void> => {
    if (options.state === undefined) return;
    state.clockAheadMilliseconds = world.clock.now() - Date.now();
    await writeWorld(options.state, state);
  };
  const endpoints = await listenTo(world, options, save, started);
  await save();
  const running = started.move();
  return {
    ...world,
    endpoints,
    tokens: tokens.tokens,
    authority,
    stop: async () => {
      await save();
      await running.disposeAsync();
    },
  };
}

async function tokensOf(state: WorldState) {
  const clock = steerableClock();
  clock.advance(state.clockAheadMilliseconds);
  const tokens = await signedAccessTokens({ clock, signingKey: state.signingKey });
  state.signingKey = tokens.signingKey;
  return { clock, tokens };
}

function worldOf(
  state: WorldState,
  azurite: RunningAzurite,
  { clock, tokens }: Awaited<ReturnType<typeof tokensOf>>,
  authority: CertificateAuthority,
) {
  const faults = faultQueue();
  const inventory = new Inventory({ clock, state: state.resourceManager });
  return {
    state,
    clock,
    tokens,
    faults,
    inventory,
    authority,
    log: requestLog(clock, faults),
    directory: new Directory(state.entra),
    containers: blobContainers(azurite.upstream),
    upstream: azurite.upstream,
    identityHeader: randomBytes(16).toString("hex"),
    controlToken: randomBytes(32).toString("hex"),
    assign: (machine: MachineAssignment) => {
      state.machine = machine;
    },
  };
}

type World = ReturnType<typeof worldOf>;

async function listenTo(
  world: World,
  options: SimulatorOptions,
  save: () => Promise<void>,
  started: AsyncDisposableStack,
): Promise<SimulatorEndpoints> {
  const server = await world.authority.server([
    ...["127.0.0.1", "localhost", "*.blob.localhost"],
    ...azureNames(),
  ]);
  const open = async (handler: Handler, tls: typeof server | undefined): Promise<Listener> => {
    const listener = await listen(handler, { tls });
    started.defer(() => listener.close());
    return listener;
  };
  // Ports are known after listening only, and the services tell each other's.
  const known: { endpoints?: SimulatorEndpoints } = {};
  const endpoints = (): SimulatorEndpoints => {
    if (known.endpoints === undefined) throw new Error("asked before all services listened");
    return known.endpoints;
  };
  const services = servicesOf(world, options, endpoints);
  const [entraAt, managementAt, imdsAt, blobAt, controlAt] = await Promise.all([
    open(services.entra, server),
    open(savedAfter(services.resourceManager, save), server),
    open(services.metadata, undefined),
    open(services.blob, server),
    open(savedAfter(controlOf(world, endpoints), save), undefined),
  ]);
  const proxy = await simulatorProxy({
    entra: entraAt.port,
    resourceManager: managementAt.port,
    imds: imdsAt.port,
    blob: blobAt.port,
  });
  started.defer(() => proxy.close());
  known.endpoints = {
    entra: entraAt.origin,
    resourceManager: managementAt.origin,
    imds: imdsAt.origin,
    appService: `${imdsAt.origin}/msi/token`,
    blob: blobAt.origin,
    proxy: proxy.origin,
    control: controlAt.origin,
  };
  return known.endpoints;
}

function servicesOf(world: World, options: SimulatorOptions, endpoints: () => SimulatorEndpoints) {
  const { clock, tokens, directory, inventory, log } = world;
  const { faults } = log;
  const ownAudiences = (): readonly string[] => [endpoints().resourceManager, ...(options.audiences ?? [])];
  // What needs to know the ports is made by the first request.
  const metadata = onceMade(() => imds(identitiesIn(world, ownAudiences())));
  const app = onceMade(() =>
    appService({ ...identitiesIn(world, ownAudiences()), identityHeader: world.identityHeader }),
  );
  const gate = onceMade(() =>
    blobGate({
      ...{ clock, faults, accessTokens: tokens, accessControl: inventory, upstream: world.upstream },
      accounts: { find: (name) => inventory.storageAccount(name) },
      loginEndpoint: endpoints().entra,
      secret: Buffer.from(world.state.delegationSecret, "base64"),
    }),
  );
  const signInService = onceMade(() =>
    entra({
      ...{ clock, faults, tokens, directory, fetchJson: options.fetchJson },
      principals: principalsOf(directory, inventory),
      resources: ownAudiences(),
    }),
  );
  return {
    entra: log.of("entra", signInService),
    resourceManager: log.of(
      "resource-manager",
      resourceManager({
        ...{ inventory, tokens, faults, clock, containers: world.containers },
        ...(options.limits === undefined ? {} : { limits: options.limits }),
        endpoints: () => ({
          name: "AzureStackCloud",
          login: endpoints().entra,
          audiences: [...ownAudiences(), ...KNOWN_RESOURCES.filter((name) => name.includes("management"))],
          storageSuffix: new URL(endpoints().blob).host.replace("127.0.0.1", "localhost"),
          blob: (account) =>
            options.publicNames === true
              ? `https://${account}.blob.core.windows.net/`
              : `${endpoints().blob}/${account}/`,
        }),
        directoryHas: (tenantId, objectId) =>
          directory.state.applications.some(
            (application) => application.tenantId === tenantId && application.objectId === objectId,
          ),
      }),
    ),
    blob: log.of("blob", gate),
    metadata: log.of("imds", (request) =>
      request.path.startsWith("/msi/token") ? app(request) : metadata(request),
    ),
  };
}

/** A cloud of one's own has Resource Manager's tokens by its own audience, for machines as for applications. */
function identitiesIn(world: World, resources: readonly string[]): ManagedIdentityOptions {
  const { clock, log, tokens } = world;
  return { clock, faults: log.faults, tokens, machine: () => machineOf(world), resources };
}

function onceMade(make: () => Handler): Handler {
  let made: Handler | undefined;
  return (request) => (made ??= make())(request);
}

function controlOf(world: World, endpoints: () => SimulatorEndpoints): Handler {
  const { controlToken: token, clock, faults, log, directory, inventory, containers, assign } = world;
  return control({
    ...{ token, clock, faults, log, directory, inventory, containers, assign },
    describe: endpoints,
  });
}

function machineOf({ state, inventory }: World): Machine {
  const all = inventory.principals();
  const { machine } = state;
  const isOf = (ids: readonly string[], id: string): boolean =>
    ids.some((other) => other.toLowerCase() === id.toLowerCase());
  const assigned = all.filter(({ kind, resourceId = "" }) => {
    if (machine === undefined) return true;
    const ids = kind === "user-assigned identity" ? machine.userAssigned : [machine.systemAssigned ?? ""];
    return isOf(ids, resourceId);
  });
  return {
    systemAssigned: assigned.find(({ kind }) => kind === "system-assigned identity"),
    userAssigned: assigned.filter(({ kind }) => kind === "user-assigned identity"),
  };
}

/** Reading changes nothing that would have to be saved. */
function savedAfter(handler: Handler, save: () => Promise<void>): Handler {
  return async (request) => {
    const response = await handler(request);
    if (request.method !== "GET" && request.method !== "HEAD") await save();
    return response;
  };
}
