import type { BlobClient, DownloadedBlob } from "../../azure/blob/blob-client.ts";
import { Failure, type ErrorCode } from "../../errors/error.ts";
import { receiveBody } from "./receive-body.ts";
import { WholeChecksum } from "./whole-checksum.ts";
import type { YoungCollector } from "./young-collector.ts";

/** Most of what Velero asks for before it reads it is smaller: backup and volume metadata, resource lists, logs. */
const PEEK_BYTES = 64 * 1024;

/** Velero reads what it asked for at once; what is older is not what it asked for. */
const KEPT_MILLISECONDS = 1_000;

type Kept = {
  readonly container: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  readonly until: number;
};

/**
 * Answers whether an object exists by reading its beginning, and keeps an object that is whole within that for the
 * read that follows: Velero asks ObjectExists before nearly every GetObject, and over a real network each of the two
 * costs a round trip. What is kept serves one read, for a second, until anything is stored or deleted.
 */
export class Peek {
  readonly #client: BlobClient;
  readonly #collector: YoungCollector;
  readonly #now: () => number;
  #kept: Kept | undefined;
  /** How often anything was stored or deleted: what was being read meanwhile may be older. */
  #changes = 0;

  constructor(client: BlobClient, collector: YoungCollector, now: () => number) {
    this.#client = client;
    this.#collector = collector;
    this.#now = now;
  }

  async exists(container: string, key: string, signal: AbortSignal): Promise<boolean> {
    const changes = this.#changes;
    let blob: DownloadedBlob;
    try {
      const range = { offset: 0, length: PEEK_BYTES };
      blob = await this.#client.getBlob(container, key, { range, signal });
    } catch (error) {
      // An empty object is there, although it has no range.
      if (hasCode(error, "OutOfRange")) return true;
      // An archived object is there too, although it cannot be read: asked by HEAD, the service says so.
      if (hasCode(error, "FailedPrecondition")) return await this.#head(container, key, signal);
      return absentIsFalse(error);
    }
    const kept = await this.#receive(container, key, blob);
    this.#kept = changes === this.#changes ? kept : undefined;
    return true;
  }

  async #head(container: string, key: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.headBlob(container, key, { signal });
      return true;
    } catch (error) {
      return absentIsFalse(error);
    }
  }

  /**
   * The object, if it was just asked for; then it is not kept any more. What came damaged is left to a read of its
   * own, which says what is wrong with it.
   */
  take(container: string, key: string): Uint8Array | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined || kept.container !== container || kept.key !== key) return undefined;
    if (this.#now() >= kept.until) return undefined;
    const checksum = new WholeChecksum();
    checksum.add(kept.bytes);
    return checksum.matches(kept.metadata) ? kept.bytes : undefined;
  }

  /** To be called when something was stored or deleted, or may have been. */
  forget(): void {
    this.#changes += 1;
    this.#kept = undefined;
  }

  /** What came short is left to a read of its own, too. */
  async #receive(container: string, key: string, blob: DownloadedBlob): Promise<Kept | undefined> {
    const bytes = new Uint8Array(blob.contentLength);
    const until = this.#now() + KEPT_MILLISECONDS;
    const received = await receiveBody(blob.body, bytes, this.#collector);
    if (received.bytes !== blob.size || received.broken !== undefined) return undefined;
    return { container, key, bytes, metadata: blob.metadata, until };
  }
}

/** NotFound is only ever BlobNotFound or ContainerNotFound; anything else is no answer. */
function absentIsFalse(error: unknown): false {
  if (hasCode(error, "NotFound")) return false;
  throw error;
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Failure && error.code === code;
}
