import type { Logger } from "../log/logger.ts";
import type { MethodLookup } from "./grpc/server.ts";
import type { ServiceHandlers } from "./grpc/service.ts";
import type { Lifecycle } from "./serve.ts";
import { controllerService, healthService, idleStreams } from "./services/go-plugin.ts";
import { listerService } from "./services/lister.ts";
import type { OpenObjectStore } from "./services/object-store.ts";
import type { OpenSnapshotter } from "./services/volume-snapshotter.ts";

export interface ServiceParts {
  /** The path that this process was started with. */
  readonly command: string;
  readonly logger: Logger;
  readonly openObjectStore: OpenObjectStore;
  readonly openSnapshotter: OpenSnapshotter;
  readonly lifecycle: Lifecycle;
}

/**
 * Finds methods, loading each of the large services with its first request: Velero starts this executable for every
 * little thing, and most of what it then asks for touches one service only.
 */
export function methodLookup(parts: ServiceParts): MethodLookup {
  const loaders: Readonly<Record<string, () => Promise<ServiceHandlers>>> = {
    "generated.PluginLister": async () => listerService(parts.command),
    "generated.ObjectStore": async () =>
      (await import("./services/object-store.ts")).objectStoreService(parts.openObjectStore, parts.logger),
    "generated.VolumeSnapshotter": async () =>
      (await import("./services/volume-snapshotter.ts")).volumeSnapshotterService(
        parts.openSnapshotter,
        parts.logger,
      ),
    "grpc.health.v1.Health": async () => healthService(),
    "plugin.GRPCController": async () => controllerService(parts.lifecycle.end),
    "plugin.GRPCBroker": async () => idleStreams(),
    "plugin.GRPCStdio": async () => idleStreams(),
  };
  const loaded = new Map<string, Promise<ServiceHandlers>>();
  return async (path) => {
    const service = path.slice(1, path.lastIndexOf("/"));
    const load = Object.hasOwn(loaders, service) ? loaders[service] : undefined;
    if (load === undefined) return undefined;
    let handlers = loaded.get(service);
    if (handlers === undefined) loaded.set(service, (handlers = load()));
    return (await handlers).get(path);
  };
}
