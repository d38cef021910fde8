import type { BlobClient } from "../../azure/blob-client.ts";
import { createCrc64, type Crc64 } from "./crc64.ts";
import type { BlockLane } from "./upload.ts";

/** Hashes and sends blocks in this thread. */
export class LocalLane implements BlockLane {
  readonly client: BlobClient;
  #crc64: Promise<Crc64> | undefined;

  constructor(client: BlobClient) {
    this.client = client;
  }

  async checksum(block: Uint8Array): Promise<bigint> {
    this.#crc64 ??= createCrc64();
    return (await this.#crc64).of(block);
  }
}
