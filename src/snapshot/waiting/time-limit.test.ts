import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../../azure/http/deadline.ts";
import { apiLimit, copyLimit, inWords, type TimeLimit, within } from "./time-limit.ts";

/** Sleeps no time at all. */
function quickClock() {
  let now = 0;
  return {
    now: () => now,
    random: () => 0.5,
    sleep: async (milliseconds: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      now += milliseconds;
    },
  };
}

const { signal } = new AbortController();
const hour: TimeLimit = { milliseconds: 3_600_000, setting: "copyTimeout" };
const minute: TimeLimit = { milliseconds: 60_000, setting: "apiTimeout" };

test("two minutes and four hours hold where the location says nothing", () => {
  const unset = { apiTimeout: undefined, copyTimeout: undefined };
  assert.deepEqual(apiLimit(unset), { milliseconds: 120_000, setting: "apiTimeout" });
  assert.deepEqual(copyLimit(unset), { milliseconds: 14_400_000, setting: "copyTimeout" });
  assert.equal(apiLimit({ ...unset, apiTimeout: 5 }).milliseconds, 5);
});

test("what takes longer is DeadlineExceeded, and the hint names the location's key", async () => {
  const clock = quickClock();
  const work = within({ clock, limit: minute, what: 'snapshot disk "d1"' }, signal, (limited) =>
    pause(120_000, limited, clock),
  );
  await assert.rejects(work, {
    code: "DeadlineExceeded",
    message: /^cannot snapshot disk "d1": /,
    hint: /apiTimeout/,
  });
});

test("of two limits the one that is over is told", async () => {
  const clock = quickClock();
  const forever = async (limited: AbortSignal): Promise<void> => {
    for (;;) {
      await within({ clock, limit: minute, what: "look" }, limited, (inner) => pause(30_000, inner, clock));
    }
  };
  await assert.rejects(within({ clock, limit: hour, what: "wait" }, signal, forever), {
    code: "DeadlineExceeded",
    message: /^cannot wait: /,
    hint: /copyTimeout/,
  });
});

test("who gives up is told so, and not that the time was over", async () => {
  const clock = quickClock();
  const controller = new AbortController();
  const reason = new Error("enough");
  const work = within(
    { clock, limit: minute, what: 'look up disk "d1"' },
    controller.signal,
    async (limited) => {
      controller.abort(reason);
      await pause(1, limited, clock);
    },
  );
  await assert.rejects(work, { code: "Canceled", message: /disk "d1"/, cause: reason });
});

test("nothing is begun when the signal has fired already", async () => {
  const limit = { clock: quickClock(), limit: minute, what: "begin" };
  const work = within(limit, AbortSignal.abort(), async () => assert.fail("begun"));
  await assert.rejects(work, { code: "Canceled" });
});

test("an error of the work's own goes its way, and so does its result", async () => {
  const limit = { clock: quickClock(), limit: minute, what: "work" };
  assert.equal(await within(limit, signal, async () => 7), 7);
  const error = new Error("its own");
  await assert.rejects(
    within(limit, signal, async () => Promise.reject(error)),
    error,
  );
});

const words: readonly (readonly [number, string])[] = [
  [250, "250ms"],
  [1000, "1s"],
  [120_000, "2m"],
  [5_400_000, "1h30m"],
  [14_400_000, "4h"],
  [90_000, "1m30s"],
];

for (const [milliseconds, text] of words) {
  test(`${milliseconds} ms are ${text}`, () => assert.equal(inWords(milliseconds), text));
}
