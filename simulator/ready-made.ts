import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localIssuer } from "./entra/local-issuer.ts";
import type { ApplicationRecord } from "./entra/state.ts";
import { type ReadyMadeDisks, readyMadeDisks } from "./ready-made-disks.ts";
import type { Simulator } from "./simulator.ts";

const TENANT = "aaaaaaaa-0000-4000-8000-000000000001";
const CLIENT = "cccccccc-0000-4000-8000-000000000001";
const SUBSCRIPTION = "5ab5c412-0000-4000-8000-000000000001";
const GROUP = { subscriptionId: SUBSCRIPTION, resourceGroup: "velero-backups" };
const ACCOUNT = "velerosimulated";
const CONTAINER = "velero";
const SUBJECT = "system:serviceaccount:velero:velero";
const ISSUER = "https://issuer.simulator.invalid/";

export interface ReadyMadeLocation {
  /** How it signs in. */
  readonly method: string;
  readonly credentialsFile: string;
  /** `spec.config` of a location; its container is `bucket`. */
  readonly config: Readonly<Record<string, string>>;
  /** What the process needs besides, in a file of lines `NAME=VALUE`. */
  readonly environmentFile?: string;
}

/** A VolumeSnapshotLocation, signed in with a client secret, and a cluster's disks. */
export interface ReadyMadeSnapshotLocation extends Omit<ReadyMadeLocation, "method" | "environmentFile"> {
  readonly disks: ReadyMadeDisks["disks"];
  readonly copies: ReadyMadeDisks["copies"];
  /** It and a BackupStorageLocation as Kubernetes objects, as `velero-azure snapshots` takes them; the credentials file serves both. */
  readonly locationsFile: string;
}

/** What someone needs to work against the simulator; secrets lie in files that only their owner reads. */
export interface ReadyMade {
  readonly tenantId: string;
  readonly clientId: string;
  readonly bucket: string;
  readonly caFile: string;
  /** For AZURE_ENVIRONMENT_FILEPATH. */
  readonly cloudFile: string;
  readonly controlTokenFile: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly locations: readonly ReadyMadeLocation[];
  readonly snapshotLocation: ReadyMadeSnapshotLocation;
}

/** Fills a world with one of everything, unless that is there already, and writes the files that its clients need. */
export async function readyMade(world: Simulator, folder: string): Promise<ReadyMade> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const application = await seed(world);
  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode });
    // A file of a former start keeps the mode that it had.
    await chmod(path, mode);
    return path;
  };
  const { endpoints, authority } = world;
  const disks = readyMadeDisks(world, application, GROUP);
  const caFile = await file("ca.pem", authority.certificate, 0o644);
  const cloudFile = await file("cloud.json", `${JSON.stringify(cloud(world), null, 2)}\n`, 0o644);
  return {
    tenantId: TENANT,
    clientId: CLIENT,
    bucket: CONTAINER,
    caFile,
    cloudFile,
    controlTokenFile: await file("control-token", world.controlToken),
    environment: {
      AZURE_AUTHORITY_HOST: endpoints.entra,
      AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
      AZURE_ENVIRONMENT_FILEPATH: cloudFile,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoints.imds,
      SSL_CERT_FILE: caFile,
    },
    locations: await locations(world, application, cloudFile, file),
    snapshotLocation: await snapshotLocation(world, application, cloudFile, disks, file),
  };
}

type WriteFile = (name: string, content: string, mode?: number) => Promise<string>;

async function seed({ directory, inventory, containers }: Simulator): Promise<ApplicationRecord> {
  const known = directory.application(TENANT, CLIENT);
  if (known !== undefined) return known;
  directory.addTenant({ tenantId: TENANT, domains: ["simulated.onmicrosoft.com"] });
  const application = directory.addApplication({ tenantId: TENANT, clientId: CLIENT, displayName: "velero" });
  directory.addSecret(application);
  directory.addFederatedCredential(application, {
    name: "velero",
    issuer: ISSUER,
    subject: SUBJECT,
    audiences: ["api://AzureADTokenExchange"],
  });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: GROUP.resourceGroup });
  const account = inventory.addStorageAccount({ ...GROUP, name: ACCOUNT });
  const identity = inventory.addUserAssignedIdentity({ ...GROUP, name: "velero" });
  await containers.create(ACCOUNT, CONTAINER);
  for (const principalId of [application.objectId, identity.principalId]) {
    for (const role of ["Storage Blob Data Contributor", "Storage Account Contributor"])
      inventory.assignRole({ principalId, role, scope: account.id });
  }
  return application;
}

async function locations(
  world: Simulator,
  application: ApplicationRecord,
  cloudFile: string,
  file: WriteFile,
): Promise<ReadyMadeLocation[]> {
  const { clock, directory, endpoints } = world;
  const issuer = await localIssuer({ issuer: ISSUER, clock });
  directory.trustIssuer({ issuer: ISSUER, jwks: issuer.jwks });
  const day = 24 * 60 * 60;
  const token = await file("federated-token", await issuer.token({ subject: SUBJECT, lifetimeSeconds: day }));
  const client = await world.authority.client("velero.simulated");
  directory.addCertificate(application, client.certificate);
  const certificate = await file("client.pem", `${client.certificate}${client.key}`);
  const identity = world.inventory.principals().find(({ kind }) => kind === "user-assigned identity");
  const signedIn = signedInLines(cloudFile);
  const secret = secretLines(application, cloudFile);
  const key = world.inventory.storageAccount(ACCOUNT)?.keys[0] ?? "";
  const base = storedIn(world);
  const named = { ...base, ...GROUP };
  const useAAD = { ...named, useAAD: "true" };

  const make = async (
    method: string,
    values: Readonly<Record<string, string>>,
    config: Readonly<Record<string, string>>,
    environment?: Readonly<Record<string, string>>,
  ): Promise<ReadyMadeLocation> => ({
    method,
    config,
    credentialsFile: await file(`credentials-${method}`, lines(values)),
    ...(environment === undefined
      ? {}
      : { environmentFile: await file(`environment-${method}`, lines(environment)) }),
  });
  return [
    await make(
      "account-key",
      { AZURE_STORAGE_KEY: key },
      { ...base, storageAccountKeyEnvVar: "AZURE_STORAGE_KEY" },
    ),
    await make("list-keys", secret, named),
    await make("client-secret", secret, useAAD),
    await make("client-certificate", { ...signedIn, AZURE_CLIENT_CERTIFICATE_PATH: certificate }, useAAD),
    await make("workload-identity", { ...signedIn, AZURE_FEDERATED_TOKEN_FILE: token }, useAAD),
    await make(
      "managed-identity",
      { ...cloudLines(cloudFile), AZURE_CLIENT_ID: identity?.clientId ?? "" },
      useAAD,
      {
        IDENTITY_ENDPOINT: endpoints.appService,
        IDENTITY_HEADER: world.identityHeader,
      },
    ),
  ];
}

async function snapshotLocation(
  world: Simulator,
  application: ApplicationRecord,
  cloudFile: string,
  { config, copies, credentials, disks }: ReadyMadeDisks,
  file: WriteFile,
): Promise<ReadyMadeSnapshotLocation> {
  const signIn = secretLines(application, cloudFile);
  const backups = { ...storedIn(world), ...GROUP, useAAD: "true" };
  const objects = locationObjects(config, backups, world.authority.certificate);
  return {
    config,
    copies,
    disks,
    credentialsFile: await file("credentials-disks", lines({ ...signIn, ...credentials })),
    locationsFile: await file("locations.json", `${JSON.stringify(objects, null, 2)}\n`, 0o644),
  };
}

/** What `kubectl get -o json` prints of both, less what Kubernetes adds. */
function locationObjects(
  snapshots: Readonly<Record<string, string>>,
  backups: Readonly<Record<string, string>>,
  authority: string,
): unknown {
  const object = (kind: string, spec: Readonly<Record<string, unknown>>): unknown => ({
    apiVersion: "velero.io/v1",
    kind,
    metadata: { name: "simulated", namespace: "velero" },
    spec: { provider: "velero.io/azure", ...spec },
  });
  const objectStorage = { bucket: CONTAINER, caCert: Buffer.from(authority).toString("base64") };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      object("VolumeSnapshotLocation", { config: { ...snapshots, caCert: authority } }),
      object("BackupStorageLocation", { objectStorage, config: backups }),
    ],
  };
}

/** Lines of a credentials file. */
function secretLines({ secrets }: ApplicationRecord, cloudFile: string): Readonly<Record<string, string>> {
  return { ...signedInLines(cloudFile), AZURE_CLIENT_SECRET: secrets[0]?.value ?? "" };
}

function signedInLines(cloudFile: string): Readonly<Record<string, string>> {
  return { ...cloudLines(cloudFile), AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT };
}

function cloudLines(cloudFile: string): Readonly<Record<string, string>> {
  return { AZURE_CLOUD_NAME: "AZURESTACKCLOUD", AZURE_ENVIRONMENT_FILEPATH: cloudFile };
}

function storedIn({ endpoints }: Simulator): Readonly<Record<string, string>> {
  return { storageAccount: ACCOUNT, storageAccountURI: `${endpoints.blob}/${ACCOUNT}` };
}

/** As the Kubernetes Azure cloud provider reads it: the JSON form of go-autorest's `azure.Environment`. */
function cloud({ endpoints }: Simulator): Record<string, unknown> {
  return {
    name: "AzureStackCloud",
    managementPortalURL: "https://portal.simulator.invalid/",
    serviceManagementEndpoint: `${endpoints.resourceManager}/`,
    resourceManagerEndpoint: `${endpoints.resourceManager}/`,
    activeDirectoryEndpoint: `${endpoints.entra}/`,
    galleryEndpoint: "https://gallery.simulator.invalid/",
    graphEndpoint: "https://graph.simulator.invalid/",
    storageEndpointSuffix: new URL(endpoints.blob).host.replace("127.0.0.1", "localhost"),
    tokenAudience: endpoints.resourceManager,
    resourceIdentifiers: { storage: "https://storage.azure.com/" },
  };
}

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
