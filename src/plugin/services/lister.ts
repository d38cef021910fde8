import { PluginListerDefinition } from "../gen/velero/plugin_lister.ts";
import { implement, type ServiceHandlers } from "../grpc/service.ts";

/** The kinds of plugin that Velero knows and this one offers (Velero's pkg/plugin/framework/common/plugin_kinds.go). */
export type PluginKind = "ObjectStore" | "VolumeSnapshotter";

/** A plugin by the name that locations give as `provider`. */
export interface RegisteredPlugin {
  readonly kind: PluginKind;
  readonly name: string;
}

/** Everything this executable serves. A name that is not here is not known on the wire either. */
export const REGISTERED_PLUGINS: readonly RegisteredPlugin[] = [
  { kind: "ObjectStore", name: "velero.io/azure" },
  { kind: "VolumeSnapshotter", name: "velero.io/azure" },
];

/**
 * Answers what the executable holds. `command` must be the path it was started with (argv[0]): Velero starts that
 * path again for each request (its pkg/plugin/clientmgmt/process/registry.go).
 */
export function listerService(command: string): ServiceHandlers {
  return implement(PluginListerDefinition, {
    listPlugins: async () => ({
      plugins: REGISTERED_PLUGINS.map(({ kind, name }) => ({ command, kind, name })),
    }),
  });
}
