/**
 * Where backups are kept: the contract that the plugin service and the CLI see, and that every driver and
 * decorator keeps. One conformance suite (`test/conformance/object-store.ts`) holds them to it.
 *
 * - Words: *container* is Velero's bucket; *key* is the blob name, any Unicode text of 1 to 1,024 characters,
 *   taken as it is (never decoded, joined or normalised).
 * - Absent: only `exists` treats absence as an answer. Everywhere else a missing object or container throws
 *   `Failure` with code NotFound.
 * - Concurrency: calls may run at the same time without limit; none waits for another.
 * - Cancellation: when `signal` fires, the call ends soon with code Canceled, and what was running for it has
 *   ended; a canceled `put` stores nothing and leaves an existing object as it was.
 * - Whole or not at all: an object becomes visible with its last byte stored, never earlier.
 * - Secrets: no Failure that leaves a driver holds one.
 */
export interface ObjectStore {
  /**
   * Stores the body under the key, replacing what was there. Reads the body only as fast as it can be sent, and
   * never holds more of it than a bounded number of blocks. An empty body stores an empty object.
   */
  put(container: string, key: string, body: ByteSource, options: CallOptions): Promise<void>;

  /** Whether the object is there. A missing container means `false`; any other trouble throws. */
  exists(container: string, key: string, options: CallOptions): Promise<boolean>;

  /**
   * Opens an object for reading from its first byte. Resolves once the object is known to exist. Chunks come in
   * order, none is empty, and each holds until the next one is asked for: who keeps it longer copies it. Iteration
   * throws (DataLoss for a body that is short or whose checksum differs, Aborted when the object changed meanwhile)
   * rather than end early, and ends the transfer when it is left (`return`): who opens an object iterates it, or lets
   * `signal` fire. An empty object yields no chunk.
   */
  get(container: string, key: string, options: CallOptions): Promise<AsyncIterable<Uint8Array>>;

  /**
   * The distinct prefixes of keys that start with `prefix`, each cut after the first `delimiter` that follows
   * `prefix`; each ends with the delimiter. All pages, sorted as the service sorts.
   */
  listCommonPrefixes(
    container: string,
    prefix: string,
    delimiter: string,
    options: CallOptions,
  ): Promise<string[]>;

  /** Every key that starts with `prefix` (all, if it is empty), all pages, sorted as the service sorts. */
  list(container: string, prefix: string, options: CallOptions): Promise<string[]>;

  /** Removes the object. A missing object or container is an error (NotFound). */
  delete(container: string, key: string, options: CallOptions): Promise<void>;

  /**
   * An address that lets anyone read the object, and nothing else, over https until `ttlMilliseconds` from now.
   * Does not look whether the object exists.
   */
  createSignedUrl(
    container: string,
    key: string,
    ttlMilliseconds: number,
    options: CallOptions,
  ): Promise<string>;

  /** Frees connections and threads. No call may follow; calls under way may still end. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

/**
 * A body on its way in, pulled by the one who stores it, so that a fast sender waits for a slow store.
 *
 * A pull fills the caller's buffer, rather than handing out the source's chunks: Velero's host sends 16 KiB at a
 * time, and a promise for each of those cost as much processor time as the whole transport.
 */
export interface ByteSource {
  /**
   * Fills `target` from its start and resolves to the number of bytes written, fewer than `target.length` only
   * at the body's end. Throws when the body broke off (Canceled, when its sender cancelled). One call at a time.
   */
  fill(target: Uint8Array): Promise<number>;
}
