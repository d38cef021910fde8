import type { BlobClient } from "../../azure/blob/blob-client.ts";
import type { TransferMemory } from "./transfer-memory.ts";
import type { YoungCollector } from "./young-collector.ts";

/**
 * Where the pieces of objects are hashed, sent and fetched: in this thread, or, for large objects, in one of its own,
 * so that one core speaks with the host while the other speaks with the service.
 */
export interface Lane {
  /** The CRC-64 of a piece. */
  checksum(piece: Uint8Array): Promise<bigint>;
  readonly client: BlobClient;
}

/** What a transfer needs of its store. */
export interface TransferParts {
  /** The lane for the next piece; asked for each, since another thread may become ready meanwhile. */
  lane(piecesBefore: number): Lane;
  readonly memory: TransferMemory;
  readonly collector: YoungCollector;
}
