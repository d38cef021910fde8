import { readCloudFile } from "./cloud-document.ts";
import { SharedFlight } from "./shared-flight.ts";
import type { Logger } from "../log/logger.ts";
import type { Cloud, CloudChoice } from "../credentials/cloud.ts";
import type { HttpTransport } from "./http/transport.ts";
import type { Clock } from "./http/pipeline.ts";
import type { RetryPolicy } from "./http/retry.ts";

export { type Cloud, findCloud } from "../credentials/cloud.ts";

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

/**
 * The cloud that `chooseCloud` chose, with the location's own authority where it has one. Reads the file of
 * AZURE_ENVIRONMENT_FILEPATH at once: `Failure` InvalidArgument or NotFound when that is not what it should be. Makes no
 * request.
 */
export function openCloud(choice: CloudChoice, settings: CloudSettings): CloudSource {
  const { where, authority } = choice;
  const own = (cloud: Cloud): Cloud =>
    authority === undefined ? cloud : { ...cloud, authority: authority.url };
  if (where.kind !== "asked") {
    const cloud = where.kind === "known" ? own(where.cloud) : readCloudFile(where.path, authority?.url);
    return { name: choice.name, known: cloud, find: () => Promise.resolve(cloud) };
  }
  let found: Cloud | undefined;
  const flight = new SharedFlight(async (signal) => {
    const { askResourceManager } = await import("./cloud-metadata.ts");
    found = own(await askResourceManager(where.resourceManager, settings, signal));
    return found;
  });
  return {
    name: choice.name,
    get known() {
      return found;
    },
    find: (signal) => (found === undefined ? flight.join(signal) : Promise.resolve(found)),
  };
}
