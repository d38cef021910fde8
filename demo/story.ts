import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BackupFile, backupFiles } from "./backup-files.ts";
import { buildExecutable } from "./build.ts";
import { tellDisks } from "./disks.ts";
import { CallFailed } from "./grpc.ts";
import { ACCOUNT, BUCKET, startLocalAzure } from "./local-azure.ts";
import { fetchWhole } from "./plain-client.ts";
import { Plugin } from "./plugin-client.ts";
import type { Scene, StoryOptions } from "./scene.ts";
import { tellTwoTenants } from "./two-tenants.ts";

const BACKUP = "nightly";
/** The name in the credentials file under which the account key stands, as the location config names it. */
const KEY_NAME = "AZURE_STORAGE_ACCOUNT_ACCESS_KEY";
/** gRPC's code for it. */
const UNAUTHENTICATED = 16;
/** What Velero gives a signed URL to live. */
const TEN_MINUTES = 10 * 60 * 1000;

const MIB = 1024 * 1024;

/** Tells how the plugin serves Velero, from its build to its end. Throws at the first thing that is not as told. */
export async function tellStory(options: StoryOptions): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-demo-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const { narrator, signal } = options;

  const executable = await narrator.step(
    "The executable is built for this machine, with Node alone",
    (progress) => buildExecutable({ temporary: folder, detail: narrator.detail, progress, signal }),
  );
  const azure = await narrator.step(
    "A local Azure starts, over https: Entra and Resource Manager (simulated), Blob Storage (Azurite)",
    async () => {
      const started = await startLocalAzure();
      cleanup.defer(() => started.world.stop());
      narrator.detail(`sign-in ${started.world.endpoints.entra}, tokens, roles and signatures are checked`);
      narrator.detail(`storage ${started.endpoint(ACCOUNT)}, container "${BUCKET}"`);
      return started;
    },
  );
  await tellPlugin({ ...options, executable, folder, azure, logged: [] });
}

async function tellPlugin(scene: Scene): Promise<void> {
  const { narrator } = scene;
  try {
    {
      await using plugin = await narrator.step("The plugin is started as Velero does", () =>
        startPlugin(scene),
      );
      await narrator.step("A location is validated", () => validate(scene, plugin));
      await tellBackup(scene, plugin);
      await narrator.step("Velero says Shutdown", () => shutDown(scene, plugin));
    }
    await narrator.step("A location with a wrong key is refused, in words that help", () => refuse(scene));
    await tellDisks(scene);
    await tellTwoTenants(scene);
    checkLogs(scene);
  } catch (error) {
    if (!scene.signal.aborted && scene.logged.length > 0) {
      narrator.say(`\nThe last lines that the plugin logged:\n${scene.logged.slice(-10).join("\n")}`);
    }
    throw error;
  }
}

async function tellBackup(scene: Scene, plugin: Plugin): Promise<void> {
  const { narrator } = scene;
  const files = backupFiles(BACKUP);
  const size = files.reduce((sum, { content }) => sum + content.length, 0);
  await narrator.step(`A backup is stored: ${files.length} files, ${megabytes(size)}`, async (progress) => {
    for (const file of files) await store(scene, plugin, file, progress);
  });
  await narrator.step(
    "The backup is found again, as when another cluster looks into the location",
    async () => {
      const found = await plugin.objects.listCommonPrefixes(BUCKET, "backups/", "/");
      deepStrictEqual(found, [`backups/${BACKUP}/`]);
      narrator.detail(`backups: ${found.join(", ")}`);
      const keys = await plugin.objects.list(BUCKET, `backups/${BACKUP}/`);
      deepStrictEqual(keys, files.map(({ key }) => key).toSorted());
      narrator.detail(`${keys.length} files in it, the same names`);
    },
  );
  await narrator.step("The backup is read back and compared byte by byte", async (progress) => {
    for (const file of files) await readBack(scene, plugin, file, progress);
  });
  await narrator.step("A signed URL is fetched by a plain client, as Velero's CLI does for logs", () =>
    fetchSigned(scene, plugin, `backups/${BACKUP}/${BACKUP}-logs.gz`, files),
  );
  await narrator.step("The backup is deleted", async () => {
    for (const key of await plugin.objects.list(BUCKET, `backups/${BACKUP}/`)) {
      await plugin.objects.delete(BUCKET, key);
    }
    deepStrictEqual(await plugin.objects.list(BUCKET, ""), []);
    narrator.detail("nothing is left in the container");
  });
}

async function startPlugin(scene: Scene): Promise<Plugin> {
  const { executable, folder, logged, signal, narrator } = scene;
  const plugin = await Plugin.start({
    executable,
    temporary: folder,
    log: (line) => logged.push(line),
    signal,
  });
  narrator.detail(`handshake after ${Math.round(plugin.handshakeMilliseconds)} ms: ${plugin.handshake}`);
  const offers = plugin.offers.map(({ kind, name }) => `${kind} ${name}`);
  narrator.detail(`ListPlugins after ${Math.round(plugin.readyMilliseconds)} ms: ${offers.join(", ")}`);
  ok(
    offers.includes("ObjectStore velero.io/azure"),
    "the plugin does not offer the object store velero.io/azure",
  );
  return plugin;
}

/** What Velero does each minute: Init, and a look at what is in the top folder. */
async function validate(scene: Scene, plugin: Plugin): Promise<void> {
  await plugin.objects.init(await locationConfig(scene, "credentials", scene.azure.accountKey));
  deepStrictEqual(await plugin.objects.listCommonPrefixes(BUCKET, "", "/"), []);
  scene.narrator.detail(`account ${ACCOUNT}, container "${BUCKET}": reachable, and the key is right`);
}

/** The config that Velero hands to Init: the location's own, and what Velero adds (bucket, prefix, caCert, file). */
async function locationConfig(scene: Scene, name: string, key: string): Promise<Record<string, string>> {
  const credentialsFile = join(scene.folder, name);
  await writeFile(credentialsFile, `${KEY_NAME}=${key}\n`, { mode: 0o600 });
  return {
    storageAccount: ACCOUNT,
    storageAccountURI: scene.azure.endpoint(ACCOUNT),
    storageAccountKeyEnvVar: KEY_NAME,
    bucket: BUCKET,
    prefix: "",
    caCert: scene.azure.authority,
    credentialsFile,
  };
}

async function store(
  { narrator }: Scene,
  { objects }: Plugin,
  { key, content }: BackupFile,
  progress: (text: string) => void,
): Promise<void> {
  const started = performance.now();
  equal(await objects.exists(BUCKET, key), false, `"${key}" is there before it was stored`);
  await objects.put(BUCKET, key, content, (sent) => progress(`${key} ${megabytes(sent)}`));
  equal(await objects.exists(BUCKET, key), true, `"${key}" is not there after it was stored`);
  if (content.length > MIB)
    narrator.detail(`${key}, ${megabytes(content.length)}: ${pace(content, started)}`);
}

async function readBack(
  { narrator }: Scene,
  { objects }: Plugin,
  { key, content }: BackupFile,
  progress: (text: string) => void,
): Promise<void> {
  const started = performance.now();
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of objects.get(BUCKET, key)) {
    hash.update(chunk);
    length += chunk.length;
    progress(`${key} ${megabytes(length)}`);
  }
  equal(length, content.length, `"${key}" came back with another length`);
  equal(hash.digest("hex"), sha256(content), `"${key}" came back with other bytes`);
  if (length > MIB)
    narrator.detail(`${key}, ${megabytes(length)}: ${pace(content, started)}, the same SHA-256`);
}

async function fetchSigned(
  { narrator, azure: { authority }, signal }: Scene,
  { objects }: Plugin,
  key: string,
  files: readonly BackupFile[],
): Promise<void> {
  const url = await objects.signedUrl(BUCKET, key, TEN_MINUTES);
  const unsigned = new URL(url);
  unsigned.search = "";
  narrator.detail(`${unsigned.href}?…, for ten minutes and for reading only`);
  const answer = await fetchWhole(url, authority, signal);
  equal(answer.status, 200, `the signed URL was answered with ${answer.status}`);
  const stored = files.find((file) => file.key === key);
  ok(stored !== undefined && answer.body.equals(stored.content), "the signed URL brought other bytes");
  narrator.detail(`GET: ${answer.status}, ${answer.body.length} bytes, the same`);
  const refused = await fetchWhole(unsigned.href, authority, signal);
  ok(refused.status >= 400, "the address can be read without its signature");
  narrator.detail(`GET without the signature: ${refused.status}`);
}

async function shutDown({ narrator, folder }: Scene, plugin: Plugin): Promise<void> {
  const peak = await plugin.peakMemory();
  equal(await plugin.shutdown(), 0, "the plugin's process did not end well");
  const left = (await readdir(folder)).filter((name) => name.startsWith("velero-azure-"));
  deepStrictEqual(left, [], "the plugin left its socket behind");
  narrator.detail(
    `the process is gone and so is its socket; it took ${Math.round(peak)} MiB of memory at most`,
  );
}

async function refuse(scene: Scene): Promise<void> {
  const { executable, folder, logged, signal, narrator } = scene;
  const log = (line: string): number => logged.push(line);
  await using plugin = await Plugin.start({ executable, temporary: folder, log, signal });
  const wrongKey = randomBytes(64).toString("base64");
  await plugin.objects.init(await locationConfig(scene, "wrong-credentials", wrongKey));
  const failure = await plugin.objects.listCommonPrefixes(BUCKET, "", "/").then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof CallFailed)) throw new Error("a wrong key was not refused", { cause: failure });
  equal(failure.code, UNAUTHENTICATED, `a wrong key was refused otherwise: ${failure.message}`);
  ok(failure.message.includes(ACCOUNT), `the refusal does not name the account: ${failure.message}`);
  ok(!failure.message.includes(wrongKey), "the message of the refusal holds the key");
  narrator.detail(`Velero shows: ${failure.message}`);
  await plugin.shutdown();
}

/** Every process logged all that it did: no key and no token may be in there. */
function checkLogs({ logged, azure, narrator }: Scene): void {
  ok(!logged.some((line) => line.includes(azure.accountKey)), "the account key is in the plugin's log");
  // What a token begins with: JSON's opening brace and quotation mark, in base64.
  ok(!logged.some((line) => /eyJ[\w-]{20}/.test(line)), "a token is in the plugin's log");
  narrator.say(`\nThe plugins logged ${logged.length} lines at debug level; no key and no token is in them.`);
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function megabytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function pace(content: Uint8Array, started: number): string {
  const seconds = (performance.now() - started) / 1000;
  return `${seconds.toFixed(1)} s, ${Math.round(content.length / MIB / seconds)} MiB/s`;
}
