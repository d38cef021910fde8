import type { BlobClient } from "../../azure/blob-client.ts";
import type { MemoryBudget } from "./memory-budget.ts";

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
  readonly budget: MemoryBudget;
}

/** Memory that both threads can reach, so that a piece never has to be copied from one to the other. */
export function allocateShared(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}
