import type { CloudChoice } from "../credentials/cloud.ts";
import type { StorageCredential } from "../credentials/method.ts";
import type { Logger } from "../log/logger.ts";
import { accountSites } from "./account/account-sites.ts";
import type { BlobClient } from "./blob/blob-client.ts";
import { type CloudSource, findCloud, openCloud } from "./cloud/clouds.ts";
import {
  type BlobEndpoint,
  findBlobEndpoint,
  isLoopback,
  parseEndpoint,
  refusePlainHttp,
} from "./account/endpoint.ts";
import { Lookup } from "./account/lookup.ts";
import { NodeTransport, type NodeTransportSettings } from "./http/node-transport.ts";
import { type Clock, Pipeline, systemClock } from "./http/pipeline.ts";
import type { RetryPolicy } from "./http/retry.ts";
import type { HttpTransport, TransportTimeouts } from "./http/transport.ts";
import { RestBlobClient } from "./blob/rest-blob-client.ts";
import { requireAccountId, type StorageAccountPlace } from "./resource-manager/storage-account-place.ts";
import { SERVICE_VERSION } from "./blob/service-version.ts";
import type { SiteFinder } from "./account/site.ts";

/** How a storage account is reached and signed in to, as the location config and credentials file say it. */
export interface BlobClientSettings {
  readonly account: string;
  /** Absent: the public cloud. */
  readonly cloud?: CloudChoice | undefined;
  /** The blob endpoint that the config names, whichever of its keys does; without it, the cloud's own. */
  readonly storageAccountUri?: string | undefined;
  readonly credential: StorageCredential;
  /** Where Resource Manager has the account; for identities. */
  readonly place?: StorageAccountPlace | undefined;
  /** Version of Resource Manager to speak, for clouds that do not have the usual one. */
  readonly apiVersion?: string | undefined;
  /** Whether a listed account key may be kept for the next process; by default it may. */
  readonly cacheAccountKey?: boolean | undefined;
  /** PEM certificates trusted beside the system's. */
  readonly caCert?: string | undefined;
  /** Lets a SAS or a bearer token travel over plain http to a host that is not this one. */
  readonly allowInsecureEndpoint?: boolean | undefined;
  /** Where HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR and TMPDIR are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `velero-azure/VERSION`. */
  readonly userAgent: string;
  readonly logger: Logger;
}

/** Parts that tests, and a transport on another thread, put in place of the usual ones. */
export interface BlobClientParts {
  readonly transport?: HttpTransport | undefined;
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Checks the settings (`Failure` InvalidArgument: bad endpoint, key that is not base64, refused plain http, a resource
 * group that nothing names where it is needed) and makes a client. Makes no request and opens no connection.
 */
export function openBlobClient(settings: BlobClientSettings, parts: BlobClientParts = {}): BlobClient {
  const { account, logger, userAgent } = settings;
  const { clock = systemClock, retry } = parts;
  const transport = parts.transport ?? new NodeTransport(transportSettings(settings, parts.timeouts));
  const headers = { "user-agent": userAgent, "x-ms-version": SERVICE_VERSION };
  const sites = openSites(settings, { transport, clock, retry, headers });
  const over = (own: HttpTransport): BlobClient =>
    new RestBlobClient({
      account,
      sites,
      pipelineTo: ({ authorizer }) =>
        new Pipeline({ transport: own, authorizer, logger, headers, clock, retry }),
      close: () => own.close(),
      now: clock.now,
      over,
    });
  return over(transport);
}

interface SiteParts {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly retry: Partial<RetryPolicy> | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

function openSites(settings: BlobClientSettings, parts: SiteParts): SiteFinder {
  const { account, credential, storageAccountUri, logger, userAgent } = settings;
  const choice = settings.cloud ?? PUBLIC_CLOUD;
  const cloud = openCloud(choice, { ...parts, logger, userAgent });
  const configured = storageAccountUri ? parseEndpoint("storageAccountURI", storageAccountUri) : undefined;
  warnOfForeignEndpoint(configured, cloud, logger);
  const { allowInsecureEndpoint = false, cacheAccountKey = true, place = {}, environment } = settings;
  if (credential.kind !== "identity") {
    const known = configured ?? (cloud.known && findBlobEndpoint(account, cloud.known));
    const find = async (signal: AbortSignal): Promise<BlobEndpoint> =>
      known ?? findBlobEndpoint(account, await cloud.find(signal));
    return accountSites({ ...settings, credential, known, find, now: parts.clock.now });
  }
  const accountId = requireAccountId(account, place, credential.throughListKeys);
  if (configured === undefined && cloud.known !== undefined && accountId === undefined) {
    // Throws where nothing can tell the endpoint.
    findBlobEndpoint(account, cloud.known);
  }
  if (configured !== undefined && !credential.throughListKeys) {
    refusePlainHttp(configured, "an identity's token", allowInsecureEndpoint);
  }
  const loaded = new Lookup(async () => {
    const { identitySites } = await import("./account/identity-sites.ts");
    return identitySites({
      ...{ ...parts, account, credential, cloud, endpoint: configured, accountId, logger, userAgent },
      ...{ allowInsecureEndpoint, cacheAccountKey, apiVersion: settings.apiVersion },
      temporaryFolder: environment["TMPDIR"] || "/tmp",
    });
  });
  return {
    find: async (signal) => (await loaded.get(signal)).find(signal),
    another: async (site, signal) => (await loaded.get(signal)).another(site, signal),
  };
}

const PUBLIC_CLOUD: CloudChoice = {
  name: "AzureCloud",
  from: "default",
  where: { kind: "known", cloud: findCloud(undefined) },
  authority: undefined,
};

/** Where accounts of the public cloud live that have a DNS zone of their own. */
const ZONE_SUFFIX = "storage.azure.net";

/** A custom domain or a private name works; but what is sent there, tokens among it, is better known to be meant. */
function warnOfForeignEndpoint(
  endpoint: BlobEndpoint | undefined,
  { known }: CloudSource,
  logger: Logger,
): void {
  if (endpoint === undefined || known?.storageSuffix === undefined || isLoopback(endpoint.host)) {
    return;
  }
  const suffixes = [known.storageSuffix, ZONE_SUFFIX];
  if (!suffixes.some((suffix) => endpoint.host.endsWith(`.${suffix}`))) {
    logger.log(
      "warn",
      `the endpoint is none of ${known.name}'s own (${known.storageSuffix}): make sure that it is meant, since backups and sign-ins go there`,
      { endpoint: endpoint.origin },
    );
  }
}

/** What a transport of its own, in another thread, needs of the settings: plain data without any credential. */
export function transportSettings(
  { caCert, environment }: Pick<BlobClientSettings, "caCert" | "environment">,
  timeouts?: Partial<TransportTimeouts>,
): NodeTransportSettings {
  const used = networkVariables.flatMap((name) => [name, name.toLowerCase()]);
  return { caCert, timeouts, environment: Object.fromEntries(used.map((name) => [name, environment[name]])) };
}

const networkVariables = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"];
