import hashWasm from "hash-wasm/dist/crc64.umd.min.js";

/**
 * The CRC-64 with which Azure Storage checks transfers ("x-ms-content-crc64"; the same as CRC-64/NVME):
 * polynomial 0xAD93D23594C93659 (0x9A6C9329AC4BC9B5 reflected), reflected, initial value and final xor all ones.
 * A checksum is kept as the number; on the wire it is base64 of its 8 bytes, least significant first.
 */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const TOP_BIT = 1n << 63n;

/** Name of the metadata that keeps the checksum of a whole object with its blob, base64. */
export const WHOLE_CRC64 = "veleroazurecrc64";

/** Computes one checksum at a time. */
export interface Crc64 {
  /** The checksum of these bytes alone; forgets what `update` was given. */
  of(bytes: Uint8Array): bigint;
  /** Adds bytes to the checksum that `value` gives at last. */
  update(bytes: Uint8Array): void;
  /** The checksum of everything that `update` was given; begins anew. */
  value(): bigint;
}

/** Compiles the WebAssembly; a few milliseconds, so that callers keep the result. */
export async function createCrc64(): Promise<Crc64> {
  const hasher = await hashWasm.createCRC64(POLYNOMIAL.toString(16));
  const value = (): bigint => {
    const digest = hasher.digest("binary");
    hasher.init();
    return Buffer.from(digest.buffer, digest.byteOffset, digest.length).readBigUInt64BE();
  };
  const update = (bytes: Uint8Array): void => {
    hasher.update(bytes);
  };
  const of = (bytes: Uint8Array): bigint => {
    hasher.init();
    hasher.update(bytes);
    return value();
  };
  return { of, update, value };
}

/** As the service wants it in headers. */
export function crc64ToBase64(crc: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString("base64");
}

/** Undefined when the text is not base64 of 8 bytes. */
export function crc64FromBase64(text: string): bigint | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 8 && bytes.toString("base64") === text ? bytes.readBigUInt64LE() : undefined;
}

/**
 * The checksum of a whole from those of its parts, given in order. Appending a part means to shift what was before
 * by the part's length, a multiplication by x^(8 × length) modulo the polynomial, and to add the part's checksum
 * (zlib's crc32_combine explains why this holds for an initial value and final xor of all ones).
 */
export class Crc64Joiner {
  readonly #shifts = new Map<number, bigint>();
  #crc = 0n;

  append(partCrc: bigint, partLength: number): void {
    this.#crc = multiply(this.#shiftBy(partLength), this.#crc) ^ partCrc;
  }

  /** Of everything appended; of nothing, 0. */
  get value(): bigint {
    return this.#crc;
  }

  #shiftBy(length: number): bigint {
    let shift = this.#shifts.get(length);
    if (shift === undefined) {
      shift = powerOfX(BigInt(length) * 8n);
      this.#shifts.set(length, shift);
    }
    return shift;
  }
}

/** a × b modulo the polynomial, in the reflected notation, where the top bit is x^0. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = TOP_BIT; bit !== 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= factor;
    factor = (factor & 1n) === 0n ? factor >> 1n : (factor >> 1n) ^ POLYNOMIAL;
  }
  return product;
}

/** x^exponent modulo the polynomial. */
function powerOfX(exponent: bigint): bigint {
  let power = TOP_BIT;
  let square = TOP_BIT >> 1n;
  for (let rest = exponent; rest !== 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}
