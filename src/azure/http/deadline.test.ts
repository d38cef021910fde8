import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import { interruption, pause, remaining, withDeadline } from "./deadline.ts";
import { TurnedClock } from "./turned-clock.fixture.ts";

const { signal } = new AbortController();

function options(milliseconds: number, clock = new TurnedClock(), outer = signal) {
  return { signal: outer, milliseconds, clock, what: 'cannot copy "a"', hint: "wait" };
}

test("what is done in time is what it was", async () => {
  assert.equal(await withDeadline(options(1000), async () => "done"), "done");
});

test("who waits learns how much time there is, and is stopped at its end", async () => {
  const clock = new TurnedClock();
  const seen: unknown[] = [];
  const waiting = withDeadline(options(10_000, clock), async (bounded) => {
    seen.push(remaining(bounded, clock));
    await pause(4_000, bounded, clock);
    seen.push(remaining(bounded, clock));
    await pause(60_000, bounded, clock);
  });
  await assert.rejects(waiting, {
    code: "DeadlineExceeded",
    hint: "wait",
    message: /^cannot copy "a": .*10 s/,
  });
  assert.deepEqual(seen, [10_000, 6_000]);
  assert.equal(clock.now(), 10_000);
});

test("of two deadlines the nearer one counts, whichever is the outer one", async () => {
  for (const [outer, inner] of [
    [5_000, 60_000],
    [60_000, 5_000],
  ] as const) {
    const clock = new TurnedClock();
    await withDeadline(options(outer, clock), (first) =>
      withDeadline(options(inner, clock, first), async (second) => {
        assert.equal(remaining(second, clock), 5_000);
        await assert.rejects(pause(10_000, second, clock), { code: "DeadlineExceeded", message: /5 s/ });
      }),
    );
  }
});

test("a signal without a deadline has no end", async () => {
  const clock = new TurnedClock();
  assert.equal(remaining(signal, clock), undefined);
  await pause(86_400_000, signal, clock);
  assert.equal(clock.now(), 86_400_000);
});

test("a deadline of months does not fire at once", async () => {
  await withDeadline(options(2 ** 40), async (bounded) => {
    await new Promise((resolve) => setImmediate(resolve));
    bounded.throwIfAborted();
  });
});

test("who gives up stops what is bounded, for their own reason", async () => {
  const caller = new AbortController();
  const clock = new TurnedClock();
  const reason = new Error("enough");
  const waiting = withDeadline(options(60_000, clock, caller.signal), async (bounded) => {
    caller.abort(reason);
    await pause(1, bounded, clock);
  });
  await assert.rejects(waiting, reason);
});

test("an interruption is the signal's own Failure, or Canceled", () => {
  const failure = new Failure("DeadlineExceeded", "cannot");
  assert.equal(interruption("cannot", AbortSignal.abort(failure)), failure);
  assert.equal(interruption("cannot", AbortSignal.abort()).code, "Canceled");
});
