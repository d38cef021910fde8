import type { Cloud } from "../../credentials/cloud.ts";
import type { Logger } from "../../log/logger.ts";
import type { Clock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";

/** Where a cloud's services live, known at once or asked for by the first request that needs to know. */
export interface CloudSource {
  readonly name: string;
  /** Undefined until Resource Manager was asked, where it has to be (AZURE_RESOURCE_MANAGER_ENDPOINT). */
  readonly known: Cloud | undefined;
  /**
   * The cloud; asks at most once, and again only after a failure. Rejects with `Failure` (Unavailable: nobody answers;
   * FailedPrecondition: what answers is no Resource Manager) or with `signal.reason`.
   */
  find(signal: AbortSignal): Promise<Cloud>;
}

export interface CloudSettings {
  /** Sends the request for the cloud's endpoints, if one is needed. */
  readonly transport: HttpTransport;
  readonly logger: Logger;
  /** `velero-azure/VERSION`. */
  readonly userAgent: string;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
}
