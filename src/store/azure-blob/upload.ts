import { randomInt } from "node:crypto";
import { Failure } from "../../errors/error.ts";
import type { ByteSource } from "../object-store.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { MOST_BLOCKS, SINGLE_PUT_BYTES, blockSize, blocksInFlight } from "./block-plan.ts";
import { crc64ToBase64 } from "./crc64.ts";
import type { Lane, TransferParts } from "./lane.ts";
import { WholeChecksum } from "./whole-checksum.ts";

export interface UploadParts extends TransferParts {
  /** `blockSizeInBytes`; undefined means adaptive. */
  readonly configuredBlockSize: number | undefined;
}

/**
 * Stores one object: with one request when it is small, else as blocks that are sent side by side and become the
 * object with one last request. What fails or is canceled before that leaves no trace but uncommitted blocks,
 * which the service drops after a week.
 */
export async function upload(
  parts: UploadParts,
  container: string,
  key: string,
  body: ByteSource,
  signal: AbortSignal,
): Promise<number> {
  const { memory, configuredBlockSize } = parts;
  const fill = async (buffer: Uint8Array): Promise<Begun> => ({
    buffer,
    filled: await unlessAborted(signal, cannotPut(container, key), () => body.fill(buffer)),
  });
  const { buffer: first, filled } = await fill(
    memory.allocate(Math.max(SINGLE_PUT_BYTES, blockSize(0, configuredBlockSize))),
  );
  const begun = [{ buffer: first, filled }];
  if (filled === first.length) begun.push(await fill(memory.allocate(blockSize(1, configuredBlockSize))));
  const small = filled <= SINGLE_PUT_BYTES && (begun[1]?.filled ?? 0) === 0;
  const length = small
    ? await putWhole(parts.lane(0), container, key, first.subarray(0, filled), signal)
    : await new BlockUpload(parts, container, key, signal).run(begun, body);
  // Only now: an upload that failed may still be reading there.
  for (const { buffer } of begun) memory.release(buffer);
  return length;
}

/** Memory, and how much of it the body has filled: all of it, unless the body is at its end. */
type Begun = { readonly buffer: Uint8Array; readonly filled: number };

async function putWhole(
  lane: Lane,
  container: string,
  key: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<number> {
  const checksum = new WholeChecksum();
  checksum.add(body);
  await lane.client.putBlob(container, key, body, {
    checksum: { kind: "crc64", base64: crc64ToBase64(await lane.checksum(body)) },
    metadata: checksum.metadata,
    signal,
  });
  return body.length;
}

/** The upload of one object in blocks. */
class BlockUpload {
  readonly #parts: UploadParts;
  readonly #container: string;
  readonly #key: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #idPrefix = randomIdPrefix();
  readonly #blockIds: string[] = [];
  readonly #checksum = new WholeChecksum();
  #inFlight = 0;
  #sent = 0;
  #wake: (() => void) | undefined;
  /** The first block's that failed; those after it only fail because it ended the upload. */
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: UploadParts, container: string, key: string, signal: AbortSignal) {
    this.#parts = parts;
    this.#container = container;
    this.#key = key;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** Sends what was read already, then the rest of the body. Returns the object's length. */
  async run(begun: readonly Begun[], body: ByteSource): Promise<number> {
    try {
      for (const { buffer, filled } of begun) await this.#sendInBlocks(buffer.subarray(0, filled));
      if (begun.every(({ buffer, filled }) => filled === buffer.length)) await this.#sendBody(body);
      await this.#untilInFlightBelow(1);
      await this.#commit();
      return this.#sent;
    } catch (error) {
      this.#stop.abort(error);
      throw this.#failure === undefined ? error : this.#failure.error;
    }
  }

  async #sendInBlocks(read: Uint8Array): Promise<void> {
    for (let from = 0; from < read.length;) {
      const size = blockSize(this.#blockIds.length, this.#parts.configuredBlockSize);
      await this.#untilInFlightBelow(blocksInFlight(size));
      this.#send(read.subarray(from, from + size), undefined, false);
      from += size;
    }
  }

  async #sendBody(body: ByteSource): Promise<void> {
    for (;;) {
      const size = blockSize(this.#blockIds.length, this.#parts.configuredBlockSize);
      const buffer = this.#parts.memory.allocate(size);
      const filled = await unlessAborted(this.#signal, this.#cannotPut, () => body.fill(buffer));
      if (filled === 0) {
        this.#parts.memory.release(buffer);
        return;
      }
      this.#parts.collector.count(filled);
      const borrowed = await this.#untilThereIsRoom(size);
      this.#send(buffer.subarray(0, filled), buffer, borrowed);
      if (filled < size) return;
    }
  }

  /** Waits until another block may be on its way; whether it was taken from the budget. */
  async #untilThereIsRoom(size: number): Promise<boolean> {
    for (;;) {
      if (this.#inFlight === 0) return false;
      if (this.#inFlight < blocksInFlight(size) && this.#parts.memory.borrow(size)) return true;
      await this.#untilInFlightBelow(this.#inFlight);
    }
  }

  /** Starts to send a block. `buffer` is used again, and a borrowed one's bytes given back, when it was sent. */
  #send(bytes: Uint8Array, buffer: Uint8Array | undefined, borrowed: boolean): void {
    if (this.#blockIds.length === MOST_BLOCKS) throw this.#tooManyBlocks();
    const id = blockId(this.#idPrefix, this.#blockIds.length);
    const lane = this.#parts.lane(this.#blockIds.length);
    this.#blockIds.push(id);
    this.#checksum.add(bytes);
    this.#inFlight += 1;
    this.#putBlock(lane, id, bytes)
      .then(
        () => {
          this.#sent += bytes.length;
          if (buffer !== undefined) this.#parts.memory.release(buffer);
        },
        (error: unknown) => {
          this.#failure ??= { error };
          this.#stop.abort(error);
        },
      )
      .finally(() => {
        if (borrowed) this.#parts.memory.giveBack(buffer?.length ?? 0);
        this.#inFlight -= 1;
        this.#wake?.();
      });
  }

  async #putBlock(lane: Lane, id: string, bytes: Uint8Array): Promise<void> {
    await lane.client.putBlock(this.#container, this.#key, id, bytes, {
      checksum: { kind: "crc64", base64: crc64ToBase64(await lane.checksum(bytes)) },
      signal: this.#signal,
    });
  }

  async #commit(): Promise<void> {
    await this.#parts.lane(0).client.putBlockList(this.#container, this.#key, this.#blockIds, {
      metadata: this.#checksum.metadata,
      signal: this.#signal,
    });
  }

  async #untilInFlightBelow(limit: number): Promise<void> {
    while (this.#inFlight >= limit && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // A block that failed is no longer in flight either: all done is not all well.
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  get #cannotPut(): string {
    return cannotPut(this.#container, this.#key);
  }

  #tooManyBlocks(): Failure {
    return new Failure("OutOfRange", `${this.#cannotPut}: it does not fit into ${MOST_BLOCKS} blocks`, {
      hint: "raise blockSizeInBytes in the location's config, or remove it to let blocks grow with the object",
    });
  }
}

function cannotPut(container: string, key: string): string {
  return `cannot put "${key}" in container "${container}"`;
}

/** Bytes of an id that tell uploads apart, and those that number an upload's blocks. */
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PREFIX_LENGTH = 5;
const NUMBER_LENGTH = 3;

/** Two uploads of one key at the same time must not commit each other's blocks. */
function randomIdPrefix(): string {
  return Array.from({ length: PREFIX_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join("");
}

/**
 * Eight characters, as many as the official plugin's ids have: the service wants equal lengths of all uncommitted
 * blocks of a blob, and an upload of that plugin that broke off may have left some.
 */
function blockId(prefix: string, index: number): string {
  let number = "";
  for (let rest = index; number.length < NUMBER_LENGTH; rest = Math.floor(rest / ID_ALPHABET.length)) {
    number = (ID_ALPHABET[rest % ID_ALPHABET.length] ?? "") + number;
  }
  return prefix + number;
}
