import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { UNKNOWN_TRAITS } from "../../src/azure/resource-manager/disk.ts";
import { silentLogger } from "../../src/log/logger.ts";
import type { CopyPlace } from "../../src/snapshot/record/disk-record.ts";
import { recordOf } from "../../src/snapshot/record/disk-record.ts";
import { copyOf } from "../../src/snapshot/record/snapshot-name.ts";
import { formatResourceId, parseResourceId } from "../../src/snapshot/resource-id.ts";
import { snapshotTags } from "../../src/snapshot/record/snapshot-tags.ts";
import { openObjectStore } from "../../src/store/open-object-store.ts";

export const SUBSCRIPTION = "33333333-3333-4333-8333-333333333333";
export const DISKS = { subscriptionId: SUBSCRIPTION, resourceGroup: "MC_cluster" };
export const SNAPSHOTS = { subscriptionId: SUBSCRIPTION, resourceGroup: "snapshots" };
export const COPIES = { region: "northeurope", resourceGroup: "copies" };
const TENANT = "11111111-1111-4111-8111-111111111111";
const ACCOUNT = "velerobackups";
const BUCKET = "velero";
const HOUR = 3_600_000;

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SnapshotWish {
  /** Default: one that no other has. */
  readonly name?: string;
  readonly backup?: string;
  /** The backup storage location that its tags name; null: none. Default: `default`. */
  readonly backupLocation?: string | null;
  /** In hours. Default: 48. */
  readonly age?: number;
  readonly incremental?: boolean;
  /** Where its record says the disk was. Default: the world's disks; null: it has no record. */
  readonly disks?: typeof DISKS | null;
  /** The place of the copy that its record names. */
  readonly copy?: CopyPlace;
}

/** What the location objects of a file are like; what is not said is as it works. */
export interface LocationsWish {
  readonly config?: Readonly<Record<string, string>>;
  readonly backupLocations?: readonly Readonly<Record<string, unknown>>[];
}

/** A simulated Azure with a cluster's disk, a group for snapshots, another for copies, and a container for backups. */
export interface CliWorld extends AsyncDisposable {
  readonly azure: Simulator;
  readonly folder: string;
  readonly credentialsFile: string;
  readonly diskId: string;
  /** Adds a snapshot that was taken before; its resource ID. */
  snapshot(wish?: SnapshotWish): string;
  /** Adds the copy that the snapshot's record names; its resource ID. */
  copy(snapshotId: string): string;
  /** Stores a backup as Velero does. */
  backup(name: string, snapshotIds: readonly string[], prefix?: string): Promise<void>;
  /** Stores any object in the container. */
  object(key: string, content: string | Buffer): Promise<void>;
  /** Takes all snapshots away, and empties the container. */
  clear(): Promise<void>;
  snapshots(): string[];
  /** A locations file, as kubectl writes it. */
  locations(wish?: LocationsWish): Promise<string>;
  file(name: string, content: string): Promise<string>;
  /** `velero-azure snapshots ARGS`. */
  run(args: readonly string[], input?: string): Promise<CliResult>;
  /** The same on a terminal, where the answer is typed when the prompt appears; all that it shows is `stdout`. */
  runOnTerminal(args: readonly string[], prompt: string, answer: string): Promise<CliResult>;
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TERMINAL = fileURLToPath(new URL("terminal.py", import.meta.url));

/** `command` starts the command line; by default from the sources. */
export async function startCliWorld(
  command: readonly string[] = [process.execPath, MAIN],
): Promise<CliWorld> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-cli-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const azure = await startSimulator();
  stack.defer(() => azure.stop());
  let last = 0;
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, `${++last}-${name}`);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const { diskId, values } = await furnish(azure);
  const credentialsFile = await file("credentials", values);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HTTPS_PROXY: azure.endpoints.proxy,
    SSL_CERT_FILE: await file("ca.pem", azure.authority.certificate),
    AZURE_CREDENTIALS_FILE: credentialsFile,
    TMPDIR: folder,
  };
  const config = { storageAccount: ACCOUNT, useAAD: "true", credentialsFile };
  const store = await openObjectStore(config, env, silentLogger);
  stack.defer(() => store.close());
  const { signal } = new AbortController();
  const object = async (key: string, content: string | Buffer): Promise<void> => {
    let rest = Buffer.from(content);
    const fill = async (target: Uint8Array): Promise<number> => {
      const length = rest.copy(target);
      rest = rest.subarray(length);
      return length;
    };
    await store.put(BUCKET, key, { fill }, { signal });
  };
  const { inventory } = azure;
  const all = stack.move();
  return {
    ...{ azure, folder, credentialsFile, diskId, file, object },
    snapshot: (wish = {}) => addSnapshot(azure, diskId, wish),
    copy: (snapshotId) => addCopy(azure, snapshotId),
    backup: async (name, snapshotIds, prefix = "") => {
      const status = { phase: "Completed", volumeSnapshotsAttempted: snapshotIds.length };
      const metadata = { apiVersion: "velero.io/v1", kind: "Backup", metadata: { name }, status };
      const list = snapshotIds.map((id) => ({
        spec: { backupName: name },
        status: { providerSnapshotID: id, phase: "Completed" },
      }));
      await object(`${prefix}backups/${name}/velero-backup.json`, JSON.stringify(metadata));
      const packed = gzipSync(`${JSON.stringify(list)}\n`);
      await object(`${prefix}backups/${name}/${name}-volumesnapshots.json.gz`, packed);
    },
    clear: async () => {
      for (const key of Object.keys(inventory.state.snapshots)) delete inventory.state.snapshots[key];
      for (const key of await store.list(BUCKET, "", { signal })) await store.delete(BUCKET, key, { signal });
      azure.log.clear();
    },
    snapshots: () => inventory.snapshots().map(({ id }) => id),
    locations: async (wish = {}) => file("locations.yaml", locationsText(wish)),
    run: async (args, input = "") => run([...command, "snapshots", ...args], env, input),
    runOnTerminal: async (args, prompt, answer) =>
      run(["python3", TERMINAL, prompt, answer, ...command, "snapshots", ...args], env, ""),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function run(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<CliResult> {
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  // A command that does not read its input may end before it was written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

async function furnish({ containers, directory, inventory }: Simulator) {
  directory.addTenant({ tenantId: TENANT, domains: ["contoso.onmicrosoft.com"] });
  inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
  const group = (name: string, location = "westeurope") =>
    inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name, location });
  const disks = group(DISKS.resourceGroup);
  const snapshots = group(SNAPSHOTS.resourceGroup);
  const copies = group(COPIES.resourceGroup, COPIES.region);
  const account = inventory.addStorageAccount({ ...SNAPSHOTS, name: ACCOUNT });
  const disk = inventory.addDisk({ ...DISKS, name: "data" });
  await containers.create(ACCOUNT, BUCKET);
  const application = directory.addApplication({ tenantId: TENANT, displayName: "velero" });
  const allow = (role: string, scope: string) =>
    inventory.assignRole({ principalId: application.objectId, role, scope });
  allow("Storage Blob Data Contributor", account.id);
  allow("Disk Backup Reader", disks.id);
  for (const { id } of [snapshots, copies]) allow("Disk Snapshot Contributor", id);
  // Of the disk encryption sets there.
  allow("Reader", copies.id);
  const values = [
    `AZURE_TENANT_ID=${TENANT}`,
    `AZURE_CLIENT_ID=${application.clientId}`,
    `AZURE_CLIENT_SECRET='${directory.addSecret(application).value}'`,
    `AZURE_SUBSCRIPTION_ID=${SUBSCRIPTION}`,
    `AZURE_RESOURCE_GROUP=${DISKS.resourceGroup}`,
  ];
  return { diskId: disk.id, values: values.join("\n") };
}

let made = 0;

function addSnapshot({ clock, inventory }: Simulator, diskId: string, wish: SnapshotWish): string {
  const { name = `data-${String(++made).padStart(4, "0")}`, backup = "daily", age = 48 } = wish;
  const { backupLocation = "default", disks = DISKS, copy, incremental = true } = wish;
  const velero = {
    "velero.io/backup": backup,
    "velero.io/pv": `pv-${name}`,
    ...(backupLocation === null ? {} : { "velero.io/storage-location": backupLocation }),
  };
  const tags =
    disks === null
      ? Object.fromEntries(Object.entries(velero).map(([key, value]) => [key.replace("/", "-"), value]))
      : snapshotTags({ record: { ...RECORD, place: disks, copy }, disk: {}, velero, config: {} }).tags;
  const timeCreated = new Date(clock.now() - age * HOUR).toISOString();
  return inventory.addSnapshot({
    ...SNAPSHOTS,
    name,
    sourceResourceId: diskId,
    incremental,
    tags,
    timeCreated,
  }).id;
}

const RECORD = recordOf(
  {
    ...UNKNOWN_TRAITS,
    ...{ id: "", name: "data", location: "westeurope", sku: "Premium_LRS", tags: {}, zones: ["1"] },
    ...{ sizeBytes: undefined, uniqueId: undefined, provisioningState: undefined, diskState: undefined },
  },
  DISKS,
  undefined,
);

function addCopy({ inventory }: Simulator, snapshotId: string): string {
  const first = inventory.snapshot(snapshotId);
  const parsed = parseResourceId("snapshots", snapshotId);
  if (first === undefined || parsed === undefined) throw new Error(`there is no snapshot "${snapshotId}"`);
  const id = copyOf(parsed, COPIES);
  const { tags, timeCreated } = first;
  return inventory.addSnapshot({
    ...{ ...id, location: COPIES.region, sourceResourceId: snapshotId, incremental: true },
    ...{ tags, timeCreated },
  }).id;
}

export function snapshotIdOf(name: string): string {
  return formatResourceId("snapshots", { ...SNAPSHOTS, name });
}

/** As JSON, which is YAML, too. */
function locationsText({ config = {}, backupLocations = [{}] }: LocationsWish): string {
  const object = (kind: string, name: string, spec: object): object => ({
    apiVersion: "velero.io/v1",
    kind,
    metadata: { name, namespace: "velero" },
    spec: { provider: "velero.io/azure", ...spec },
  });
  const items = [
    object("VolumeSnapshotLocation", "default", {
      config: { resourceGroup: SNAPSHOTS.resourceGroup, ...config },
    }),
    ...backupLocations.map(({ name = "default", ...spec }) =>
      object("BackupStorageLocation", String(name), {
        config: { storageAccount: ACCOUNT, useAAD: "true" },
        objectStorage: { bucket: BUCKET },
        ...spec,
      }),
    ),
  ];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
