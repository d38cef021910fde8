import type { Logger } from "../../log/logger.ts";
import type { CloudSource } from "../cloud/cloud-source.ts";
import type { Clock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";
import type { AccessToken, TokenAudience } from "./token-source.ts";

/** How a location's identity is to get its tokens. */
export interface TokenSourceSettings {
  /** Whose authority is asked; a managed identity never looks at it. */
  readonly cloud: CloudSource;
  /** Sends requests to the authority; may be the one that serves the location's other requests. */
  readonly transport: HttpTransport;
  /**
   * Sends requests to the machine's own metadata service; absent: a transport of its own, made with the first
   * request, that knows no proxy.
   */
  readonly machineTransport?: HttpTransport | undefined;
  readonly logger: Logger;
  /** `velero-azure/VERSION`. */
  readonly userAgent: string;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
}

/** What a token is asked for. */
export interface TokenRequest {
  readonly audience: TokenAudience;
  /** Of a service that said it belongs to that one; undefined: the identity's own. */
  readonly tenant: string | undefined;
}

/** A token as it came. */
export interface Acquired extends AccessToken {
  /** When its issuer wants it to be replaced, milliseconds since 1970. */
  readonly refreshAt?: number | undefined;
}
