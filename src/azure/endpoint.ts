import { Failure } from "../errors/error.ts";
import type { Cloud } from "./clouds.ts";

/** A storage account's blob service, in the pieces that requests are made of. */
export interface BlobEndpoint {
  /** `scheme://host[:port]`. */
  readonly origin: string;
  readonly host: string;
  readonly secure: boolean;
  /**
   * Empty, or the path before the container: emulators take the account's name there (`/devstoreaccount1`)
   * instead of in the host name. Without a slash at its end.
   */
  readonly basePath: string;
}

export interface EndpointSettings {
  readonly account: string;
  readonly cloud: Cloud;
  readonly storageAccountUri?: string | undefined;
}

/** The address that the config names, else the account's host name in its cloud. */
export function findBlobEndpoint(settings: EndpointSettings): BlobEndpoint {
  if (settings.storageAccountUri) {
    return parseEndpoint("storageAccountURI", settings.storageAccountUri);
  }
  const { storageSuffix, name } = settings.cloud;
  if (storageSuffix === undefined) {
    throw new Failure(
      "InvalidArgument",
      `cannot reach storage account "${settings.account}": cloud "${name}" does not tell where its storage is`,
      { hint: "set storageAccountURI, or storageEndpointSuffix in the file of AZURE_ENVIRONMENT_FILEPATH" },
    );
  }
  const host = `${settings.account}.blob.${storageSuffix}`;
  return { origin: `https://${host}`, host, secure: true, basePath: "" };
}

/** Reads the address that a config key holds. Throws `Failure` InvalidArgument, naming the key. */
export function parseEndpoint(configKey: string, text: string): BlobEndpoint {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  const problem = url === null ? "it is not an address" : endpointProblem(url);
  if (url === null || problem !== undefined) {
    // The text itself stays out of the message: it may hold a password or a SAS token.
    throw new Failure("InvalidArgument", `cannot use ${configKey}: ${problem}`, {
      hint: `set ${configKey} to an address like https://myaccount.blob.core.windows.net`,
    });
  }
  return {
    origin: url.origin,
    host: url.hostname,
    secure: url.protocol === "https:",
    basePath: url.pathname.replace(/\/+$/, ""),
  };
}

function endpointProblem(url: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return "it must begin with https:// or http://";
  }
  if (url.username !== "" || url.password !== "") {
    return "it must not hold a user or password";
  }
  if (url.search !== "") {
    return "it must not hold a query; a SAS token belongs into the credentials file";
  }
  return url.hash === "" ? undefined : "it must not hold a fragment";
}

/** Whether plain http to this host stays on this machine: 127.0.0.0/8, ::1, localhost. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name === "[::1]" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

/**
 * Throws unless a secret that whoever reads it can use (a SAS or a bearer token) may travel to this endpoint. An
 * account key never travels itself, only signatures made with it.
 */
export function refusePlainHttp(endpoint: BlobEndpoint, what: string, allowed: boolean): void {
  if (endpoint.secure || allowed || isLoopback(endpoint.host)) {
    return;
  }
  throw new Failure(
    "InvalidArgument",
    `cannot send ${what} to "${endpoint.origin}": plain http shows it to all`,
    {
      hint: `use https, or set allowInsecureEndpoint to "true" where the network in between can be trusted`,
    },
  );
}

/** The path of a container, or of a blob in it, ready to be sent. */
export function blobPath(endpoint: BlobEndpoint, container: string, key?: string): string {
  const path = `${endpoint.basePath}/${encodeSegment(container)}`;
  return key === undefined ? path : `${path}/${encodeKey(key)}`;
}

/**
 * A key as a path. Slashes stay, unless something on the way (a proxy, a browser that opens a signed URL) could
 * take the key's `.`, `..` or empty segments for a path to tidy up; then they are escaped, which means the same to
 * the service.
 */
export function encodeKey(key: string): string {
  const segments = key.split("/");
  const plain = segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  return segments.map(encodeSegment).join(plain ? "/" : "%2F");
}

/** All but RFC 3986's unreserved characters escaped; half a surrogate pair, which UTF-8 cannot hold, is refused. */
function encodeSegment(text: string): string {
  if (!text.isWellFormed()) {
    throw new Failure(
      "InvalidArgument",
      `cannot use the name ${JSON.stringify(text)}: it is not valid Unicode`,
    );
  }
  if (text === "." || text === "..") {
    return text.replaceAll(".", "%2E");
  }
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
