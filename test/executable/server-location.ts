import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServer, type BlobServerOptions, type BlobServerRequest } from "../../bench/blob-server.ts";
import { assertContent, type Content } from "../conformance/content.ts";
import type { Subject } from "../conformance/subject.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin, type StartPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";

export const MIB = 1024 * 1024;

const ACCOUNT = "benchaccount";
const CONTAINER = "backups";

/** A location in the project's own blob server, which verifies checksums and fails on demand. */
export interface ServerLocation {
  readonly server: BlobServer;
  readonly host: PluginHost;
  readonly container: string;
  /** What Velero would pass to Init. */
  readonly config: Readonly<Record<string, string>>;
  /** Starts the executable; Init is the caller's. */
  readonly startPlugin: (plugin?: Partial<StartPlugin>) => Promise<HostedPlugin>;
  readonly subjectOf: (plugin: HostedPlugin) => Subject;
  readonly stop: () => Promise<void>;
}

export async function startServerLocation(options: Partial<BlobServerOptions> = {}): Promise<ServerLocation> {
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-faults-"));
  const credentialsFile = join(folder, "credentials");
  const key = randomBytes(64).toString("base64");
  await writeFile(credentialsFile, `AZURE_STORAGE_KEY=${key}\n`, { mode: 0o600 });
  const server = await BlobServer.start({ containers: [CONTAINER], verify: true, ...options });
  const host = await PluginHost.start();
  return {
    server,
    host,
    container: CONTAINER,
    config: {
      storageAccount: ACCOUNT,
      storageAccountURI: server.endpoint(ACCOUNT),
      credentialsFile,
      bucket: CONTAINER,
      prefix: "",
    },
    startPlugin: (plugin) => host.startPlugin({ path: executableUnderTest(), ...plugin }),
    subjectOf: (plugin) => ({ store: new HostObjectStore(plugin), container: CONTAINER }),
    stop: async () => {
      await host.close();
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** To be called after each test: a fault that did not strike proved nothing. */
export async function assertAllStruck(server: BlobServer): Promise<void> {
  const left = await server.pendingFaults();
  await server.clearFaults();
  await server.resetStats();
  assert.deepEqual(left, [], "faults that did not strike");
}

/** The server's own bytes, read past the plugin. */
export async function assertStored(server: BlobServer, key: string, expected: Content): Promise<void> {
  const answer = await fetch(`${server.endpoint(ACCOUNT)}/${CONTAINER}/${key}`);
  assert.equal(answer.status, 200);
  assert.ok(answer.body !== null);
  await assertContent(answer.body, expected);
}

/** The requests for the key, in the order in which they came. */
export async function requestsFor(server: BlobServer, key: string): Promise<BlobServerRequest[]> {
  const requests = (await server.requests()).filter((request) => request.key === key);
  return requests.toSorted((one, other) => one.atMilliseconds - other.atMilliseconds);
}

/**
 * Moves large objects until the plugin's second thread takes part. From then on the third piece and those after it go
 * through that thread.
 */
export async function wakeSecondThread({ server }: ServerLocation, plugin: HostedPlugin): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const before = await secondThreadTicks(plugin.pid);
    await plugin.bench({ op: "put", bucket: CONTAINER, key: "wake", size: 32 * MIB });
    // Compiling its script is some ticks too; a thread that was there before the upload has that behind it.
    if (before > 0 && (await secondThreadTicks(plugin.pid)) > before) {
      await server.resetStats();
      return;
    }
  }
  assert.fail("large objects do not go through a second thread");
}

/** Processor time of the threads that Node names WorkerThread, in the kernel's ticks (proc_pid_stat(5), 14 and 15). */
async function secondThreadTicks(pid: number): Promise<number> {
  let ticks = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat.includes("(WorkerThread)")) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks;
}
