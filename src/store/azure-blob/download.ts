import { finished } from "node:stream/promises";
import type { BlobClient, DownloadedBlob } from "../../azure/blob-client.ts";
import { Failure, canceled } from "../../errors/error.ts";
import { WHOLE_CRC64, crc64FromBase64, createCrc64 } from "./crc64.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** Bytes of one request. An object up to this size takes a single one. */
export const RANGE_BYTES = 4 * 1024 * 1024;

/** Ranges fetched ahead of the reader, as far as the budget has room. */
const MOST_AHEAD = 8;

/** How often a range may break off in a row without bringing a byte. */
const MOST_FRUITLESS_TRIES = 4;

export interface DownloadParts {
  readonly client: BlobClient;
  readonly budget: MemoryBudget;
}

/** What is read, and which version of it: every range carries the ETag, so that two versions never mix. */
type Source = {
  readonly parts: DownloadParts;
  readonly container: string;
  readonly key: string;
  readonly etag: string;
  readonly size: number;
};

/** The chunks of one range, in order, whole. */
type Range = readonly Uint8Array[];

/** Opens an object for reading; see `ObjectStore.get`. */
export async function download(
  parts: DownloadParts,
  container: string,
  key: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const first = await openFirst(parts.client, container, key, signal);
  if (first === undefined) return noChunks();
  const source: Source = { parts, container, key, etag: first.etag, size: first.size };
  const expected = first.metadata[WHOLE_CRC64];
  return verified(source, readAhead(source, first, signal), expected);
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
 * Passes the chunks on and compares their checksum with the one that was kept with the object, before the last
 * range is passed on: a damaged object never reaches its reader whole.
 */
async function* verified(
  source: Source,
  ranges: AsyncGenerator<Range>,
  expected: string | undefined,
): AsyncGenerator<Uint8Array> {
  const crc = expected === undefined ? undefined : crc64FromBase64(expected);
  const hasher = crc === undefined ? undefined : await createCrc64();
  let hashed = 0;
  for await (const chunks of ranges) {
    for (const chunk of chunks) {
      hasher?.update(chunk);
      hashed += chunk.length;
    }
    if (hashed === source.size && hasher !== undefined && hasher.value() !== crc) throw damaged(source);
    yield* chunks;
  }
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

/**
 * Yields the ranges in order while those after them are being fetched. The reader's own range is always fetched;
 * further ones only while the budget has room.
 */
async function* readAhead(source: Source, first: DownloadedBlob, caller: AbortSignal): AsyncGenerator<Range> {
  const stop = new AbortController();
  const signal = AbortSignal.any([caller, stop.signal]);
  const budget = source.parts.budget;
  const queue: { range: Promise<Range>; borrowed: number }[] = [];
  let next = 0;
  const enqueue = (borrowed: number, opened?: DownloadedBlob): void => {
    const length = Math.min(RANGE_BYTES, source.size - next);
    const range = fetchRange(source, next, length, signal, opened);
    // A range that fails before its turn is reported when its turn comes.
    range.catch(() => {});
    queue.push({ range, borrowed });
    next += length;
  };
  try {
    enqueue(0, first);
    while (queue.length > 0 || next < source.size) {
      if (queue.length === 0) enqueue(0);
      while (queue.length < MOST_AHEAD && next < source.size && budget.take(RANGE_BYTES))
        enqueue(RANGE_BYTES);
      const head = queue[0];
      if (head === undefined) break;
      const chunks = await head.range;
      yield chunks;
      queue.shift();
      budget.give(head.borrowed);
    }
  } finally {
    stop.abort(canceled("reading ahead"));
    for (const { borrowed } of queue) budget.give(borrowed);
  }
}

/** Fetches one range, going on where a connection broke off. `opened` is a response whose body starts there. */
async function fetchRange(
  source: Source,
  offset: number,
  length: number,
  signal: AbortSignal,
  opened: DownloadedBlob | undefined,
): Promise<Range> {
  const { parts, container, key, etag } = source;
  const chunks: Uint8Array[] = [];
  let got = 0;
  let fruitless = 0;
  let response = opened;
  for (;;) {
    const before = got;
    const range = { offset: offset + got, length: length - got };
    response ??= await parts.client.getBlob(container, key, { range, ifMatch: etag, signal });
    try {
      await readBody(response, (chunk) => {
        chunks.push(chunk);
        got += chunk.length;
      });
      if (got === length) return chunks;
      throw shortBody(source, offset + got, length - got);
    } catch (error) {
      const failure = error instanceof Failure ? error : parts.client.bodyFailure(container, key, error);
      fruitless = got > before ? 0 : fruitless + 1;
      if (got > length || !failure.retryable || fruitless >= MOST_FRUITLESS_TRIES) throw failure;
    }
    response = undefined;
  }
}

async function readBody(response: DownloadedBlob, take: (chunk: Uint8Array) => void): Promise<void> {
  response.body.on("data", take);
  await finished(response.body);
}

function shortBody({ container, key }: Source, at: number, missing: number): Failure {
  return new Failure(
    "DataLoss",
    `cannot get "${key}" from container "${container}": the service's answer ended at byte ${at}, ${missing} too early`,
    {
      retryable: true,
    },
  );
}
