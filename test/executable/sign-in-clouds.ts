import { ACCOUNT, type AzureWorld, type Part } from "./azure-world.ts";

/** A way in which a location knows its cloud. */
export interface CloudCase {
  readonly name: string;
  /** `volumes`: for a volume snapshot location, whose config has no storage account. */
  readonly part: (world: AzureWorld, kind?: "volumes") => Promise<Part>;
  /** What is asked besides, once, to find the cloud. */
  readonly asks?: readonly string[];
}

/** Reached by its public names: the simulator stands behind a proxy that leads them there. */
function byName(name: string | undefined): CloudCase["part"] {
  return async ({ azure, caFile }) => ({
    values: name === undefined ? {} : { AZURE_CLOUD_NAME: name },
    env: { HTTPS_PROXY: azure.endpoints.proxy, SSL_CERT_FILE: caFile },
  });
}

export const publicCloud: CloudCase = { name: "public cloud", part: byName(undefined) };

export const usGovernment: CloudCase = {
  name: "US Government",
  part: byName("AzureUSGovernment"),
};

export const china: CloudCase = { name: "China", part: byName("AzureChinaCloud") };

/** A custom cloud's endpoint of the account: what the certificate is for is `caCert`'s to say. */
function atOwnAddress({ azure }: AzureWorld, kind: "volumes" | undefined): NonNullable<Part["config"]> {
  const { certificate } = azure.authority;
  return kind === "volumes"
    ? { caCert: certificate }
    : { caCert: certificate, storageAccountURI: `${azure.endpoints.blob}/${ACCOUNT}` };
}

/** As the Kubernetes Azure cloud provider reads it. */
export function cloudDocument({ azure }: Pick<AzureWorld, "azure">): Record<string, unknown> {
  const { endpoints } = azure;
  return {
    name: "AzureStackCloud",
    resourceManagerEndpoint: `${endpoints.resourceManager}/`,
    activeDirectoryEndpoint: `${endpoints.entra}/`,
    storageEndpointSuffix: "blob.invalid",
    tokenAudience: endpoints.resourceManager,
    resourceIdentifiers: { storage: "https://storage.azure.com/" },
  };
}

export const customByFile: CloudCase = {
  name: "custom cloud of a file",
  part: async (world, kind) => ({
    values: {
      AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
      AZURE_ENVIRONMENT_FILEPATH: await world.file("cloud.json", JSON.stringify(cloudDocument(world))),
    },
    config: atOwnAddress(world, kind),
  }),
};

export const customByEnvironment: CloudCase = {
  name: "custom cloud of a file that the environment names",
  part: async (world, kind) => {
    const { values = {}, config = {} } = await customByFile.part(world, kind);
    return { env: values, config };
  },
};

export const customByDiscovery: CloudCase = {
  name: "custom cloud that Resource Manager tells of",
  part: async (world, kind) => ({
    values: {
      AZURE_CLOUD_NAME: "AzureStackCloud",
      AZURE_RESOURCE_MANAGER_ENDPOINT: world.azure.endpoints.resourceManager,
    },
    config: atOwnAddress(world, kind),
  }),
  asks: ["resource-manager metadata/endpoints"],
};
