import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Failure } from "../errors/error.ts";
import type { ByteSource } from "../store/object-store.ts";
import { PutObjectRequest } from "./gen/velero/object_store.ts";
import type { MessageReader } from "./grpc/message-reader.ts";

/** Number of `body` in PutObjectRequest. */
const BODY_FIELD = 4;

/** Where an upload goes: known with its first message. */
export interface PutTarget {
  readonly plugin: string;
  readonly bucket: string;
  readonly key: string;
}

/**
 * The body of one PutObject: message after message is copied straight into the block that the driver fills.
 * A request whose sender cancelled, or died, rejects; only the end that the host itself announced is an end.
 */
export class PutBody implements ByteSource {
  readonly #reader: MessageReader;
  /** What of a message did not fit into the last target; the reader's own bytes, which hold until the next pump. */
  #left: Uint8Array;
  #ended = false;

  private constructor(reader: MessageReader, first: Uint8Array) {
    this.#reader = reader;
    this.#left = first;
  }

  /**
   * Reads the first message. Without one there is neither bucket nor key: Velero's client sends messages only for
   * bytes that it read, so an empty object cannot be stored over its wire.
   */
  static async open(reader: MessageReader): Promise<{ target: PutTarget; body: PutBody }> {
    const message = await reader.next();
    if (message === undefined) {
      throw new Failure(
        "InvalidArgument",
        "cannot put an object: its body is empty, so the request names neither container nor key",
        {
          hint: "Velero's plugin protocol has no way to store an empty object; nothing was stored",
        },
      );
    }
    const { plugin, bucket, key, body } = PutObjectRequest.decode(message);
    return { target: { plugin, bucket, key }, body: new PutBody(reader, body) };
  }

  async fill(target: Uint8Array): Promise<number> {
    let filled = this.#takeLeft(target, 0);
    if (filled === target.length || this.#ended) return filled;
    const more = await this.#reader.pump((message) => {
      this.#left = bodyOf(message);
      filled = this.#takeLeft(target, filled);
      return filled < target.length;
    });
    this.#ended = !more;
    return filled;
  }

  #takeLeft(target: Uint8Array, at: number): number {
    const taken = Math.min(this.#left.length, target.length - at);
    target.set(this.#left.subarray(0, taken), at);
    this.#left = this.#left.subarray(taken);
    return at + taken;
  }
}

/**
 * The body alone: the names, which Velero repeats in every message, are passed over unread. A GiB comes in 65,536
 * messages, and decoding the whole of each cost a tenth of the upload's processor time.
 */
function bodyOf(message: Uint8Array): Uint8Array {
  const reader = new BinaryReader(message);
  let body: Uint8Array = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === BODY_FIELD && type === WireType.LengthDelimited) body = reader.bytes();
    else reader.skip(type, field);
  }
  return body;
}
