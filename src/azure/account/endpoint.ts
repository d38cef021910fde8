import { readEndpoint } from "../../config/endpoint.ts";
import { Failure } from "../../errors/error.ts";
import type { Cloud } from "../../credentials/cloud.ts";

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

/** The account's host name in its cloud. Throws `Failure` InvalidArgument for a cloud that does not tell where its storage is. */
export function findBlobEndpoint(account: string, { storageSuffix, name }: Cloud): BlobEndpoint {
  if (storageSuffix === undefined) {
    throw new Failure(
      "InvalidArgument",
      `cannot reach storage account "${account}": cloud "${name}" does not tell where its storage is`,
      {
        hint: "set storageAccountURI, or storageEndpointSuffix in the file of AZURE_ENVIRONMENT_FILEPATH; an identity that may read the account looks it up itself where subscription and resource group are known",
      },
    );
  }
  if (!/^[a-z0-9.-]+(:\d{1,5})?$/i.test(storageSuffix)) {
    throw new Failure(
      "InvalidArgument",
      `cannot use the storage suffix of cloud "${name}": it is no host name`,
    );
  }
  return parseEndpoint("the cloud's storage suffix", `https://${account}.blob.${storageSuffix}`);
}

/** Reads the address that a config key holds. Throws `Failure` InvalidArgument, naming the key. */
export function parseEndpoint(configKey: string, text: string): BlobEndpoint {
  const reading = readEndpoint(text);
  if ("problem" in reading || reading.value === undefined) {
    const reason = "problem" in reading ? reading.problem : "it is empty";
    throw new Failure("InvalidArgument", `cannot use ${configKey}: ${reason}`, {
      hint: `set ${configKey} to an address like https://myaccount.blob.core.windows.net`,
    });
  }
  const url = new URL(reading.value);
  return {
    origin: url.origin,
    host: url.hostname,
    secure: url.protocol === "https:",
    basePath: reading.value.slice(url.origin.length),
  };
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
  if (!allowed) {
    const leave = 'set allowInsecureEndpoint to "true" where the network in between can be trusted';
    requireHttps(endpoint, what, `use https, or ${leave}`);
  }
}

/** The same where nothing can allow it. */
export function requireHttps({ origin, host, secure }: BlobEndpoint, what: string, hint: string): void {
  if (!secure && !isLoopback(host)) {
    throw new Failure("InvalidArgument", `cannot send ${what} to "${origin}": plain http shows it to all`, {
      hint,
    });
  }
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
