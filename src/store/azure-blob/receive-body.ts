import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { YoungCollector } from "./young-collector.ts";

/**
 * Reads a body into memory. What it has beyond that is dropped, since no range was asked for it. `broken` is why it
 * ended before its time.
 */
export async function receiveBody(
  body: Readable,
  target: Uint8Array,
  collector: YoungCollector,
): Promise<{ bytes: number; broken?: unknown }> {
  let bytes = 0;
  body.on("data", (chunk: Uint8Array) => {
    const fitting = chunk.subarray(0, target.length - bytes);
    target.set(fitting, bytes);
    bytes += fitting.length;
    collector.count(chunk.length);
  });
  try {
    await finished(body);
    return { bytes };
  } catch (broken) {
    return { bytes, broken };
  }
}
