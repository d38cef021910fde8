import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { defaultRetryPolicy, type Outcome, requestedDelay, retryDelay } from "./retry.ts";
import { TransportError, type TransportTrouble } from "./transport.ts";

const first = { attempts: 1, elapsed: 0 };
const half = (): number => 0.4;

function answer(status: number, headers: Record<string, string> = {}): Outcome {
  return { response: { status, headers, body: Readable.from([]) } };
}

function broken(trouble: TransportTrouble, staleConnection = false): Outcome {
  return { error: new TransportError(trouble, "host", "it broke", { staleConnection }) };
}

const outcomes: ReadonlyArray<readonly [string, Outcome, number]> = [
  ["408", answer(408), 7],
  ["429", answer(429), 7],
  ["500", answer(500), 7],
  ["502", answer(502), 7],
  ["503", answer(503), 7],
  ["504", answer(504), 7],
  ["a body that arrived damaged", answer(400, { "x-ms-error-code": "Md5Mismatch" }), 7],
  ["a block that arrived damaged", answer(400, { "x-ms-error-code": "Crc64Mismatch" }), 7],
  ["a broken connection", broken("broken"), 7],
  ["a silent connection", broken("idle"), 7],
  ["a name service that did not answer", broken("resolve-again"), 7],
  ["a refused connection", broken("connect"), 3],
  ["a deadline", broken("deadline"), 3],
  ["200", answer(200), 1],
  ["301", answer(301), 1],
  ["400", answer(400), 1],
  ["401", answer(401), 1],
  ["403", answer(403), 1],
  ["404", answer(404), 1],
  ["409", answer(409), 1],
  ["412", answer(412), 1],
  ["416", answer(416), 1],
  ["501", answer(501), 1],
  ["a host without an address", broken("resolve"), 1],
  ["a certificate that is not trusted", broken("certificate"), 1],
  ["no TLS", broken("tls"), 1],
  ["a proxy that refuses", broken("proxy"), 1],
  ["a request that cannot be sent", broken("invalid"), 1],
];

for (const [what, outcome, expected] of outcomes) {
  test(`after ${what} there are ${expected} attempts in all`, () => {
    let attempts = 1;
    while (retryDelay(defaultRetryPolicy, outcome, { attempts, elapsed: 0 }, half, 0) !== undefined) {
      attempts++;
    }
    assert.equal(attempts, expected);
  });
}

test("waits double up to their limit", () => {
  const waits = [1, 2, 3, 4, 5, 6].map((attempts) =>
    retryDelay({ ...defaultRetryPolicy, maxDelay: 5000 }, answer(503), { attempts, elapsed: 0 }, half, 0),
  );
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 5000, 5000]);
});

test("waits differ by chance, between 80 and 130 %", () => {
  assert.equal(
    retryDelay(defaultRetryPolicy, answer(503), first, () => 0, 0),
    400,
  );
  assert.equal(
    retryDelay(defaultRetryPolicy, answer(503), first, () => 1, 0),
    650,
  );
});

test("an idle connection that the other side had closed is replaced at once, but only the first time", () => {
  assert.equal(retryDelay(defaultRetryPolicy, broken("broken", true), first, half, 0), 0);
  const second = retryDelay(defaultRetryPolicy, broken("broken", true), { attempts: 2, elapsed: 0 }, half, 0);
  assert.equal(second, 1000);
});

test("no attempt begins after the whole time is over", () => {
  const late = { attempts: 2, elapsed: 299_500 };
  assert.equal(retryDelay(defaultRetryPolicy, answer(503), late, half, 0), undefined);
  const asked = answer(503, { "retry-after": "400" });
  assert.equal(retryDelay(defaultRetryPolicy, asked, first, half, 0), undefined);
});

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const requests: ReadonlyArray<readonly [Record<string, string>, number | undefined]> = [
  [{}, undefined],
  [{ "retry-after": "7" }, 7000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": "Sun, 22 Nov 2026 12:00:09 GMT" }, 9000],
  [{ "retry-after": "Sun, 22 Nov 2026 11:00:00 GMT" }, 0],
  [{ "retry-after": "soon" }, undefined],
  [{ "x-ms-retry-after-ms": "1500", "retry-after": "7" }, 1500],
  [{ "retry-after-ms": "250" }, 250],
];

for (const [headers, expected] of requests) {
  test(`${JSON.stringify(headers)} asks for a wait of ${expected} ms`, () => {
    assert.equal(requestedDelay(headers, now), expected);
  });
}

test("a wait that is asked for counts when it is longer than ours", () => {
  assert.equal(retryDelay(defaultRetryPolicy, answer(429, { "retry-after": "9" }), first, half, now), 9000);
  assert.equal(retryDelay(defaultRetryPolicy, answer(429, { "retry-after": "0" }), first, half, now), 500);
});
