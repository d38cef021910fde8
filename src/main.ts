import type { Environment } from "./config/credentials-file.ts";
import { isStartedByVelero } from "./plugin/handshake.ts";
import type { OpenObjectStore } from "./plugin/services/object-store.ts";
import type { OpenSnapshotter } from "./plugin/services/volume-snapshotter.ts";

/**
 * The only wiring: started with Velero's handshake cookie this is the plugin, started by a person the CLI.
 * What either needs is imported when it is needed; before the handshake that is next to nothing.
 */
async function main(args: readonly string[], env: Environment): Promise<void> {
  if (!isStartedByVelero(env)) {
    process.exitCode = await (await import("./cli/main.ts")).runCli(args, env);
    return;
  }
  const openObjectStore: OpenObjectStore = async (config, logger) =>
    (await import("./store/open-object-store.ts")).openObjectStore(config, env, logger);
  let snapshotters: Promise<OpenSnapshotter> | undefined;
  const openSnapshotter: OpenSnapshotter = async (config, logger) => {
    snapshotters ??= import("./snapshot/open-snapshotter.ts").then(({ snapshotterOpener }) =>
      snapshotterOpener(env),
    );
    return (await snapshotters)(config, logger);
  };
  (await import("./plugin/run.ts")).runPlugin(args, env, { openObjectStore, openSnapshotter });
}

void main(process.argv.slice(2), process.env);
