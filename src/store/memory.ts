import { canceled, Failure } from "../errors/error.ts";
import type { ByteSource, CallOptions, ObjectStore } from "./object-store.ts";
import { unlessAborted } from "./unless-aborted.ts";

const PIECE_BYTES = 64 * 1024;

/**
 * Keeps objects in this process's memory: the contract in its plainest form, for tests of what stands on a store.
 * It signs nothing: there is no address at which another could read.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly #containers: ReadonlyMap<string, Map<string, readonly Uint8Array[]>>;

  /** A store with these containers, all empty. */
  constructor(containers: readonly string[]) {
    this.#containers = new Map(containers.map((name) => [name, new Map()]));
  }

  async put(container: string, key: string, body: ByteSource, { signal }: CallOptions): Promise<void> {
    const what = `cannot put "${key}" in container "${container}"`;
    const objects = this.#objects(container, what);
    const pieces: Uint8Array[] = [];
    for (let length = PIECE_BYTES; length === PIECE_BYTES;) {
      const piece = new Uint8Array(PIECE_BYTES);
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a ByteSource is no array
      length = await unlessAborted(signal, what, () => body.fill(piece));
      if (length > 0) pieces.push(piece.subarray(0, length));
    }
    objects.set(key, pieces);
  }

  async exists(container: string, key: string, { signal }: CallOptions): Promise<boolean> {
    throwIfAborted(signal, `cannot look for "${key}" in container "${container}"`);
    return this.#containers.get(container)?.has(key) ?? false;
  }

  async get(container: string, key: string, { signal }: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const what = `cannot get "${key}" in container "${container}"`;
    throwIfAborted(signal, what);
    const pieces = this.#objects(container, what).get(key);
    if (pieces === undefined) throw new Failure("NotFound", `${what}: there is no such object`);
    return readPieces(pieces, signal, what);
  }

  async listCommonPrefixes(
    container: string,
    prefix: string,
    delimiter: string,
    options: CallOptions,
  ): Promise<string[]> {
    const keys = await this.list(container, prefix, options);
    const ends = keys.map((key) => ({ key, at: key.indexOf(delimiter, prefix.length) }));
    const cut = ends.filter(({ at }) => at >= 0).map(({ key, at }) => key.slice(0, at + delimiter.length));
    return [...new Set(cut)];
  }

  async list(container: string, prefix: string, { signal }: CallOptions): Promise<string[]> {
    const what = `cannot list container "${container}"`;
    throwIfAborted(signal, what);
    return [...this.#objects(container, what).keys()].filter((key) => key.startsWith(prefix)).toSorted();
  }

  async delete(container: string, key: string, { signal }: CallOptions): Promise<void> {
    const what = `cannot delete "${key}" in container "${container}"`;
    throwIfAborted(signal, what);
    if (!this.#objects(container, what).delete(key)) {
      throw new Failure("NotFound", `${what}: there is no such object`);
    }
  }

  async createSignedUrl(container: string, key: string): Promise<string> {
    throw new Failure(
      "Unimplemented",
      `cannot sign a URL for "${key}" in container "${container}": memory has no address`,
    );
  }

  async close(): Promise<void> {}

  #objects(container: string, what: string): Map<string, readonly Uint8Array[]> {
    const objects = this.#containers.get(container);
    if (objects === undefined) throw new Failure("NotFound", `${what}: there is no such container`);
    return objects;
  }
}

function throwIfAborted(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw canceled(what, signal.reason);
}

async function* readPieces(
  pieces: readonly Uint8Array[],
  signal: AbortSignal,
  what: string,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    throwIfAborted(signal, what);
    yield piece;
  }
}
