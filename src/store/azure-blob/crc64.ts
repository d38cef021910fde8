import hashWasm from "hash-wasm/dist/crc64.umd.min.js";

/**
 * The CRC-64 with which Azure Storage checks transfers ("x-ms-content-crc64"; the same as CRC-64/NVME):
 * polynomial 0xAD93D23594C93659 (0x9A6C9329AC4BC9B5 reflected), reflected, initial value and final xor all ones.
 * A checksum is kept as the number; on the wire it is base64 of its 8 bytes, least significant first.
 */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

/** Computes checksums one after the other. */
export interface Crc64 {
  of(bytes: Uint8Array): bigint;
}

/** Compiles the WebAssembly; a few milliseconds, so that callers keep the result. */
export async function createCrc64(): Promise<Crc64> {
  const hasher = await hashWasm.createCRC64(POLYNOMIAL.toString(16));
  return {
    of: (bytes) => {
      hasher.init();
      hasher.update(bytes);
      const digest = hasher.digest("binary");
      return Buffer.from(digest.buffer, digest.byteOffset, digest.length).readBigUInt64BE();
    },
  };
}

/** As the service wants it in headers. */
export function crc64ToBase64(crc: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString("base64");
}
