import assert from "node:assert/strict";
import { Failure, type ErrorCode } from "../../src/errors/error.ts";
import type { CallOptions } from "../../src/store/object-store.ts";
import { assertContent, bodyOf, type Content } from "./content.ts";
import type { Subject } from "./subject.ts";

/** Options of a call that nobody cancels. */
export function uncancelled(): CallOptions {
  return { signal: new AbortController().signal };
}

export async function put({ store, container }: Subject, key: string, expected: Content): Promise<void> {
  await store.put(container, key, bodyOf(expected), uncancelled());
}

export async function get({ store, container }: Subject, key: string): Promise<AsyncIterable<Uint8Array>> {
  return store.get(container, key, uncancelled());
}

export async function exists({ store, container }: Subject, key: string): Promise<boolean> {
  return store.exists(container, key, uncancelled());
}

export async function list({ store, container }: Subject, prefix: string): Promise<string[]> {
  return store.list(container, prefix, uncancelled());
}

export async function assertHolds(subject: Subject, key: string, expected: Content): Promise<void> {
  await assertContent(await get(subject, key), expected);
}

/** The call must end in a Failure with this code. */
export async function assertFails(code: ErrorCode, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Failure, `not a Failure: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Runs the calls, at most `parallel` at a time. */
export async function inParallel(parallel: number, calls: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = calls.values();
  const worker = async (): Promise<void> => {
    for (const call of waiting) {
      await call();
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
