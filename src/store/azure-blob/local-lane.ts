import type { BlobClient } from "../../azure/blob/blob-client.ts";
import { createCrc64, type Crc64 } from "./crc64.ts";
import type { Lane } from "./lane.ts";

/** Hashes, sends and fetches in this thread. */
export class LocalLane implements Lane {
  readonly client: BlobClient;
  #crc64: Promise<Crc64> | undefined;

  constructor(client: BlobClient) {
    this.client = client;
  }

  async checksum(piece: Uint8Array): Promise<bigint> {
    this.#crc64 ??= createCrc64();
    return (await this.#crc64).of(piece);
  }
}
