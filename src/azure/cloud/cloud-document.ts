import { readEndpoint } from "../../config/endpoint.ts";
import { quote } from "../../config/quote.ts";
import { readSmallFile } from "../../config/small-file.ts";
import { type Cloud, STORAGE_AUDIENCE } from "../../credentials/cloud.ts";
import { Failure } from "../../errors/error.ts";
import { field, textField } from "../resource-manager/json.ts";

/**
 * A cloud from the JSON file that the Kubernetes Azure cloud provider reads (source: `Environment` of
 * github.com/Azure/go-autorest, autorest/azure). `authority`, where the location has its own, need not be in the file.
 * Throws `Failure`: NotFound, or InvalidArgument that names the file and what is missing.
 */
export function readCloudFile(path: string, authority: string | undefined): Cloud {
  const what = `cannot use the cloud of AZURE_ENVIRONMENT_FILEPATH ${quote(path)}`;
  const document = parse(readText(path, what), what);
  const endpoint = (name: string): string => addressIn(document, name, what);
  const resourceManager = endpoint("resourceManagerEndpoint");
  return {
    name: textField(document, "name") ?? "AzureStackCloud",
    storageSuffix: textField(document, "storageEndpointSuffix")?.replace(/^\./, ""),
    authority: authority ?? endpoint("activeDirectoryEndpoint"),
    resourceManager,
    audiences: {
      storage: audience(field(document, "resourceIdentifiers"), "storage") ?? STORAGE_AUDIENCE,
      resourceManager:
        audience(document, "tokenAudience") ??
        audience(document, "serviceManagementEndpoint") ??
        resourceManager,
    },
  };
}

function readText(path: string, what: string): string {
  const reading = readSmallFile(path);
  if ("problem" in reading) {
    const code = reading.code === "ENOENT" ? "NotFound" : "InvalidArgument";
    throw new Failure(code, `${what}: it ${reading.problem}`, {
      hint: "mount the file into Velero's pod, and node-agent's, at that path",
      cause: reading.cause,
    });
  }
  return reading.value.toString("utf8").replace(/^\ufeff/, "");
}

/**
 * A cloud from Resource Manager's own `/metadata/endpoints`: an object, or of some versions a list with one object a
 * cloud. Undefined when it does not say where identities sign in.
 */
export function cloudOfMetadata(document: unknown, resourceManager: string): Cloud | undefined {
  const entry: unknown = Array.isArray(document)
    ? (document.find((one: unknown) => sameOrigin(textField(one, "resourceManager"), resourceManager)) ??
      document[0])
    : document;
  const authentication = field(entry, "authentication");
  const authority = normal(textField(authentication, "loginEndpoint"));
  if (authority === undefined) {
    return undefined;
  }
  const audiences = field(authentication, "audiences");
  const first: unknown = Array.isArray(audiences) ? audiences[0] : undefined;
  return {
    name: textField(entry, "name") ?? "AzureStackCloud",
    storageSuffix:
      textField(field(entry, "suffixes"), "storage")?.replace(/^\./, "") ?? suffixOf(resourceManager),
    authority,
    resourceManager,
    audiences: {
      storage: STORAGE_AUDIENCE,
      resourceManager: typeof first === "string" && first !== "" ? first : resourceManager,
    },
  };
}

/** Azure Stack Hub keeps its services side by side: `management.REGION.DOMAIN` and `ACCOUNT.blob.REGION.DOMAIN`. */
function suffixOf(resourceManager: string): string | undefined {
  return /^https?:\/\/(?:admin|arm)?management\.([^/:]+)/i.exec(resourceManager)?.[1];
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message quotes the text, and the path may have been another file's, a secret's.
    throw new Failure("InvalidArgument", `${what}: the file is not JSON`);
  }
}

function addressIn(document: unknown, name: string, what: string): string {
  const text = textField(document, name);
  const address = normal(text);
  if (address === undefined) {
    const reason = text === undefined ? `${name} is missing` : `${name} is not an address`;
    throw new Failure("InvalidArgument", `${what}: ${reason}`, {
      hint: "the file is the one of the Kubernetes Azure cloud provider, with activeDirectoryEndpoint, resourceManagerEndpoint, storageEndpointSuffix and tokenAudience",
    });
  }
  return address;
}

function normal(text: string | undefined): string | undefined {
  const reading = text === undefined ? undefined : readEndpoint(text);
  return reading === undefined || "problem" in reading ? undefined : reading.value;
}

/** Tokens are for exactly this text, so that it stays as it is; but for storage, whose own form has no slash. */
function audience(document: unknown, name: string): string | undefined {
  const text = textField(document, name);
  return text === "N/A" ? undefined : text?.replace(/^(https:\/\/storage\.azure\.com)\/$/, "$1");
}

function sameOrigin(text: string | undefined, other: string): boolean {
  const address = normal(text);
  return address !== undefined && new URL(address).origin === new URL(other).origin;
}
