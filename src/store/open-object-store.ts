import type { BlobClient } from "../azure/blob/blob-client.ts";
import { openBlobClient, transportSettings, type BlobClientSettings } from "../azure/open.ts";
import type { Environment } from "../config/credentials-file.ts";
import { configuredEndpoint, parseObjectStoreConfig } from "../config/object-store-config.ts";
import { chooseCredential } from "../credentials/choose.ts";
import { LiveCredentials } from "../credentials/live-credentials.ts";
import type { Logger } from "../log/logger.ts";
import { VERSION } from "../version.ts";
import { AzureBlobStore, type BulkLane } from "./azure-blob/azure-blob-store.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * Makes the driver of a location from the config map that Velero gives to Init. Makes no request: what is wrong
 * with the config or the credentials file is told here (InvalidArgument, …), what is wrong with the account by the
 * first request.
 */
export async function openObjectStore(
  raw: Readonly<Record<string, string>>,
  env: Environment,
  logger: Logger,
): Promise<ObjectStore> {
  const { config, warnings } = parseObjectStoreConfig(raw);
  const log = logger.with({ account: config.storageAccount });
  for (const warning of warnings) log.log("warn", warning);
  const unusable = (error: unknown): void =>
    log.log("warn", "the credentials file cannot be used as it is now: what it held before is", { error });
  const { current } = new LiveCredentials(config, env, unusable);
  const values = current();
  const choice = chooseCredential({ config, values, current, unusable, env, now: Date.now() });
  for (const warning of choice.warnings) log.log("warn", warning);
  log.log("debug", "signing in", { signIn: choice.explanation });
  const settings: BlobClientSettings = {
    account: config.storageAccount,
    cloud: choice.cloud,
    storageAccountUri: configuredEndpoint(config)?.url,
    credential: choice.credential,
    place: {
      subscriptionId: config.subscriptionId ?? values.get("AZURE_SUBSCRIPTION_ID"),
      resourceGroup: config.resourceGroup ?? values.get("AZURE_RESOURCE_GROUP"),
    },
    apiVersion: config.apiVersion,
    cacheAccountKey: config.cacheAccountKey,
    caCert: config.caCert,
    allowInsecureEndpoint: config.allowInsecureEndpoint,
    environment: env,
    userAgent: `velero-azure/${VERSION}`,
    logger: log,
  };
  const client = openBlobClient(settings);
  return new AzureBlobStore({
    client,
    logger: log,
    blockSize: config.blockSizeInBytes,
    startBulkLane: () => startThreadLane(client, settings),
  });
}

/** A thread for large objects, its code loaded with the first of them: most runs of the plugin never see one. */
async function startThreadLane(client: BlobClient, settings: BlobClientSettings): Promise<BulkLane> {
  const { ThreadLane } = await import("./azure-blob/bulk/bulk-lane.ts");
  const { startWorker } = await import("./azure-blob/bulk/start-worker.ts");
  const worker = startWorker(transportSettings(settings));
  return new ThreadLane(worker, (transport) => client.over(transport));
}
