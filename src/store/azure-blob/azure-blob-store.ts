import type { BlobClient, ListPageOptions } from "../../azure/blob/blob-client.ts";
import type { Logger } from "../../log/logger.ts";
import type { ByteSource, CallOptions, ObjectStore } from "../object-store.ts";
import { download } from "./download.ts";
import { LocalLane } from "./local-lane.ts";
import type { Lane, TransferParts } from "./lane.ts";
import { Peek } from "./peek.ts";
import { TransferMemory } from "./transfer-memory.ts";
import { upload } from "./upload.ts";
import { YoungCollector } from "./young-collector.ts";

/** What all transfers of a store may hold beyond the least that each needs: one block or range, and one at hand. */
const BUDGET_BYTES = 64 * 1024 * 1024;

/** A piece before this one is not worth a thread: starting one takes as long as moving a few pieces. */
const FIRST_BULK_PIECE = 2;

/** A lane of its own for the pieces of large objects, in another thread. */
export interface BulkLane extends Lane {
  /** Whether it can take pieces already. */
  readonly ready: boolean;
  close(): Promise<void>;
}

export interface AzureBlobStoreOptions {
  readonly client: BlobClient;
  /** Its lines carry the account. */
  readonly logger: Logger;
  /** `blockSizeInBytes`; undefined means adaptive. */
  readonly blockSize: number | undefined;
  /** Starts the thread for large objects; without it everything is done in this one. */
  readonly startBulkLane?: (() => Promise<BulkLane>) | undefined;
}

/** Objects as block blobs of one storage account. */
export class AzureBlobStore implements ObjectStore {
  readonly #client: BlobClient;
  readonly #logger: Logger;
  readonly #options: AzureBlobStoreOptions;
  readonly #parts: TransferParts = {
    lane: (piecesBefore) => this.#lane(piecesBefore),
    memory: new TransferMemory(BUDGET_BYTES),
    collector: new YoungCollector(),
  };
  readonly #local: LocalLane;
  readonly #peek: Peek;
  #bulk: BulkLane | undefined;
  #bulkStarted: Promise<void> | undefined;

  constructor(options: AzureBlobStoreOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#logger = options.logger;
    this.#local = new LocalLane(options.client);
    this.#peek = new Peek(options.client, this.#parts.collector, () => performance.now());
  }

  async put(container: string, key: string, body: ByteSource, { signal }: CallOptions): Promise<void> {
    const parts = { ...this.#parts, configuredBlockSize: this.#options.blockSize };
    const begin = performance.now();
    try {
      const bytes = await upload(parts, container, key, body, signal);
      const milliseconds = Math.round(performance.now() - begin);
      this.#logger.log("debug", "put object", { container, key, bytes, milliseconds });
    } finally {
      this.#peek.forget();
    }
  }

  async exists(container: string, key: string, { signal }: CallOptions): Promise<boolean> {
    return await this.#peek.exists(container, key, signal);
  }

  async get(container: string, key: string, { signal }: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    this.#logger.log("debug", "get object", { container, key });
    const peeked = this.#peek.take(container, key);
    if (peeked !== undefined) return oneChunk(peeked);
    return await download(this.#parts, container, key, signal);
  }

  async listCommonPrefixes(
    container: string,
    prefix: string,
    delimiter: string,
    { signal }: CallOptions,
  ): Promise<string[]> {
    const found = new Set<string>();
    for await (const page of this.#pages(container, { prefix, delimiter, signal })) {
      for (const name of page.prefixes) found.add(name);
    }
    return [...found];
  }

  async list(container: string, prefix: string, { signal }: CallOptions): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of this.#pages(container, { prefix, signal })) {
      for (const blob of page.blobs) keys.push(blob.key);
    }
    return keys;
  }

  async delete(container: string, key: string, { signal }: CallOptions): Promise<void> {
    try {
      await this.#client.deleteBlob(container, key, { signal });
    } finally {
      this.#peek.forget();
    }
  }

  async createSignedUrl(
    container: string,
    key: string,
    ttl: number,
    { signal }: CallOptions,
  ): Promise<string> {
    return await this.#client.signedUrl(container, key, ttl, { signal });
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#bulkStarted;
    await this.#bulk?.close();
  }

  async *#pages(container: string, options: ListPageOptions) {
    let marker: string | undefined;
    do {
      const page = await this.#client.listPage(container, { ...options, marker });
      yield page;
      marker = page.nextMarker;
    } while (marker !== undefined);
  }

  #lane(piecesBefore: number): Lane {
    if (piecesBefore < FIRST_BULK_PIECE) return this.#local;
    this.#bulkStarted ??= this.#startBulkLane();
    return this.#bulk?.ready === true ? this.#bulk : this.#local;
  }

  async #startBulkLane(): Promise<void> {
    try {
      this.#bulk = await this.#options.startBulkLane?.();
    } catch (error) {
      this.#logger.log("warn", "cannot start a thread for large objects: going on without", { error });
    }
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
