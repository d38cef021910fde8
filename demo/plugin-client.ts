import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  GRPCBrokerDefinition,
  GRPCControllerDefinition,
  GRPCStdioDefinition,
} from "../src/plugin/gen/goplugin/plugin.ts";
import { HealthDefinition } from "../src/plugin/gen/grpc/health.ts";
import { ObjectStoreDefinition } from "../src/plugin/gen/velero/object_store.ts";
import { VolumeSnapshotterDefinition } from "../src/plugin/gen/velero/volume_snapshotter.ts";
import { PluginListerDefinition, type PluginIdentifier } from "../src/plugin/gen/velero/plugin_lister.ts";
import { GrpcConnection } from "./grpc.ts";

/** The provider's name in a location. */
const PROVIDER = "velero.io/azure";

/** Velero reads a file in pieces of this size, each of which becomes a message. */
const PIECE_BYTES = 16 * 1024;

/** What go-plugin's host gives a plugin to end by itself. */
const SHUTDOWN_MILLISECONDS = 2_000;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** gRPC health's SERVING. */
const SERVING = 1;

export interface PluginOptions {
  readonly executable: string;
  /** The folder in which the plugin makes its socket. */
  readonly temporary: string;
  /** Called with each line that the plugin logs, JSON. */
  readonly log: (line: string) => void;
  /** Breaks off whatever the plugin is asked. */
  readonly signal: AbortSignal;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * A plugin's process, started and spoken to as Velero does it: hashicorp's go-plugin with its handshake on stdout
 * (that project's client.go), then gRPC over the socket that the handshake names.
 */
export class Plugin implements AsyncDisposable {
  readonly pid: number;
  /** From just before the process was started until its handshake line was there, and until ListPlugins was answered. */
  readonly handshakeMilliseconds: number;
  readonly readyMilliseconds: number;
  readonly handshake: string;
  readonly offers: readonly PluginIdentifier[];
  readonly objects: ObjectStoreClient;
  readonly volumes: VolumeSnapshotterClient;
  readonly #child: Child;
  readonly #connection: GrpcConnection;

  private constructor(
    child: Child,
    connection: GrpcConnection,
    told: Pick<Plugin, "handshake" | "handshakeMilliseconds" | "readyMilliseconds" | "offers">,
  ) {
    this.#child = child;
    this.#connection = connection;
    this.pid = child.pid ?? 0;
    this.handshake = told.handshake;
    this.handshakeMilliseconds = told.handshakeMilliseconds;
    this.readyMilliseconds = told.readyMilliseconds;
    this.offers = told.offers;
    this.objects = new ObjectStoreClient(connection);
    this.volumes = new VolumeSnapshotterClient(connection);
  }

  static async start({ executable, temporary, log, signal }: PluginOptions): Promise<Plugin> {
    const began = performance.now();
    // Velero hands its own server's flags on to every plugin.
    const child = spawn(executable, ["--log-level", "debug", "--features", "", "--uploader-type=kopia"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { TMPDIR: temporary, VELERO_PLUGIN: "hello", PLUGIN_PROTOCOL_VERSIONS: "2" },
    });
    try {
      createInterface({ input: child.stderr }).on("line", log);
      const handshake = await firstLine(child, signal);
      const handshakeMilliseconds = performance.now() - began;
      const connection = await GrpcConnection.open(socketOf(handshake), signal);
      const offers = await greet(connection);
      const readyMilliseconds = performance.now() - began;
      return new Plugin(child, connection, { handshake, handshakeMilliseconds, readyMilliseconds, offers });
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** The most memory the process has had resident, in MiB. */
  async peakMemory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  /** Asks the process to end as Velero does. Resolves to its exit code when it has ended; throws if it has not. */
  async shutdown(): Promise<number | null> {
    const exited = once(this.#child, "exit");
    await this.#connection.unary(GRPCControllerDefinition, GRPCControllerDefinition.methods.shutdown, {});
    this.#connection.close();
    await Promise.race([exited, delay(SHUTDOWN_MILLISECONDS, undefined, { ref: false })]);
    if (this.#running)
      throw new Error(`the plugin's process has not ended ${SHUTDOWN_MILLISECONDS / 1000} s after Shutdown`);
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    if (!this.#running) return;
    const exited = once(this.#child, "exit");
    // Asked first, so that it removes its socket; a process that does not listen must go all the same.
    this.#child.kill("SIGTERM");
    await Promise.race([exited, delay(SHUTDOWN_MILLISECONDS, undefined, { ref: false })]);
    if (!this.#running) return;
    this.#child.kill("SIGKILL");
    await exited;
  }

  get #running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

async function firstLine(child: Child, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).once("line", resolve);
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`the plugin ended with code ${code} before its handshake`)));
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return await promise;
}

/** `1|2|unix|PATH|grpc|`: go-plugin's version, Velero's version, network, address, protocol. */
function socketOf(handshake: string): string {
  const [core, velero, network, path, protocol] = handshake.split("|");
  if (core !== "1" || velero !== "2" || network !== "unix" || protocol !== "grpc" || path === undefined) {
    throw new Error(`the handshake "${handshake}" is none that Velero takes`);
  }
  return path;
}

/** What go-plugin and Velero ask of every plugin once they are connected. */
async function greet(connection: GrpcConnection): Promise<readonly PluginIdentifier[]> {
  connection.hold(GRPCBrokerDefinition, GRPCBrokerDefinition.methods.startStream);
  connection.hold(GRPCStdioDefinition, GRPCStdioDefinition.methods.streamStdio, {});
  const { check } = HealthDefinition.methods;
  const { status } = await connection.unary(HealthDefinition, check, { service: "plugin" });
  if (status !== SERVING) throw new Error("the plugin says that it is not serving");
  const { listPlugins } = PluginListerDefinition.methods;
  return (await connection.unary(PluginListerDefinition, listPlugins, {})).plugins;
}

/** Velero's calls of an object store. */
export class ObjectStoreClient {
  readonly #connection: GrpcConnection;

  constructor(connection: GrpcConnection) {
    this.#connection = connection;
  }

  async init(config: Readonly<Record<string, string>>): Promise<void> {
    const { init } = ObjectStoreDefinition.methods;
    await this.#connection.unary(ObjectStoreDefinition, init, { plugin: PROVIDER, config: { ...config } });
  }

  /** `sent` is called with the number of bytes handed over so far. */
  async put(bucket: string, key: string, body: Uint8Array, sent: (bytes: number) => void): Promise<void> {
    const { putObject } = ObjectStoreDefinition.methods;
    function* pieces() {
      for (let at = 0; at < body.length; at += PIECE_BYTES) {
        sent(at);
        yield { plugin: PROVIDER, bucket, key, body: body.subarray(at, at + PIECE_BYTES) };
      }
    }
    await this.#connection.upload(ObjectStoreDefinition, putObject, pieces());
  }

  async *get(bucket: string, key: string): AsyncGenerator<Uint8Array> {
    const request = { plugin: PROVIDER, bucket, key };
    const { getObject } = ObjectStoreDefinition.methods;
    for await (const { data } of this.#connection.download(ObjectStoreDefinition, getObject, request))
      yield data;
  }

  async exists(bucket: string, key: string): Promise<boolean> {
    const { objectExists } = ObjectStoreDefinition.methods;
    const request = { plugin: PROVIDER, bucket, key };
    return (await this.#connection.unary(ObjectStoreDefinition, objectExists, request)).exists;
  }

  async listCommonPrefixes(bucket: string, prefix: string, delimiter: string): Promise<readonly string[]> {
    const request = { plugin: PROVIDER, bucket, prefix, delimiter };
    const { listCommonPrefixes } = ObjectStoreDefinition.methods;
    return (await this.#connection.unary(ObjectStoreDefinition, listCommonPrefixes, request)).prefixes;
  }

  async list(bucket: string, prefix: string): Promise<readonly string[]> {
    const { listObjects } = ObjectStoreDefinition.methods;
    const request = { plugin: PROVIDER, bucket, prefix };
    return (await this.#connection.unary(ObjectStoreDefinition, listObjects, request)).keys;
  }

  async delete(bucket: string, key: string): Promise<void> {
    const { deleteObject } = ObjectStoreDefinition.methods;
    await this.#connection.unary(ObjectStoreDefinition, deleteObject, { plugin: PROVIDER, bucket, key });
  }

  async signedUrl(bucket: string, key: string, ttlMilliseconds: number): Promise<string> {
    const { createSignedURL } = ObjectStoreDefinition.methods;
    const ttl = BigInt(ttlMilliseconds) * NANOSECONDS_PER_MILLISECOND;
    return (
      await this.#connection.unary(ObjectStoreDefinition, createSignedURL, {
        plugin: PROVIDER,
        bucket,
        key,
        ttl,
      })
    ).url;
  }
}

/** As much of a PersistentVolume as the story has. */
interface Volume {
  readonly spec: { readonly csi: { readonly driver: string; readonly volumeHandle: string } };
}

/** Velero's calls of a volume snapshotter. */
export class VolumeSnapshotterClient {
  readonly #connection: GrpcConnection;

  constructor(connection: GrpcConnection) {
    this.#connection = connection;
  }

  async init(config: Readonly<Record<string, string>>): Promise<void> {
    const { init } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, config: { ...config } };
    await this.#connection.unary(VolumeSnapshotterDefinition, init, request);
  }

  /** The volume ID of a PersistentVolume. */
  async volumeId(volume: Volume): Promise<string> {
    const { getVolumeID } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, persistentVolume: Buffer.from(JSON.stringify(volume)) };
    return (await this.#connection.unary(VolumeSnapshotterDefinition, getVolumeID, request)).volumeID;
  }

  /** The PersistentVolume with another disk in it. */
  async withVolumeId(volume: Volume, volumeID: string): Promise<Volume> {
    const { setVolumeID } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, persistentVolume: Buffer.from(JSON.stringify(volume)), volumeID };
    const answer = await this.#connection.unary(VolumeSnapshotterDefinition, setVolumeID, request);
    return JSON.parse(Buffer.from(answer.persistentVolume).toString("utf8")) as Volume;
  }

  async volumeType(volumeID: string): Promise<string> {
    const { getVolumeInfo } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, volumeID, volumeAZ: "" };
    return (await this.#connection.unary(VolumeSnapshotterDefinition, getVolumeInfo, request)).volumeType;
  }

  async createSnapshot(volumeID: string, volumeAZ: string, tags: Record<string, string>): Promise<string> {
    const { createSnapshot } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, volumeID, volumeAZ, tags };
    return (await this.#connection.unary(VolumeSnapshotterDefinition, createSnapshot, request)).snapshotID;
  }

  async createVolumeFromSnapshot(snapshotID: string, volumeType: string, volumeAZ: string): Promise<string> {
    const { createVolumeFromSnapshot } = VolumeSnapshotterDefinition.methods;
    const request = { plugin: PROVIDER, snapshotID, volumeType, volumeAZ, iops: 0n };
    return (await this.#connection.unary(VolumeSnapshotterDefinition, createVolumeFromSnapshot, request))
      .volumeID;
  }

  async deleteSnapshot(snapshotID: string): Promise<void> {
    const { deleteSnapshot } = VolumeSnapshotterDefinition.methods;
    await this.#connection.unary(VolumeSnapshotterDefinition, deleteSnapshot, {
      plugin: PROVIDER,
      snapshotID,
    });
  }
}
