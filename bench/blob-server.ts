import { Failure } from "../src/errors/error.ts";
import { Daemon } from "./daemon.ts";
import { blobServerExecutable } from "./go-tools.ts";

/** The operations that the server tells apart, in the words of Azure's REST reference. */
export type BlobOperation =
  | "PutBlob"
  | "PutBlock"
  | "PutBlockList"
  | "GetBlob"
  | "GetBlobProperties"
  | "DeleteBlob"
  | "ListBlobs"
  | "CreateContainer"
  | "DeleteContainer"
  | "GetContainerProperties"
  | "GetAccountInformation"
  | "Unknown";

/** Something that goes wrong for the next request that fits. bench/go/blobserver/faults.go describes the kinds. */
export interface BlobFault {
  readonly kind:
    | "status"
    | "reset"
    | "hang"
    | "delay"
    | "flip-upload"
    | "cut-upload"
    | "flip-download"
    | "cut-download"
    | "short-download"
    | "hang-download"
    | "change";
  /** Default: any. */
  readonly operation?: BlobOperation;
  /** A part of the key. Default: any. */
  readonly key?: string;
  /** Requests that fit but pass before it strikes. Default 0. */
  readonly skip?: number;
  /** How often it strikes. Default 1. */
  readonly times?: number;
  /** The answer of kind "status". Default 503. */
  readonly status?: number;
  /** x-ms-error-code of kind "status". Default: Azure's usual one for the status. */
  readonly code?: string;
  /** The Retry-After header of kind "status". */
  readonly retryAfter?: string;
  /** Which byte of the body is changed, or the first that is missing. Default: the middle. */
  readonly at?: number;
  /** Of kind "delay". */
  readonly milliseconds?: number;
}

/** All since the last reset, but for `openConnections` and `inFlight`. Bytes are those of bodies. */
export interface BlobServerStats {
  readonly requests: number;
  readonly operations: Readonly<Partial<Record<BlobOperation, number>>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly connections: number;
  readonly openConnections: number;
  readonly maxOpenConnections: number;
  readonly inFlight: number;
  readonly maxInFlight: number;
}

export interface BlobServerRequest {
  readonly operation: BlobOperation;
  readonly container: string;
  readonly key: string;
  readonly range?: string;
  /** 0: the connection was cut without an answer. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** When it came, since the server's start. */
  readonly atMilliseconds: number;
  readonly milliseconds: number;
}

export interface BlobServerOptions {
  /** Storage accounts that exist. Default: `benchaccount`. */
  readonly accounts?: readonly string[];
  /** Containers that each account has from the start. */
  readonly containers?: readonly string[];
  /**
   * Which uploads' bytes are kept: all (default), none, or those of bodies up to a number of bytes. What is not kept
   * reads as the pattern that the host's bench puts.
   */
  readonly keep?: "all" | "none" | number;
  /** Verify Content-MD5 and x-ms-content-crc64 of uploads, as Azure does. Default: no. */
  readonly verify?: boolean;
  /** Paths of PEM files: https instead of http. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Default: `127.0.0.1:0`. */
  readonly listen?: string;
}

/**
 * The project's own blob server: what a Velero plugin uses of Azure Blob Storage, in memory, without checks of
 * signatures. It counts what it is asked, and fails on demand.
 */
export class BlobServer implements AsyncDisposable {
  /** Host and port. */
  readonly address: string;
  readonly #scheme: string;
  readonly #control: string;
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon, scheme: string, addresses: { address: string; control: string }) {
    this.#daemon = daemon;
    this.#scheme = scheme;
    this.address = addresses.address;
    this.#control = `http://${addresses.control}/__control/`;
  }

  static async start(options: BlobServerOptions = {}): Promise<BlobServer> {
    const args = ["-until-stdin-closes", "-keep", String(options.keep ?? "all")];
    if (options.accounts !== undefined) args.push("-accounts", options.accounts.join(","));
    if (options.containers !== undefined) args.push("-containers", options.containers.join(","));
    if (options.verify === true) args.push("-verify");
    if (options.listen !== undefined) args.push("-listen", options.listen);
    if (options.tls !== undefined) args.push("-cert", options.tls.certificate, "-key", options.tls.key);
    const daemon = new Daemon("blobserver", await blobServerExecutable(), args);
    const addresses: unknown = JSON.parse(await daemon.firstLine());
    if (!isAddresses(addresses)) throw daemon.failure("its first line is not its addresses");
    return new BlobServer(daemon, options.tls === undefined ? "http" : "https", addresses);
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** The account's blob endpoint, in path style: what `storageAccountURI` takes. */
  endpoint(account = "benchaccount"): string {
    return `${this.#scheme}://${this.address}/${account}`;
  }

  stats(): Promise<BlobServerStats> {
    return this.#call("GET", "stats");
  }

  /** The first 20,000 requests that ended since the last reset. */
  requests(): Promise<BlobServerRequest[]> {
    return this.#call("GET", "requests");
  }

  async resetStats(): Promise<void> {
    await this.#call("DELETE", "stats");
  }

  async queueFaults(...faults: readonly BlobFault[]): Promise<void> {
    await this.#call("POST", "faults", faults);
  }

  /** Faults that have not struck as often as they should: a test that ends with some did not test what it says. */
  pendingFaults(): Promise<BlobFault[]> {
    return this.#call("GET", "faults");
  }

  async clearFaults(): Promise<void> {
    await this.#call("DELETE", "faults");
  }

  async setMode(mode: { keep?: "all" | "none" | number; verify?: boolean }): Promise<void> {
    const keep = mode.keep === undefined ? {} : { keep: String(mode.keep) };
    await this.#call("POST", "mode", {
      ...keep,
      ...(mode.verify === undefined ? {} : { verify: mode.verify }),
    });
  }

  /** Makes a blob of `size` pattern bytes without metadata; with `count`, many, the keys ending in seven digits. */
  async makeBlobs(blobs: {
    account?: string;
    container: string;
    key: string;
    size: number;
    count?: number;
  }): Promise<void> {
    await this.#call("POST", "blobs", { account: "benchaccount", ...blobs });
  }

  /** Drops all blobs; containers stay. */
  async dropBlobs(): Promise<void> {
    await this.#call("DELETE", "blobs");
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #call<T>(method: string, what: string, body?: unknown): Promise<T> {
    const response = await fetch(this.#control + what, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Failure("InvalidArgument", `cannot control the blob server: ${text}`);
    // The server is ours, built from this checkout: its answers have the shapes declared above.
    return JSON.parse(text) as T;
  }
}

function isAddresses(value: unknown): value is { address: string; control: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "address" in value &&
    typeof value.address === "string" &&
    "control" in value &&
    typeof value.control === "string"
  );
}
