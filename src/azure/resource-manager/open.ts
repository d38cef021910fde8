import type { Logger } from "../../log/logger.ts";
import { bearerAuthorizer } from "../auth/bearer.ts";
import type { TokenSource } from "../auth/token-source.ts";
import type { CloudSource } from "../cloud/clouds.ts";
import { parseEndpoint, requireHttps } from "../account/endpoint.ts";
import type { Clock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";
import { Lookup } from "../account/lookup.ts";
import { ResourceManager } from "./resource-manager.ts";
import type { Throttle } from "./throttle.ts";

export interface ResourceManagerParts {
  readonly cloud: CloudSource;
  readonly tokens: TokenSource;
  readonly transport: HttpTransport;
  readonly userAgent: string;
  readonly logger: Logger;
  readonly apiVersion: string | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
  /** Shared by the locations of a process; absent: one of its own. */
  readonly throttle?: Throttle | undefined;
}

/** The Resource Manager of a location's cloud, which may have to be asked for first. Makes no request by itself. */
export function openResourceManager({
  cloud,
  tokens,
  ...rest
}: ResourceManagerParts): Lookup<ResourceManager> {
  return new Lookup(async (signal) => {
    const { resourceManager, audiences } = await cloud.find(signal);
    const endpoint = parseEndpoint("the address of Azure Resource Manager", resourceManager);
    const hint = "the cloud's file, or AZURE_RESOURCE_MANAGER_ENDPOINT, must name it with https://";
    requireHttps(endpoint, "an identity's token", hint);
    const { origin } = endpoint;
    rest.transport.expect?.(origin);
    const authorizer = bearerAuthorizer({ source: tokens, audience: audiences.resourceManager, origin });
    return new ResourceManager({ ...rest, address: `${origin}${endpoint.basePath}`, authorizer });
  });
}
