import type { Secret } from "../secret/secret.ts";
import type { Logger } from "../log/logger.ts";
import type { BlobClient } from "./blob-client.ts";
import type { HttpTransport, TransportTimeouts } from "./http/transport.ts";

/** How a storage account is reached and signed in to, as the location config and credentials file say it. */
export interface BlobClientSettings {
  readonly account: string;
  /** AZURE_CLOUD_NAME; absent or empty is the public cloud. */
  readonly cloudName?: string | undefined;
  /** `storageAccountURI`: rules over `blobEndpoint`. */
  readonly storageAccountUri?: string | undefined;
  /** `storageAccountBlobEndpoint`. */
  readonly blobEndpoint?: string | undefined;
  readonly credential: BlobCredential;
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

/** `key`: the account key, base64. `token`: a SAS token, with or without its leading `?`. */
export type BlobCredential =
  | { readonly kind: "sharedKey"; readonly key: Secret }
  | { readonly kind: "sas"; readonly token: Secret };

/** Parts that tests, and a transport on another thread, put in place of the usual ones. */
export interface BlobClientParts {
  readonly transport?: HttpTransport | undefined;
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
}

/**
 * Checks the settings (`Failure` InvalidArgument: unknown cloud, bad endpoint, key that is not base64, refused
 * plain http) and makes a client. Makes no request and opens no connection.
 */
export type OpenBlobClient = (settings: BlobClientSettings, parts?: BlobClientParts) => BlobClient;
