import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type {
  BlobClient,
  BlobProperties,
  DownloadedBlob,
  GetBlobOptions,
  ListPage,
  PutBlobOptions,
  PutBlockListOptions,
  PutBlockOptions,
  Stored,
} from "../../azure/blob/blob-client.ts";
import { Failure } from "../../errors/error.ts";

type Blob = { bytes: Buffer; etag: string; metadata: Readonly<Record<string, string>> };

/** For tests of what is built on a BlobClient: keeps blobs in memory and lets a test step into each call. */
export class FakeBlobClient implements BlobClient {
  readonly blobs = new Map<string, Blob>();
  readonly calls: string[] = [];
  readonly #staged = new Map<string, Buffer>();
  /** Runs before a call does anything; may wait or throw. */
  onCall: (call: string, signal: AbortSignal) => Promise<void> = async () => {};
  /** Makes the body of a download of what it should be. */
  onBody: (bytes: Buffer, offset: number) => Readable = (bytes) =>
    Readable.from([bytes], { objectMode: false });

  over(): BlobClient {
    return this;
  }

  async putBlob(_c: string, key: string, body: Uint8Array, options: PutBlobOptions): Promise<Stored> {
    await this.#call("putBlob", options.signal);
    return this.#store(key, Buffer.from(body), options.metadata ?? {});
  }

  async putBlock(
    _c: string,
    _k: string,
    id: string,
    body: Uint8Array,
    { signal }: PutBlockOptions,
  ): Promise<void> {
    const copy = Buffer.from(body);
    await this.#call(`putBlock ${id.slice(-3)} ${copy.length}`, signal);
    this.#staged.set(id, copy);
  }

  async putBlockList(
    _c: string,
    key: string,
    ids: readonly string[],
    { signal, metadata }: PutBlockListOptions,
  ): Promise<Stored> {
    await this.#call("putBlockList", signal);
    const blocks = ids.map((id) => this.#staged.get(id) ?? Buffer.from("missing"));
    return this.#store(key, Buffer.concat(blocks), metadata ?? {});
  }

  async getBlob(
    _c: string,
    key: string,
    { range, ifMatch, signal }: GetBlobOptions,
  ): Promise<DownloadedBlob> {
    await this.#call(`getBlob ${range?.offset} ${range?.length}`, signal);
    const blob = this.#find(key);
    if (ifMatch !== undefined && ifMatch !== blob.etag) throw new Failure("Aborted", "it changed");
    const offset = range?.offset ?? 0;
    if (offset >= blob.bytes.length) throw new Failure("OutOfRange", "no such range");
    const part = blob.bytes.subarray(offset, offset + (range?.length ?? blob.bytes.length));
    const { etag, metadata } = blob;
    const body = this.onBody(part, offset);
    return { etag, metadata, size: blob.bytes.length, contentLength: part.length, body };
  }

  async headBlob(_c: string, key: string): Promise<BlobProperties> {
    const { etag, metadata, bytes } = this.#find(key);
    return { etag, metadata, size: bytes.length };
  }

  async deleteBlob(_c: string, key: string): Promise<void> {
    this.#find(key);
    this.blobs.delete(key);
  }

  async listPage(): Promise<ListPage> {
    throw new Failure("Unimplemented", "the fake lists nothing");
  }

  async signedUrl(): Promise<string> {
    throw new Failure("Unimplemented", "the fake signs nothing");
  }

  bodyFailure(_c: string, key: string, error: unknown): Failure {
    return new Failure("Unavailable", `cannot get "${key}": it broke off`, { retryable: true, cause: error });
  }

  close(): void {}

  async #call(call: string, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    signal.throwIfAborted();
    await this.onCall(call, signal);
    signal.throwIfAborted();
  }

  #find(key: string): Blob {
    const blob = this.blobs.get(key);
    if (blob === undefined) throw new Failure("NotFound", `no "${key}"`);
    return blob;
  }

  #store(key: string, bytes: Buffer, metadata: Readonly<Record<string, string>>): Stored {
    const etag = createHash("md5").update(bytes).update(String(this.calls.length)).digest("hex");
    this.blobs.set(key, { bytes, etag, metadata });
    return { etag };
  }
}
