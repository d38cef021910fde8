import { createPrivateKey } from "node:crypto";
import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { certificateFile } from "../sdk/certificate-files.ts";
import { ACCOUNT, BUCKET, TENANT, type AzureWorld, type Part } from "./azure-world.ts";

/** A way to sign in, ready for a location in the world. */
export interface MethodCase {
  readonly name: string;
  readonly part: (world: AzureWorld) => Part | Promise<Part>;
  /** What brings a token; none for what belongs to the account itself. */
  readonly asks: readonly string[];
}

const PASSWORD = "pass word 1$#";

/** The application's tenant and client, as credentials file and environment name them alike. */
export function application({ application: { clientId } }: AzureWorld): Readonly<Record<string, string>> {
  return { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: clientId };
}

/** The first of the account's keys. */
export function accountKey({ azure }: AzureWorld, account = ACCOUNT): string {
  return azure.inventory.storageAccount(account)?.keys[0] ?? "";
}

export interface SasWishes {
  readonly account?: string;
  readonly container?: string;
  /** Of one blob instead of the container. */
  readonly blob?: string;
  readonly permissions?: string;
  readonly startsOn?: Date;
  readonly expiresOn?: Date;
}

/** A container's SAS as Azure's own SDK makes it, without a question mark. */
export function containerSas(world: AzureWorld, wishes: SasWishes = {}): string {
  const { account = ACCOUNT, container = BUCKET, blob, permissions = "racwdl" } = wishes;
  const day = 24 * 3600_000;
  const { startsOn = new Date(Date.now() - day), expiresOn = new Date(Date.now() + 30 * day) } = wishes;
  const fields = {
    ...{ containerName: container, startsOn, expiresOn, protocol: SASProtocol.Https },
    ...(blob === undefined
      ? { permissions: ContainerSASPermissions.parse(permissions) }
      : { blobName: blob, permissions: BlobSASPermissions.parse(permissions) }),
  };
  const credential = new StorageSharedKeyCredential(account, accountKey(world, account));
  return generateBlobSASQueryParameters(fields, credential).toString();
}

function sas(sign: "" | "?"): MethodCase["part"] {
  return (world) => ({
    values: { LOCATION_SAS: `${sign}${containerSas(world)}` },
    config: { storageAccountSASTokenEnvVar: "LOCATION_SAS" },
  });
}

/** What signs in by something of the storage account itself: for object stores alone. */
export const accountMethods: readonly MethodCase[] = [
  {
    name: "account key, named by the config",
    part: (world) => ({
      values: { LOCATION_KEY: accountKey(world) },
      config: { storageAccountKeyEnvVar: "LOCATION_KEY" },
    }),
    asks: [],
  },
  {
    name: "AZURE_STORAGE_KEY",
    part: (world) => ({ values: { AZURE_STORAGE_KEY: accountKey(world) } }),
    asks: [],
  },
  { name: "SAS token", part: sas(""), asks: [] },
  { name: "SAS token with a question mark, for an endpoint of its own", part: endpointOfSas, asks: [] },
];

/** The second of the two keys that only SAS has. */
async function endpointOfSas(world: AzureWorld): Promise<Part> {
  const { values = {}, config = {} } = await sas("?")(world);
  const { endpoints, authority } = world.azure;
  return {
    values,
    config: {
      ...config,
      storageAccountBlobEndpoint: `${endpoints.blob}/${ACCOUNT}`,
      caCert: authority.certificate,
    },
  };
}

const ENTRA = ["entra token"];

export const clientSecret: MethodCase = {
  name: "client secret",
  part: (world) => ({ values: { ...application(world), AZURE_CLIENT_SECRET: world.secret } }),
  asks: ENTRA,
};

/** A certificate in a form; the application knows it. */
function certificate(form: Parameters<typeof certificateFile>[1]): MethodCase["part"] {
  return async (world) => {
    const { authority } = world.azure;
    const files = { authority, file: world.file };
    const { path, password, certificate: known } = await certificateFile(files, form);
    world.azure.directory.addCertificate(world.application, known);
    return {
      values: {
        ...application(world),
        AZURE_CLIENT_CERTIFICATE_PATH: path,
        ...(password === undefined ? {} : { AZURE_CLIENT_CERTIFICATE_PASSWORD: password }),
      },
    };
  };
}

async function pemContent(world: AzureWorld): Promise<Part> {
  const made = await world.azure.authority.client("velero");
  world.azure.directory.addCertificate(world.application, made.certificate);
  const values = { ...application(world), AZURE_CLIENT_CERTIFICATE: made.certificate + made.key };
  return { values };
}

async function encryptedPem(world: AzureWorld): Promise<Part> {
  const made = await world.azure.authority.client("velero");
  world.azure.directory.addCertificate(world.application, made.certificate);
  const key = encrypted(made.key, PASSWORD);
  const values = {
    ...application(world),
    AZURE_CLIENT_CERTIFICATE_PATH: await world.file("encrypted.pem", made.certificate + key),
    AZURE_CLIENT_CERTIFICATE_PASSWORD: PASSWORD,
  };
  return { values };
}

export function encrypted(key: string, passphrase: string): string {
  const form = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
  return createPrivateKey(key).export(form).toString();
}

/** The application trusts a name and who vouches for it, and knows no certificate. */
async function chainedCertificate(world: AzureWorld): Promise<Part> {
  const { authority, directory } = world.azure;
  const made = await authority.client("velero.chained");
  directory.trustSubject(world.application, {
    subject: "velero.chained",
    authority: authority.certificate,
  });
  const content = made.certificate + authority.certificate + made.key;
  return {
    values: {
      ...application(world),
      AZURE_CLIENT_CERTIFICATE_PATH: await world.file("chain.pem", content),
      AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "true",
    },
  };
}

const UNKNOWN = "99999999-9999-4999-8999-999999999999";

export const workloadIdentity: MethodCase = {
  name: "workload identity of the credentials file, whatever the pod's is",
  part: async (world) => ({
    values: { ...application(world), AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile() },
    env: {
      AZURE_TENANT_ID: UNKNOWN,
      AZURE_CLIENT_ID: UNKNOWN,
      AZURE_FEDERATED_TOKEN_FILE: "/nowhere/token",
    },
  }),
  asks: ENTRA,
};

const IMDS = ["imds token"];
const APP_SERVICE = ["imds app-service-token"];

function atImds({ azure }: AzureWorld): NonNullable<Part["env"]> {
  return { AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.endpoints.imds };
}

function inAppService({ azure }: AzureWorld): NonNullable<Part["env"]> {
  return { IDENTITY_ENDPOINT: azure.endpoints.appService, IDENTITY_HEADER: azure.identityHeader };
}

export const systemIdentity: MethodCase = {
  name: "the machine's own managed identity",
  part: (world) => ({ env: atImds(world) }),
  asks: IMDS,
};

/** Every identity's method, in every form. */
export const identityMethods: readonly MethodCase[] = [
  clientSecret,
  { name: "certificate in the credentials file (PEM)", part: pemContent, asks: ENTRA },
  { name: "certificate in a file (PEM)", part: certificate("PEM"), asks: ENTRA },
  { name: "certificate with an encrypted key (PEM)", part: encryptedPem, asks: ENTRA },
  {
    name: "certificate in a PKCS#12 file with a password",
    part: certificate("PKCS#12 with a password"),
    asks: ENTRA,
  },
  {
    name: "certificate in a PKCS#12 file without a password",
    part: certificate("PKCS#12 without a password"),
    asks: ENTRA,
  },
  {
    name: "certificate that is known by its name alone, its chain sent",
    part: chainedCertificate,
    asks: ENTRA,
  },
  workloadIdentity,
  {
    name: "workload identity of the pod",
    part: async (world) => ({
      env: { ...application(world), AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile() },
    }),
    asks: ENTRA,
  },
  {
    name: "workload identity, the pod's token for the client of the credentials file",
    part: async (world) => ({
      values: { AZURE_CLIENT_ID: world.application.clientId },
      env: {
        AZURE_TENANT_ID: TENANT,
        AZURE_CLIENT_ID: UNKNOWN,
        AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile(),
      },
    }),
    asks: ENTRA,
  },
  systemIdentity,
  {
    name: "a managed identity by its client ID",
    part: (world) => ({ values: { AZURE_CLIENT_ID: world.userAssigned.clientId }, env: atImds(world) }),
    asks: IMDS,
  },
  {
    name: "App Service's own managed identity",
    part: (world) => ({ env: inAppService(world) }),
    asks: APP_SERVICE,
  },
  {
    name: "App Service's managed identity by its client ID",
    part: (world) => ({ values: { AZURE_CLIENT_ID: world.userAssigned.clientId }, env: inAppService(world) }),
    asks: APP_SERVICE,
  },
];

/** What an identity may do of the two: use blobs itself, or fetch the account's key. */
export const USE_AAD: Part = { config: { useAAD: "true" } };
export const LIST_KEYS: Part = { config: { useAAD: "false" } };
