import type { BlobClient, DownloadedBlob } from "../../azure/blob-client.ts";
import { Failure } from "../../errors/error.ts";
import { receiveBody } from "./receive-body.ts";
import { WholeChecksum } from "./whole-checksum.ts";
import { YoungCollector } from "./young-collector.ts";

/** Most of what Velero asks for before it reads it is smaller: backup and volume metadata, resource lists, logs. */
const PEEK_BYTES = 64 * 1024;

/** Velero reads what it asked for at once; what is older is not what it asked for. */
const KEPT_MILLISECONDS = 1_000;

type Kept = {
  readonly container: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly until: number;
};

/**
 * Answers whether an object exists by reading its beginning, and keeps an object that is whole within that for the
 * read that follows: Velero asks ObjectExists before nearly every GetObject, and over a real network each of the two
 * costs a round trip. What is kept serves one read, for a second, until anything is stored or deleted.
 */
export class Peek {
  readonly #client: BlobClient;
  readonly #now: () => number;
  readonly #collector = new YoungCollector();
  #kept: Kept | undefined;

  constructor(client: BlobClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async exists(container: string, key: string, signal: AbortSignal): Promise<boolean> {
    let blob: DownloadedBlob;
    try {
      const range = { offset: 0, length: PEEK_BYTES };
      blob = await this.#client.getBlob(container, key, { range, signal });
    } catch (error) {
      // An empty object is there, although it has no range. NotFound is only ever BlobNotFound or ContainerNotFound.
      if (error instanceof Failure && error.code === "OutOfRange") return true;
      if (error instanceof Failure && error.code === "NotFound") return false;
      throw error;
    }
    await this.#keep(container, key, blob);
    return true;
  }

  /** The object, if it was just asked for; then it is not kept any more. */
  take(container: string, key: string): Uint8Array | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined || kept.container !== container || kept.key !== key) return undefined;
    return this.#now() < kept.until ? kept.bytes : undefined;
  }

  /** To be called when something is stored or deleted. */
  forget(): void {
    this.#kept = undefined;
  }

  /** What came short or damaged is left to a read of its own, which says what is wrong with it. */
  async #keep(container: string, key: string, blob: DownloadedBlob): Promise<void> {
    this.#kept = undefined;
    const bytes = new Uint8Array(blob.contentLength);
    const until = this.#now() + KEPT_MILLISECONDS;
    const received = await receiveBody(blob.body, bytes, this.#collector);
    if (received.bytes !== blob.size || received.broken !== undefined) return;
    const checksum = new WholeChecksum();
    checksum.add(bytes);
    if (checksum.matches(blob.metadata)) this.#kept = { container, key, bytes, until };
  }
}
