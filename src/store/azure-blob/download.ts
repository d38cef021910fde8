import type { BlobClient, DownloadedBlob } from "../../azure/blob/blob-client.ts";
import { Failure, canceled } from "../../errors/error.ts";
import type { Lane, TransferParts } from "./lane.ts";
import { receiveBody } from "./receive-body.ts";
import { WholeChecksum } from "./whole-checksum.ts";

/** Bytes of one request. An object up to this size takes a single one. */
export const RANGE_BYTES = 4 * 1024 * 1024;

/** A large object is read in larger ranges from this one on: half as many requests, each of which costs a millisecond. */
const FIRST_LARGE_RANGE = 8;
const LARGE_RANGE_BYTES = 2 * RANGE_BYTES;

/** Bytes fetched ahead of the reader, as far as the budget has room. */
const AHEAD_BYTES = 8 * RANGE_BYTES;

/** Bytes handed to the reader at once: few enough for any host, many enough that their number costs nothing. */
const CHUNK_BYTES = 1024 * 1024;

/** How often a range may break off: in a row without bringing a byte, and in all. */
const MOST_FRUITLESS_TRIES = 4;
const MOST_TRIES = 50;

/** What is read, and which version of it: every range carries the ETag, so that two versions never mix. */
type Source = {
  readonly parts: TransferParts;
  readonly container: string;
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

/** Opens an object for reading; see `ObjectStore.get`. */
export async function download(
  parts: TransferParts,
  container: string,
  key: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const first = await openFirst(parts.lane(0).client, container, key, signal);
  if (first === undefined) return noChunks();
  const { etag, size, metadata } = first;
  return read({ parts, container, key, etag, size, metadata, signal }, first);
}

/** Undefined when the object is empty: it has no first range. */
async function openFirst(
  client: BlobClient,
  container: string,
  key: string,
  signal: AbortSignal,
): Promise<DownloadedBlob | undefined> {
  try {
    return await client.getBlob(container, key, { range: { offset: 0, length: RANGE_BYTES }, signal });
  } catch (error) {
    if (error instanceof Failure && error.code === "OutOfRange") return undefined;
    throw error;
  }
}

async function* noChunks(): AsyncGenerator<Uint8Array> {}

/**
 * Yields the chunks in order and compares the whole's checksum with the one that was stored with it, before the last
 * range is passed on: a damaged object never reaches its reader whole.
 */
async function* read(source: Source, first: DownloadedBlob): AsyncGenerator<Uint8Array> {
  const checksum = new WholeChecksum();
  let passed = 0;
  for await (const range of readAhead(source, first)) {
    passed += range.length;
    checksum.add(range);
    if (passed === source.size && !checksum.matches(source.metadata)) throw damaged(source);
    for (let at = 0; at < range.length; at += CHUNK_BYTES) yield range.subarray(at, at + CHUNK_BYTES);
  }
}

/**
 * Yields the ranges in order while those after them are being fetched. The reader's own range is always fetched;
 * further ones only while the budget has room. A range's memory is used again once the next one is asked for.
 */
async function* readAhead(source: Source, first: DownloadedBlob): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const signal = AbortSignal.any([source.signal, stop.signal]);
  const { memory } = source.parts;
  const queue: { range: Promise<Uint8Array>; buffer: Uint8Array; borrowed: number }[] = [];
  let next = 0;
  let index = 0;
  let ahead = 0;
  const sizeOfNext = (): number => (index < FIRST_LARGE_RANGE ? RANGE_BYTES : LARGE_RANGE_BYTES);
  const enqueue = (borrowed: number, opened?: DownloadedBlob): void => {
    const buffer = memory.allocate(sizeOfNext());
    const length = Math.min(buffer.length, source.size - next);
    const lane = source.parts.lane(index);
    const range = fetchRange({ ...source, signal }, lane, next, buffer.subarray(0, length), opened);
    // A range that fails before its turn is reported when its turn comes.
    range.catch(() => {});
    queue.push({ range, buffer, borrowed });
    next += length;
    index += 1;
    ahead += buffer.length;
  };
  try {
    enqueue(0, first);
    while (queue.length > 0 || next < source.size) {
      if (queue.length === 0) enqueue(0);
      while (next < source.size && ahead + sizeOfNext() <= AHEAD_BYTES && memory.borrow(sizeOfNext())) {
        enqueue(sizeOfNext());
      }
      const head = queue[0];
      if (head === undefined) break;
      yield await head.range;
      queue.shift();
      ahead -= head.buffer.length;
      memory.release(head.buffer);
      memory.giveBack(head.borrowed);
    }
  } finally {
    stop.abort(canceled("reading ahead"));
    // Their memory is not used again: what was aborted may still be writing there.
    for (const { borrowed } of queue) memory.giveBack(borrowed);
  }
}

/** Fetches one range, going on where a connection broke off. `opened` is an answer whose body starts there. */
async function fetchRange(
  source: Source,
  lane: Lane,
  offset: number,
  target: Uint8Array,
  opened: DownloadedBlob | undefined,
): Promise<Uint8Array> {
  const { container, key, etag, signal } = source;
  let got = 0;
  let fruitless = 0;
  let answer = opened;
  for (let tries = 1; got < target.length; tries++) {
    const rest = target.subarray(got);
    const range = { offset: offset + got, length: rest.length };
    answer ??= await lane.client.getBlob(container, key, { range, ifMatch: etag, into: rest, signal });
    const { bytes, broken } =
      answer.received ?? (await receiveBody(answer.body, rest, source.parts.collector));
    got += bytes;
    fruitless = bytes > 0 ? 0 : fruitless + 1;
    if (got < target.length) {
      const failure =
        broken === undefined
          ? shortBody(source, offset + got, target.length - got)
          : lane.client.bodyFailure(container, key, broken, signal);
      if (!failure.retryable || fruitless >= MOST_FRUITLESS_TRIES || tries >= MOST_TRIES) throw failure;
    }
    answer = undefined;
  }
  return target;
}

function damaged({ container, key }: Source): Failure {
  return new Failure(
    "DataLoss",
    `cannot get "${key}" from container "${container}": its bytes do not match the checksum that was stored with it`,
    {
      hint: "the object was damaged in storage or on its way here; try once more, then restore from another backup",
    },
  );
}

function shortBody({ container, key }: Source, at: number, missing: number): Failure {
  return new Failure(
    "DataLoss",
    `cannot get "${key}" from container "${container}": the service's answer ended at byte ${at}, ${missing} too early`,
    { retryable: true },
  );
}
