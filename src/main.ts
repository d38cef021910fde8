import { isStartedByVelero } from "./plugin/handshake.ts";
import type { Environment } from "./config/credentials-file.ts";

/**
 * The only wiring: started with Velero's handshake cookie this is the plugin, started by a person the CLI.
 * What either needs is imported when it is needed; before the handshake that is next to nothing.
 */
async function main(args: readonly string[], env: Environment): Promise<void> {
  if (isStartedByVelero(env)) await runPlugin(args, env);
  else process.exitCode = await (await import("./cli/main.ts")).runCli(args);
}

async function runPlugin(args: readonly string[], env: Environment): Promise<void> {
  const { serve } = await import("./plugin/serve.ts");
  const { hclogLogger, logLevelFromVelero } = await import("./plugin/hclog.ts");
  const logger = hclogLogger(logLevelFromVelero(flagValue(args, "log-level")));
  try {
    serve({
      env,
      logger,
      loadServer: async (lifecycle) => {
        const { GrpcServer } = await import("./plugin/grpc/server.ts");
        const { methodLookup } = await import("./plugin/methods.ts");
        const openObjectStore = async (config: Readonly<Record<string, string>>, log: typeof logger) =>
          (await import("./store/open-object-store.ts")).openObjectStore(config, env, log);
        const lookup = methodLookup({ command: process.argv0, logger, openObjectStore, lifecycle });
        return new GrpcServer(lookup, lifecycle.hungUp);
      },
    });
  } catch (error) {
    const { describeFailure } = await import("./errors/error.ts");
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

void main(process.argv.slice(2), process.env);
