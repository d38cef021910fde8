import type { Readable } from "node:stream";
import type { HttpTransport, ReceivedBody } from "../http/transport.ts";
import type { Failure } from "../../errors/error.ts";

/**
 * The operations of Azure's blob service that backups need, for one storage account.
 * Source: learn.microsoft.com/rest/api/storageservices, "Operations on blobs" and "List Blobs".
 *
 * - Keys are taken as they are: any text of 1 to 1,024 characters reaches the service unchanged.
 * - Every call retries what is worth it by itself (the body included) and throws `Failure`:
 *   NotFound only when the service said exactly BlobNotFound or ContainerNotFound; Aborted when `ifMatch` did not
 *   hold; OutOfRange when a range starts behind the end (an empty blob has no range at all); DataLoss when the
 *   service found that a body did not match its checksum, again and again; Unauthenticated, PermissionDenied;
 *   Unavailable when the service cannot be reached or is busy; Canceled when `signal` fired.
 * - Messages read `cannot put "key" in container "c" of account "a": reason`.
 */
export interface BlobClient {
  /** The same account and sign-in over another transport, such as one in another thread. Both may be used at once. */
  over(transport: HttpTransport): BlobClient;

  /** Stores a block blob with one request (Put Blob), replacing what was there; at most 5,000 MiB. */
  putBlob(container: string, key: string, body: Uint8Array, options: PutBlobOptions): Promise<Stored>;

  /**
   * Stages one block (Put Block), at most 4,000 MiB and not empty. `blockId` is the text that the service sees
   * once it has undone the wire's base64 (this client applies it), of equal length for all blocks of a blob, at most
   * 64 bytes.
   */
  putBlock(
    container: string,
    key: string,
    blockId: string,
    body: Uint8Array,
    options: PutBlockOptions,
  ): Promise<void>;

  /**
   * Makes the blob of staged blocks, in this order (Put Block List); at most 50,000. A block that was not staged is
   * taken from the blob as it was, if it has one of that ID: block IDs must be of this upload alone.
   */
  putBlockList(
    container: string,
    key: string,
    blockIds: readonly string[],
    options: PutBlockListOptions,
  ): Promise<Stored>;

  /** Opens a blob, or a range of it (Get Blob). The body may break off: see `DownloadedBlob.body`. */
  getBlob(container: string, key: string, options: GetBlobOptions): Promise<DownloadedBlob>;

  /** Properties without content (Get Blob Properties). */
  headBlob(container: string, key: string, options: BlobCallOptions): Promise<BlobProperties>;

  /** Removes a blob with its snapshots (Delete Blob). A missing one is an error (NotFound). */
  deleteBlob(container: string, key: string, options: BlobCallOptions): Promise<void>;

  /** One page of a listing (List Blobs). Ask again with `nextMarker` until it is undefined; a page may be empty. */
  listPage(container: string, options: ListPageOptions): Promise<ListPage>;

  /**
   * An address that lets anyone read this blob, over https only, until `ttlMilliseconds` from now. Does not look
   * whether it exists. With a SAS token as credential: the blob's address with that token, which lives as long as
   * the token does; FailedPrecondition when the token may not read.
   */
  signedUrl(
    container: string,
    key: string,
    ttlMilliseconds: number,
    options: BlobCallOptions,
  ): Promise<string>;

  /**
   * The Failure for trouble that came later than the call, while a `DownloadedBlob.body` was read: its code,
   * message and hint as if the call itself had thrown it; Canceled when the signal is given and has fired.
   */
  bodyFailure(container: string, key: string, error: unknown, signal?: AbortSignal): Failure;

  /** Closes the connections that are idle, and the others when they are done. No call may follow. */
  close(): void;
}

export interface BlobCallOptions {
  readonly signal: AbortSignal;
}

/**
 * What the service compares with the bytes it received. The text is the header's value: base64 of the 16 bytes of
 * MD5, or of the 8 bytes, least significant first, of CRC-64 (polynomial 0x9A6C9329AC4BC9B5, as in
 * `StorageCRC64Calculator` of @azure/storage-common).
 */
export type TransferChecksum =
  | { readonly kind: "crc64"; readonly base64: string }
  | { readonly kind: "md5"; readonly base64: string };

export interface PutBlockOptions extends BlobCallOptions {
  readonly checksum?: TransferChecksum | undefined;
}

export interface PutBlobOptions extends PutBlockOptions {
  /** Names are C# identifiers; the service ignores their case, this client gives them back in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** MIME type kept with the blob; `application/octet-stream` when absent. */
  readonly contentType?: string | undefined;
}

export interface PutBlockListOptions extends BlobCallOptions {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
}

export interface Stored {
  readonly etag: string;
}

export interface GetBlobOptions extends BlobCallOptions {
  /** Bytes from `offset`, `length` of them at most (to the end, if absent). */
  readonly range?: { readonly offset: number; readonly length?: number | undefined } | undefined;
  /** Only if the blob still has this ETag; otherwise Aborted. */
  readonly ifMatch?: string | undefined;
  /** Memory as long as the range, which the transport may fill: see `HttpRequest.into`. */
  readonly into?: Uint8Array | undefined;
}

export interface BlobProperties {
  readonly etag: string;
  /** Of the whole blob, in bytes. */
  readonly size: number;
  /** Names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface DownloadedBlob extends BlobProperties {
  /** Bytes in `body`: the whole blob's, or the range's as far as the blob has them. */
  readonly contentLength: number;
  /**
   * Read it to its end or destroy it. When the connection dies, stalls or `signal` fires in the middle it emits
   * an error (never a silent short end); `bodyFailure` turns that into a Failure whose `retryable` says whether
   * to go on with another range from where it stopped.
   */
  readonly body: Readable;
  /** Set when the body was written to `into`; `body` is empty then. */
  readonly received?: ReceivedBody | undefined;
}

export interface ListPageOptions extends BlobCallOptions {
  /** Empty for all. */
  readonly prefix: string;
  /** With a delimiter, keys that have it after the prefix come as `prefixes` instead. */
  readonly delimiter?: string | undefined;
  readonly marker?: string | undefined;
  /** 1 to 5,000, which is the default. */
  readonly maxResults?: number | undefined;
}

export interface ListPage {
  readonly blobs: readonly ListedBlob[];
  readonly prefixes: readonly string[];
  readonly nextMarker: string | undefined;
}

export interface ListedBlob {
  readonly key: string;
  readonly size: number;
}
