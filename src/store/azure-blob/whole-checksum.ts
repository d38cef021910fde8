/** Name of the metadata that keeps the checksum of a whole object with its blob. */
const NAME = "veleroazurecrc32";

/**
 * The checksum of a whole object, kept with its blob and compared by every read: CRC-32 as in zlib and gzip.
 *
 * Why not the CRC-64 that each request is sent with: a read of it would take four times the processor time (Node
 * computes only this one natively), as much as everything else that a read does. It finds every flipped byte and every
 * burst up to 32 bits, behind the checks of TLS and of the service.
 */
export class WholeChecksum {
  /** Loaded with the first checksum: many runs of the plugin move no object, and it costs them a millisecond. */
  readonly #crc32 = process.getBuiltinModule("node:zlib").crc32;
  #value = 0;

  /** Adds bytes, in the object's order. */
  add(bytes: Uint8Array): void {
    this.#value = this.#crc32(bytes, this.#value);
  }

  /** To be stored with the object. */
  get metadata(): Readonly<Record<string, string>> {
    return { [NAME]: this.#text };
  }

  /** Whether an object with this metadata may consist of the bytes. One that somebody else stored may. */
  matches(metadata: Readonly<Record<string, string>>): boolean {
    return metadata[NAME] === undefined || metadata[NAME] === this.#text;
  }

  get #text(): string {
    return this.#value.toString(16).padStart(8, "0");
  }
}
