import { openBlobClient, type BlobClientSettings } from "../azure/open.ts";
import { loadCredentials, type Environment } from "../config/credentials-file.ts";
import { parseObjectStoreConfig } from "../config/object-store-config.ts";
import { chooseCredential } from "../credentials/choose.ts";
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
  const values = await loadCredentials(config, env);
  const choice = chooseCredential({ config, values, env, now: Date.now() });
  for (const warning of choice.warnings) log.log("warn", warning);
  log.log("debug", "signing in", { signIn: choice.explanation });
  const settings: BlobClientSettings = {
    account: config.storageAccount,
    cloudName: values.get("AZURE_CLOUD_NAME"),
    storageAccountUri: config.storageAccountURI,
    blobEndpoint: config.storageAccountBlobEndpoint,
    credential: choice.credential,
    caCert: config.caCert,
    allowInsecureEndpoint: config.allowInsecureEndpoint,
    environment: env,
    userAgent: `velero-azure/${VERSION}`,
    logger: log,
  };
  return new AzureBlobStore({
    client: openBlobClient(settings),
    logger: log,
    blockSize: config.blockSizeInBytes,
    startBulkLane: () => startThreadLane(settings),
  });
}

/** The variables that a transport reads; the thread is given no others. */
const TRANSPORT_VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
const ROOTS_VARIABLES = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/** A thread for large objects, its code loaded with the first of them: most runs of the plugin never see one. */
async function startThreadLane(settings: BlobClientSettings): Promise<BulkLane> {
  const { ThreadLane } = await import("./azure-blob/bulk/bulk-lane.ts");
  const { startWorker } = await import("./azure-blob/bulk/start-worker.ts");
  const environment = Object.fromEntries(
    [...TRANSPORT_VARIABLES, ...ROOTS_VARIABLES].map((name) => [name, settings.environment[name]]),
  );
  const worker = startWorker({ caCert: settings.caCert, environment });
  return new ThreadLane(worker, (transport) => openBlobClient(settings, { transport }));
}
