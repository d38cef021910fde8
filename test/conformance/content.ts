import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ByteSource } from "../../src/store/object-store.ts";

/**
 * A prime, so that no block, chunk or message size divides it: bytes in the wrong place show.
 */
const PATTERN_BYTES = 1_048_573;

const pattern = makePattern();

function makePattern(): Buffer {
  const pieces: Buffer[] = [];
  for (let i = 0; pieces.length * 64 < PATTERN_BYTES; i += 1) {
    pieces.push(createHash("sha512").update(`piece ${i}`).digest());
  }
  return Buffer.concat(pieces).subarray(0, PATTERN_BYTES);
}

/**
 * What an object is made of: the same bytes for the same size and seed, made and checked without holding them.
 */
export interface Content {
  readonly size: number;
  readonly seed: number;
}

export function content(size: number, seed = 0): Content {
  return { size, seed };
}

/** The content as a body. It gives at most `size` bytes, and nothing more when asked again. */
export function bodyOf({ size, seed }: Content): ByteSource {
  let at = 0;
  return {
    fill: async (target) => {
      const length = Math.min(target.length, size - at);
      for (let done = 0; done < length;) {
        const from = (seed + at + done) % PATTERN_BYTES;
        done += pattern.copy(target, done, from, Math.min(PATTERN_BYTES, from + length - done));
      }
      at += length;
      return length;
    },
  };
}

/** Checks a stream against the content, byte for byte, in its order and whole; answers how many bytes it was. */
export async function assertContent(
  actual: AsyncIterable<Uint8Array>,
  expected: Content,
  pause: () => Promise<void> = async () => {},
): Promise<number> {
  let at = 0;
  for await (const chunk of actual) {
    assert.ok(chunk.length > 0, "an empty chunk");
    assert.ok(at + chunk.length <= expected.size, `more than ${expected.size} bytes`);
    assertPiece(chunk, expected.seed + at, at);
    at += chunk.length;
    await pause();
  }
  assert.equal(at, expected.size, "the object's size");
  return at;
}

function assertPiece(chunk: Uint8Array, patternAt: number, at: number): void {
  for (let done = 0; done < chunk.length;) {
    const from = (patternAt + done) % PATTERN_BYTES;
    const length = Math.min(PATTERN_BYTES - from, chunk.length - done);
    if (pattern.compare(chunk, done, done + length, from, from + length) !== 0) {
      assert.fail(`the object differs between bytes ${at + done} and ${at + done + length}`);
    }
    done += length;
  }
}
