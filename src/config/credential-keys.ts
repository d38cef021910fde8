/** One row of the table of keys that a credentials file may hold; other keys are allowed, and secret. */
export interface CredentialKey {
  /** Whether its value must never be seen. */
  readonly secret: boolean;
  /** In Markdown. */
  readonly help: string;
}

export const credentialKeys = {
  AZURE_STORAGE_KEY: {
    secret: true,
    help: "The storage account's access key, unless `storageAccountKeyEnvVar` names another key. It signs in whatever `useAAD` says.",
  },
  AZURE_CLOUD_NAME: {
    secret: false,
    help: "The cloud, in any case: `AzurePublicCloud` (or `AzureCloud`, or nothing), `AzureChinaCloud`, `AzureUSGovernment` (or `AzureUSGovernmentCloud`), or `AzureStackCloud` for one of your own. Where the file has none, the environment's.",
  },
  AZURE_ENVIRONMENT_FILEPATH: {
    secret: false,
    help: "With `AzureStackCloud`: path of the JSON file that describes the cloud, as the Kubernetes Azure cloud provider reads it. Where the file has none, the environment's.",
  },
  AZURE_RESOURCE_MANAGER_ENDPOINT: {
    secret: false,
    help: "With `AzureStackCloud`: address of the cloud's Resource Manager, which is asked for the rest of the cloud (`/metadata/endpoints`). Where the file has none, the environment's.",
  },
  AZURE_SUBSCRIPTION_ID: {
    secret: false,
    help: "The subscription of the storage account, where the config has no `subscriptionId`; for a VolumeSnapshotLocation, where the cluster's disks are (required there).",
  },
  AZURE_RESOURCE_GROUP: {
    secret: false,
    help: "The resource group of the storage account, where the config has no `resourceGroup`; for a VolumeSnapshotLocation, where the cluster's disks are (required there).",
  },
  AZURE_TENANT_ID: {
    secret: false,
    help: "The Microsoft Entra tenant of a service principal or a workload identity; `adfs` with AD FS. For a workload identity, where the file has none, the environment's.",
  },
  AZURE_CLIENT_ID: {
    secret: false,
    help: "The application of a service principal or a workload identity, or the user-assigned managed identity. For a workload identity, where the file has none, the environment's.",
  },
  AZURE_CLIENT_SECRET: { secret: true, help: "The service principal's secret." },
  AZURE_CLIENT_CERTIFICATE: {
    secret: true,
    help: "The service principal's certificate and private key, PEM with `\\n` for line ends, in double quotes.",
  },
  AZURE_CLIENT_CERTIFICATE_PATH: {
    secret: false,
    help: "Path of the service principal's certificate and private key, PEM or PKCS#12.",
  },
  AZURE_CLIENT_CERTIFICATE_PASSWORD: {
    secret: true,
    help: "What the certificate's private key is encrypted with.",
  },
  AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: {
    secret: false,
    help: "`1` or `true`: send the whole chain, for sign-in by the certificate's subject and issuer.",
  },
  AZURE_ADDITIONALLY_ALLOWED_TENANTS: {
    secret: false,
    help: "Tenants besides `AZURE_TENANT_ID` that tokens may be got from, with `;` between them; `*` for every one.",
  },
  AZURE_FEDERATED_TOKEN_FILE: {
    secret: false,
    help: "Path of the service account token of a workload identity, where it is not the environment's.",
  },
} as const satisfies Readonly<Record<string, CredentialKey>>;

type Table = typeof credentialKeys;

/** The keys whose values may be seen. */
export type PublicCredentialKey = {
  [K in keyof Table]: Table[K]["secret"] extends false ? K : never;
}[keyof Table];
