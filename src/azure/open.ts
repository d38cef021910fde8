import type { StorageCredential } from "../credentials/method.ts";
import { Failure } from "../errors/error.ts";
import type { Logger } from "../log/logger.ts";
import type { Authorizer } from "./auth/authorizer.ts";
import { parseSasToken, sasAuthorizer } from "./auth/sas-token.ts";
import { AccountKey, sharedKeyAuthorizer } from "./auth/shared-key.ts";
import type { BlobClient } from "./blob-client.ts";
import { findCloud } from "./clouds.ts";
import { type BlobEndpoint, findBlobEndpoint, refusePlainHttp } from "./endpoint.ts";
import type { SignIn } from "./operation.ts";
import { NodeTransport, type NodeTransportSettings } from "./http/node-transport.ts";
import { type Clock, Pipeline, systemClock } from "./http/pipeline.ts";
import type { RetryPolicy } from "./http/retry.ts";
import type { HttpTransport, TransportTimeouts } from "./http/transport.ts";
import { RestBlobClient } from "./rest-blob-client.ts";
import { accountKeySigner, sasTokenSigner, type UrlSigner } from "./sas.ts";
import { SERVICE_VERSION } from "./service-version.ts";

/** How a storage account is reached and signed in to, as the location config and credentials file say it. */
export interface BlobClientSettings {
  readonly account: string;
  /** AZURE_CLOUD_NAME; absent or empty is the public cloud. */
  readonly cloudName?: string | undefined;
  /** The blob endpoint that the config names, whichever of its keys does; without it, the cloud's own. */
  readonly storageAccountUri?: string | undefined;
  readonly credential: StorageCredential;
  /** PEM certificates trusted beside the system's. */
  readonly caCert?: string | undefined;
  /** Lets a SAS or a bearer token travel over plain http to a host that is not this one. */
  readonly allowInsecureEndpoint?: boolean | undefined;
  /** Where HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR are read. */
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
 * Checks the settings (`Failure` InvalidArgument: unknown cloud, bad endpoint, key that is not base64, refused
 * plain http) and makes a client. Makes no request and opens no connection.
 */
export function openBlobClient(settings: BlobClientSettings, parts: BlobClientParts = {}): BlobClient {
  const { account, logger, userAgent, storageAccountUri } = settings;
  const clock = parts.clock ?? systemClock;
  const cloud = findCloud(settings.cloudName);
  const endpoint = findBlobEndpoint({ account, cloud, storageAccountUri });
  const { authorizer, sign, signIn } = signInTo(endpoint, settings, clock.now);
  const headers = { "user-agent": userAgent, "x-ms-version": SERVICE_VERSION };
  const over = (transport: HttpTransport): BlobClient => {
    const pipeline = new Pipeline({ transport, authorizer, logger, headers, clock, retry: parts.retry });
    return new RestBlobClient({ account, endpoint, pipeline, sign, signIn, now: clock.now, over });
  };
  return over(parts.transport ?? new NodeTransport(transportSettings(settings, parts.timeouts)));
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

function signInTo(
  endpoint: BlobEndpoint,
  { account, credential, allowInsecureEndpoint = false, logger }: BlobClientSettings,
  now: () => number,
): { authorizer: Authorizer; sign: UrlSigner; signIn: SignIn } {
  if (credential.kind === "SAS token") {
    refusePlainHttp(endpoint, "a SAS token", allowInsecureEndpoint);
    const token = parseSasToken(credential.token);
    return {
      authorizer: sasAuthorizer(token, endpoint.origin),
      sign: sasTokenSigner(endpoint, token, now),
      signIn: { kind: "sas", expires: token.expires, permissions: token.permissions },
    };
  }
  if (credential.kind === "identity") {
    throw new Failure(
      "Unimplemented",
      `cannot sign in to storage account "${account}": ${credential.identity.method} is not yet supported`,
    );
  }
  const key = new AccountKey(account, credential.key);
  if (!endpoint.secure) {
    logger.log("warn", "the endpoint is plain http: anyone on the way can read and change backups", {
      endpoint: endpoint.origin,
    });
  }
  return {
    authorizer: sharedKeyAuthorizer(key, endpoint.origin, now),
    sign: accountKeySigner(endpoint, key, now),
    signIn: { kind: "sharedKey" },
  };
}
