import { tmpdir } from "node:os";
import { openTokenSource } from "../azure/auth/open-token-source.ts";
import { openCloud } from "../azure/cloud/clouds.ts";
import { NodeTransport } from "../azure/http/node-transport.ts";
import { type Clock, systemClock } from "../azure/http/pipeline.ts";
import type { HttpTransport } from "../azure/http/transport.ts";
import { transportSettings } from "../azure/open.ts";
import { openResourceManager } from "../azure/resource-manager/open.ts";
import { Throttle } from "../azure/resource-manager/throttle.ts";
import type { CredentialValues, Environment } from "../config/credentials-file.ts";
import { parseVolumeSnapshotterConfig } from "../config/volume-snapshotter-config.ts";
import { chooseIdentity } from "../credentials/choose.ts";
import { LiveCredentials } from "../credentials/live-credentials.ts";
import { Failure } from "../errors/error.ts";
import type { Logger } from "../log/logger.ts";
import { VERSION } from "../version.ts";
import { type ManagedDiskOptions, ManagedDiskSnapshotter } from "./managed-disk.ts";
import type { ComputePlace } from "./resource-id.ts";
import type { SnapshotInventory } from "./upkeep/snapshot-inventory.ts";
import type { VolumeSnapshotter } from "./snapshotter.ts";

/** What tests put in place of the usual, and what the locations of a process share. */
export interface SnapshotterStandIns {
  readonly throttle?: Throttle | undefined;
  readonly transport?: HttpTransport | undefined;
  readonly clock?: Clock | undefined;
  readonly temporaryFolder?: string | undefined;
}

/**
 * Opens the snapshotters of one process: a wait that Azure asks one of them for, is for all of them, also when Velero goes
 * from one location to the next and back within a backup.
 */
export function snapshotterOpener(env: Environment, standIns: SnapshotterStandIns = {}): OpenLocation {
  const shared = { throttle: new Throttle(standIns.clock ?? systemClock), ...standIns };
  return (raw, logger) => openSnapshotter(raw, env, logger, shared);
}

type OpenLocation = (raw: Readonly<Record<string, string>>, logger: Logger) => Promise<VolumeSnapshotter>;

/**
 * Makes the snapshotter of a location from the config map that Velero gives to Init. Makes no request: what is wrong with
 * the config or the credentials file is told here (InvalidArgument, …), what is wrong with the sign-in by the first
 * request.
 */
export async function openSnapshotter(
  raw: Readonly<Record<string, string>>,
  env: Environment,
  logger: Logger,
  standIns: SnapshotterStandIns = {},
): Promise<VolumeSnapshotter> {
  return new ManagedDiskSnapshotter(openParts(raw, env, logger, standIns));
}

/** For people who look after a location's snapshots; otherwise as `openSnapshotter`. */
export async function openInventory(
  raw: Readonly<Record<string, string>>,
  env: Environment,
  logger: Logger,
): Promise<SnapshotInventory> {
  const { SnapshotInventory } = await import("./upkeep/snapshot-inventory.ts");
  return new SnapshotInventory(openParts(raw, env, logger, {}));
}

function openParts(
  raw: Readonly<Record<string, string>>,
  env: Environment,
  logger: Logger,
  standIns: SnapshotterStandIns,
): ManagedDiskOptions {
  const { config, warnings } = parseVolumeSnapshotterConfig(raw);
  for (const warning of warnings) logger.log("warn", warning);
  const unusable = (error: unknown): void =>
    logger.log("warn", "the credentials file cannot be used as it is now: what it held before is", { error });
  const { current } = new LiveCredentials(config, env, unusable);
  const values = current();
  const { activeDirectoryAuthorityURI } = config;
  const input = { config: { activeDirectoryAuthorityURI }, values, current, unusable, env, now: Date.now() };
  const choice = chooseIdentity(input);
  for (const warning of choice.warnings) logger.log("warn", warning);
  logger.log("debug", "signing in", { signIn: choice.explanation });
  const disks = placeOfDisks(values);
  const clock = standIns.clock ?? systemClock;
  const userAgent = `velero-azure/${VERSION}`;
  const transport =
    standIns.transport ?? new NodeTransport(transportSettings({ caCert: config.caCert, environment: env }));
  const shared = { transport, logger, userAgent, clock };
  const cloud = openCloud(choice.cloud, shared);
  const tokens = openTokenSource(choice.credential.identity, { ...shared, cloud });
  const { apiVersion } = config;
  const { throttle } = standIns;
  const manager = openResourceManager({ ...shared, cloud, tokens, apiVersion, throttle });
  return {
    config,
    disks,
    snapshots: {
      subscriptionId: config.subscriptionId ?? disks.subscriptionId,
      resourceGroup: config.resourceGroup ?? disks.resourceGroup,
    },
    restores: { ...disks, resourceGroup: config.restoreResourceGroup ?? disks.resourceGroup },
    logger,
    clock,
    veleroNamespace: env["VELERO_NAMESPACE"] ?? "",
    temporaryFolder: standIns.temporaryFolder ?? temporaryFolder(env),
    manager: (signal) => manager.get(signal),
    close: () => transport.close(),
  };
}

/** Velero's scratch volume outlives a container that was killed; a container's own folders do not. */
function temporaryFolder(env: Environment): string {
  const scratch = env["VELERO_SCRATCH_DIR"] ?? "";
  return scratch === "" ? tmpdir() : scratch;
}

/** The config's keys of that name say where snapshots go; only the credentials file says where disks are. */
function placeOfDisks(values: CredentialValues): ComputePlace {
  const subscriptionId = values.get("AZURE_SUBSCRIPTION_ID");
  const resourceGroup = values.get("AZURE_RESOURCE_GROUP");
  if (subscriptionId !== undefined && resourceGroup !== undefined) {
    return { subscriptionId, resourceGroup };
  }
  const missing = [
    ...(subscriptionId === undefined ? ["AZURE_SUBSCRIPTION_ID"] : []),
    ...(resourceGroup === undefined ? ["AZURE_RESOURCE_GROUP"] : []),
  ];
  const file =
    values.path === undefined
      ? "no credentials file is named"
      : `"${values.path}" does not have ${missing.length === 1 ? "it" : "them"}`;
  throw new Failure(
    "InvalidArgument",
    `cannot find the cluster's disks: ${missing.join(" and ")} must be in the credentials file, and ${file}`,
    {
      hint: "add them: the subscription and the resource group of the cluster's nodes and disks (with AKS, the group whose name begins with MC_)",
    },
  );
}
