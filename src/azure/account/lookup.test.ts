import assert from "node:assert/strict";
import { test } from "node:test";
import { Lookup } from "./lookup.ts";

const { signal } = new AbortController();

test("those who ask at the same time share one question, and those after them its answer", async () => {
  let asked = 0;
  const lookup = new Lookup(async () => ++asked);
  assert.deepEqual(await Promise.all([lookup.get(signal), lookup.get(signal)]), [1, 1]);
  assert.equal(await lookup.get(signal), 1);
  assert.equal(lookup.found, 1);
  lookup.forget();
  assert.equal(await lookup.get(signal), 2);
});

test("after a failure the next one asks again", async () => {
  let asked = 0;
  const lookup = new Lookup(async () => {
    asked += 1;
    if (asked === 1) throw new Error("no");
    return asked;
  });
  const both = await Promise.allSettled([lookup.get(signal), lookup.get(signal)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(await lookup.get(signal), 2);
});

test("who goes away takes the answer from nobody else", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let ended: AbortSignal | undefined;
  const lookup = new Lookup((given) => {
    ended = given;
    return promise;
  });
  const impatient = new AbortController();
  const first = lookup.get(impatient.signal);
  const second = lookup.get(signal);
  impatient.abort(new Error("gone"));
  await assert.rejects(first, /gone/);
  assert.equal(ended?.aborted, false);
  resolve("here");
  assert.equal(await second, "here");
});

test("the question ends with the last who waits", async () => {
  let given: AbortSignal | undefined;
  const lookup = new Lookup(async (own) => {
    given = own;
    return await new Promise<never>((_resolve, reject) => {
      own.addEventListener("abort", () => reject(new Error("ended")));
    });
  });
  const impatient = new AbortController();
  const only = lookup.get(impatient.signal);
  impatient.abort(new Error("gone"));
  await assert.rejects(only, /gone/);
  assert.equal(given?.aborted, true);
});
