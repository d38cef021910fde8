import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import type { LogFields, Logger } from "../../log/logger.ts";
import { silentLogger } from "../../log/logger.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { type Clock, Pipeline } from "./pipeline.ts";
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
  type TransportTrouble,
} from "./transport.ts";

type Step =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: Readable }
  | { readonly trouble: TransportTrouble };

/** Plays its steps one after the other; one that is left over fails the test that looks. */
class ScriptedTransport implements HttpTransport {
  readonly requests: HttpRequest[] = [];
  readonly steps: Step[];

  constructor(...steps: Step[]) {
    this.steps = steps;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const step = this.steps.shift();
    assert.ok(step, "more requests than expected");
    if ("trouble" in step) {
      throw new TransportError(step.trouble, "acc.example", "it broke");
    }
    return { status: step.status, headers: step.headers ?? {}, body: step.body ?? Readable.from([]) };
  }

  close(): void {}
}

class ScriptedClock implements Clock {
  time = 0;
  readonly sleeps: number[] = [];
  readonly now = (): number => this.time;
  readonly random = (): number => 0.4;
  readonly sleep = async (milliseconds: number): Promise<void> => {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  };
}

const request: HttpRequest = {
  method: "PUT",
  origin: "https://acc.example",
  path: "/c/k",
  query: "comp=block",
  headers: { "x-ms-blob-type": "BlockBlob" },
  body: Buffer.from("body"),
};

const counting = (): Authorizer => {
  let count = 0;
  return {
    authorize: (given) => ({
      ...given,
      query: `${given.query}&sig=hunter2`,
      headers: { ...given.headers, authorization: `attempt ${++count}` },
    }),
  };
};

function setUp(steps: Step[], logger: Logger = silentLogger, authorizer: Authorizer = counting()) {
  const transport = new ScriptedTransport(...steps);
  const clock = new ScriptedClock();
  const headers = { "user-agent": "test" };
  return { transport, clock, pipeline: new Pipeline({ transport, authorizer, logger, headers, clock }) };
}

test("each attempt is signed anew, with the same body and the same request ID", async () => {
  const { transport, clock, pipeline } = setUp([{ status: 503 }, { trouble: "broken" }, { status: 201 }]);
  const answer = await pipeline.send(request, new AbortController().signal);
  assert.equal(answer.status, 201);
  assert.deepEqual(clock.sleeps, [500, 1000]);
  assert.deepEqual(
    transport.requests.map(({ headers }) => headers["authorization"]),
    ["attempt 1", "attempt 2", "attempt 3"],
  );
  assert.equal(new Set(transport.requests.map(({ headers }) => headers["x-ms-client-request-id"])).size, 1);
  assert.ok(transport.requests.every(({ body }) => body === request.body));
  assert.equal(transport.requests[0]?.headers["user-agent"], "test");
});

test("the last answer is given when nothing helps, and the last trouble is thrown", async () => {
  const busy = setUp(Array.from({ length: 7 }, () => ({ status: 503 })));
  assert.equal((await busy.pipeline.send(request, new AbortController().signal)).status, 503);
  assert.deepEqual(busy.transport.steps, []);
  const dead = setUp(Array.from({ length: 3 }, () => ({ trouble: "connect" as const })));
  await assert.rejects(dead.pipeline.send(request, new AbortController().signal), { trouble: "connect" });
  assert.deepEqual(dead.transport.steps, []);
});

const doubts: ReadonlyArray<readonly [string, Step, boolean]> = [
  ["a broken connection", { trouble: "broken" }, true],
  ["silence", { trouble: "idle" }, true],
  ["a gateway's 502", { status: 502 }, true],
  ["an error inside the service", { status: 500 }, true],
  ["a refused connection", { trouble: "connect" }, false],
  ["a busy service", { status: 503 }, false],
];

for (const [what, step, uncertain] of doubts) {
  test(`after ${what} it is ${uncertain ? "uncertain whether" : "certain that"} the request was${uncertain ? "" : " not"} carried out`, async () => {
    const { pipeline } = setUp([step, { status: 404 }]);
    assert.equal((await pipeline.send(request, new AbortController().signal)).uncertain, uncertain);
  });
}

test("a good answer whose body breaks off is asked for again, and comes whole", async () => {
  const half = Readable.from(
    (function* () {
      yield Buffer.from("ha");
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    })(),
  );
  const { pipeline } = setUp([
    { status: 200, body: half },
    { status: 200, body: Readable.from([Buffer.from("wh"), Buffer.from("ole")]) },
  ]);
  const answer = await pipeline.send(request, new AbortController().signal);
  assert.equal(answer.content?.toString(), "whole");
});

test("a streamed body is left to the caller", async () => {
  const { pipeline } = setUp([{ status: 200, body: Readable.from([Buffer.from("all")]) }]);
  const answer = await pipeline.send(request, new AbortController().signal, { streamed: true });
  assert.equal(answer.content, undefined);
  assert.equal(answer.body.read()?.toString(), "all");
});

test("an authorizer's failure is final", async () => {
  const failure = new Failure("Unauthenticated", "cannot get a token: no", { retryable: true });
  const authorizer: Authorizer = {
    authorize: () => {
      throw failure;
    },
  };
  const { pipeline } = setUp([], silentLogger, authorizer);
  await assert.rejects(pipeline.send(request, new AbortController().signal), failure);
});

test("a signal that fires while waiting ends the wait with its reason", async () => {
  const abort = new AbortController();
  const transport = new ScriptedTransport({ status: 503 });
  const clock: Clock = {
    now: () => 0,
    random: () => 0,
    sleep: async (_milliseconds, signal) => {
      abort.abort(new Error("enough"));
      signal.throwIfAborted();
    },
  };
  const pipeline = new Pipeline({
    transport,
    authorizer: counting(),
    logger: silentLogger,
    headers: {},
    clock,
  });
  await assert.rejects(pipeline.send(request, abort.signal), /enough/);
});

test("each attempt is logged at debug with its outcome, and without a signature", async () => {
  const lines: LogFields[] = [];
  const logger: Logger = {
    enabled: (level) => level === "debug",
    log: (_level, _message, fields = {}) => void lines.push(fields),
    with: () => logger,
  };
  const signed = { ...request, query: "comp=block&sig=hunter3" };
  const { pipeline } = setUp(
    [{ trouble: "broken" }, { status: 201, headers: { "x-ms-request-id": "id-1" } }],
    logger,
  );
  await pipeline.send(signed, new AbortController().signal);
  assert.deepEqual(
    lines.map(({ attempt, status, trouble, requestId }) => [attempt, status, trouble, requestId]),
    [
      [1, undefined, "broken", undefined],
      [2, 201, undefined, "id-1"],
    ],
  );
  assert.ok(!/hunter/.test(JSON.stringify(lines)));
  assert.match(JSON.stringify(lines), /PUT.*https:\/\/acc\.example\/c\/k\?comp=block/);
});

for (const status of [401, 403]) {
  test(`proof that is refused with ${status} is replaced once, at once, and no more`, async () => {
    const refusals: (string | undefined)[] = [];
    const authorizer: Authorizer = {
      ...counting(),
      refused: async (authorized, response) => {
        refusals.push(`${authorized.headers["authorization"]}: ${response.headers["x-ms-error-code"]}`);
        return true;
      },
    };
    const answer = { status, headers: { "x-ms-error-code": "No" } };
    const { transport, clock, pipeline } = setUp([answer, answer], silentLogger, authorizer);
    const { signal } = new AbortController();
    assert.equal((await pipeline.send(request, signal)).status, status);
    assert.deepEqual(refusals, ["attempt 1: No"]);
    assert.equal(transport.requests.length, 2);
    assert.deepEqual(clock.sleeps, []);
  });
}

test("proof that cannot be replaced is not tried again", async () => {
  const authorizer: Authorizer = { ...counting(), refused: async () => false };
  const { transport, pipeline } = setUp([{ status: 401 }], silentLogger, authorizer);
  assert.equal((await pipeline.send(request, new AbortController().signal)).status, 401);
  assert.equal(transport.requests.length, 1);
});

test("an answer without end is given up before it fills the memory, and not asked for again", async () => {
  const mebibyte = Buffer.alloc(1024 * 1024);
  let read = 0;
  const body = new Readable({
    read() {
      read += 1;
      this.push(mebibyte);
    },
  });
  const transport = new ScriptedTransport({ status: 200, body });
  const pipeline = new Pipeline({
    transport,
    authorizer: { authorize: (unsigned) => unsigned },
    logger: silentLogger,
    headers: {},
    clock: new ScriptedClock(),
  });
  await assert.rejects(pipeline.send(request, new AbortController().signal), {
    code: "FailedPrecondition",
    message: /"acc\.example"/,
  });
  assert.ok(body.destroyed && read < 70);
});
