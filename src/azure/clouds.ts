import { Failure } from "../errors/error.ts";

/** Where one Azure cloud's services live. A custom cloud (Azure Stack Hub, an air-gapped one) is one more value. */
export interface Cloud {
  /** The name that Azure's tools use for it. */
  readonly name: string;
  /** What follows `ACCOUNT.blob.`, `ACCOUNT.file.` and so on in a storage account's host names. */
  readonly storageSuffix: string;
  /** Where Microsoft Entra identities sign in: an origin without a slash at its end. */
  readonly authority: string;
  /** Azure Resource Manager: an origin without a slash at its end. */
  readonly resourceManager: string;
}

const publicCloud: Cloud = {
  name: "AzureCloud",
  storageSuffix: "core.windows.net",
  authority: "https://login.microsoftonline.com",
  resourceManager: "https://management.azure.com",
};

const usGovernment: Cloud = {
  name: "AzureUSGovernment",
  storageSuffix: "core.usgovcloudapi.net",
  authority: "https://login.microsoftonline.us",
  resourceManager: "https://management.usgovcloudapi.net",
};

const china: Cloud = {
  name: "AzureChinaCloud",
  storageSuffix: "core.chinacloudapi.cn",
  authority: "https://login.chinacloudapi.cn",
  resourceManager: "https://management.chinacloudapi.cn",
};

/** Source: `pkg/util/azure` of Velero, which reads AZURE_CLOUD_NAME for the official plugin. */
const byName: ReadonlyMap<string, Cloud> = new Map([
  ["AzureCloud", publicCloud],
  ["AzurePublicCloud", publicCloud],
  ["AzureUSGovernment", usGovernment],
  ["AzureUSGovernmentCloud", usGovernment],
  ["AzureChinaCloud", china],
]);

/**
 * The cloud that AZURE_CLOUD_NAME names, in any case; absent or empty is the public one. Throws `Failure`
 * InvalidArgument for a name that is none.
 */
export function findCloud(name: string | undefined): Cloud {
  const wanted = (name ?? "").trim().toLowerCase();
  if (wanted === "") {
    return publicCloud;
  }
  for (const [known, cloud] of byName) {
    if (known.toLowerCase() === wanted) {
      return cloud;
    }
  }
  throw new Failure("InvalidArgument", `cannot use AZURE_CLOUD_NAME "${name}": unknown cloud`, {
    hint: `use one of ${[...byName.keys()].join(", ")}`,
  });
}
