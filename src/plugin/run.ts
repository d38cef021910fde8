import type { Environment } from "../config/credentials-file.ts";
import { describeFailure } from "../errors/error.ts";
import { hclogLogger, logLevelFromVelero } from "./hclog.ts";
import { serve } from "./serve.ts";
import type { OpenObjectStore } from "./services/object-store.ts";
import type { OpenSnapshotter } from "./services/volume-snapshotter.ts";

/** Makes the drivers that the services serve. */
interface Drivers {
  readonly openObjectStore: OpenObjectStore;
  readonly openSnapshotter: OpenSnapshotter;
}

/** Runs the plugin until its host is done with it. `args` are Velero's. */
export function runPlugin(args: readonly string[], env: Environment, drivers: Drivers): void {
  const logger = hclogLogger(logLevelFromVelero(flagValue(args, "log-level")));
  try {
    serve({
      env,
      logger,
      loadServer: async (lifecycle) => {
        const { GrpcServer, methodLookup } = await import("./server.ts");
        const lookup = methodLookup({ command: process.argv0, logger, ...drivers, lifecycle });
        return new GrpcServer(lookup, lifecycle.end);
      },
    });
  } catch (error) {
    logger.log("error", describeFailure(error));
    process.exit(1);
  }
}

/**
 * The value of one flag, `--name value` or `--name=value`. Velero passes all of its server's flags on to every
 * plugin, and they differ from version to version: the others are passed over.
 */
function flagValue(args: readonly string[], name: string): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === `--${name}`) return args[index + 1];
    if (arg.startsWith(`--${name}=`)) return arg.slice(name.length + 3);
  }
  return undefined;
}
