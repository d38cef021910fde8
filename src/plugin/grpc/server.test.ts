import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { Failure } from "../../errors/error.ts";
import { Status } from "../gen/google/status.ts";
import { Stack } from "../gen/velero/shared.ts";
import { GrpcServer } from "./server.ts";
import type { CallHandler, ServerCall } from "./server-call.ts";

const PATH = "/test.Service/Method";

async function startServer(t: TestContext, handler: CallHandler): Promise<ClientHttp2Session> {
  return (await startServerItself(t, handler)).session;
}

async function startServerItself(
  t: TestContext,
  handler: CallHandler,
): Promise<{ readonly session: ClientHttp2Session; readonly server: GrpcServer }> {
  const server = new GrpcServer(
    async (path) => (path === PATH ? handler : undefined),
    () => {},
  );
  const listener = createServer((socket) => server.accept(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  // The client keeps what the server does not take yet: more than its default allows.
  const session = connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`, {
    maxSessionMemory: 100,
  });
  session.on("error", () => {});
  t.after(() => {
    session.destroy();
    listener.close();
  });
  return { session, server };
}

function open(
  session: ClientHttp2Session,
  path = PATH,
  more: Record<string, string> = {},
): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
  stream.on("error", () => {});
  return stream;
}

function frame(body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

type Answer = { status: string | undefined; message: string | undefined; details: Buffer; body: Buffer };

async function answer(stream: ClientHttp2Stream): Promise<Answer> {
  let headers: Readonly<Record<string, string | string[] | number | undefined>> = {};
  stream.on("response", (received) => (headers = { ...headers, ...received }));
  stream.on("trailers", (received) => (headers = { ...headers, ...received }));
  const body: Buffer[] = [];
  for await (const chunk of stream) body.push(chunk as Buffer);
  const text = (name: string) => headers[name]?.toString();
  return {
    status: text("grpc-status"),
    message: text("grpc-message"),
    details: Buffer.from(text("grpc-status-details-bin") ?? "", "base64"),
    body: Buffer.concat(body),
  };
}

async function allMessages(call: ServerCall): Promise<string[]> {
  const messages: string[] = [];
  await call.reader.pump((message) => {
    messages.push(Buffer.from(message).toString());
    return true;
  });
  return messages;
}

test("messages come out whole, however the bytes were cut", async (t) => {
  const sent = ["", "a", "x".repeat(100_000), "", "é", "y".repeat(16_384)];
  const bytes = Buffer.concat(sent.map(frame));
  for (const piece of [1, 3, 5, 7, 16_384, 100_003, bytes.length]) {
    const session = await startServer(t, async (call) => {
      assert.deepEqual(await allMessages(call), sent);
    });
    const stream = open(session);
    const step = piece < 10 ? piece * 997 : piece;
    // The first bytes one by one: that is where a message's length lies.
    for (const byte of bytes.subarray(0, 12)) stream.write(Buffer.from([byte]));
    for (let at = 12; at < bytes.length; at += step) stream.write(bytes.subarray(at, at + step));
    stream.end();
    assert.equal((await answer(stream)).status, "0", `pieces of ${step}`);
  }
});

test("a pump that stops goes on later with the very next message", async (t) => {
  const session = await startServer(t, async (call) => {
    assert.equal(Buffer.from((await call.reader.next()) ?? "").toString(), "one");
    assert.equal(Buffer.from((await call.reader.next()) ?? "").toString(), "two");
    assert.deepEqual(await allMessages(call), ["three"]);
    assert.equal(await call.reader.next(), undefined);
  });
  const stream = open(session);
  stream.end(Buffer.concat([frame("one"), frame("two"), frame("three")]));
  assert.equal((await answer(stream)).status, "0");
});

const BREAKS: readonly [string, (stream: ClientHttp2Stream, session: ClientHttp2Session) => void][] = [
  // Not `close`, with which Node ends the body well before it resets the stream.
  ["the host cancels", (stream) => stream.destroy()],
  ["the connection breaks", (_stream, session) => session.destroy()],
];

for (const [what, breakOff] of BREAKS) {
  test(`a request is no end but Canceled, and its signal fires, when ${what}`, async (t) => {
    const ended = Promise.withResolvers<{ error: unknown; aborted: boolean }>();
    const started = Promise.withResolvers<void>();
    const session = await startServer(t, async (call) => {
      await call.reader.next();
      started.resolve();
      try {
        await allMessages(call);
        ended.resolve({ error: undefined, aborted: false });
      } catch (error) {
        if (!call.signal.aborted) await once(call.signal, "abort");
        ended.resolve({ error, aborted: call.signal.aborted });
      }
    });
    const stream = open(session);
    stream.write(frame("first"));
    stream.write(frame("second"));
    await started.promise;
    breakOff(stream, session);
    const { error, aborted } = await ended.promise;
    assert.ok(error instanceof Failure && error.code === "Canceled", String(error));
    assert.ok(aborted);
  });
}

test("a failure reaches the host with its code, its message and hint, and one Stack", async (t) => {
  const session = await startServer(t, async () => {
    throw new Failure("NotFound", 'cannot get "größe %": no such object', { hint: "look again" });
  });
  const stream = open(session);
  stream.end(frame("x"));
  const { status, message, details } = await answer(stream);
  assert.equal(status, "5");
  const text = 'cannot get "größe %": no such object (hint: look again)';
  assert.equal(decodeURIComponent(message ?? ""), text);
  const decoded = Status.decode(details);
  assert.equal(decoded.code, 5);
  assert.equal(decoded.message, text);
  assert.equal(decoded.details[0]?.typeUrl, "type.googleapis.com/generated.Stack");
  assert.ok(Stack.decode(decoded.details[0].value).frames.length > 0);
});

test("what nobody threw on purpose is Aborted, as a panic is in Velero's own framework", async (t) => {
  const session = await startServer(t, async () => {
    throw new TypeError("oops");
  });
  const stream = open(session);
  stream.end(frame("x"));
  const { status, message } = await answer(stream);
  assert.deepEqual([status, message], ["10", "plugin panicked: oops"]);
});

const REFUSED: readonly [string, Buffer, string][] = [
  ["a compressed message", Buffer.from([1, 0, 0, 0, 1, 65]), "12"],
  ["a message beyond the limit", Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 65]), "8"],
  ["a message that breaks off", Buffer.from([0, 0, 0, 0, 9, 65]), "13"],
];

for (const [what, bytes, code] of REFUSED) {
  test(`${what} is refused with code ${code}`, async (t) => {
    const session = await startServer(t, async (call) => {
      await allMessages(call);
    });
    const stream = open(session);
    stream.end(bytes);
    assert.equal((await answer(stream)).status, code);
  });
}

test("a message that breaks off is refused also when nobody asked for it before the request ended", async (t) => {
  const session = await startServer(t, async (call) => {
    await call.reader.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await call.reader.next();
  });
  const stream = open(session);
  stream.end(Buffer.concat([frame("first"), Buffer.from([0, 0, 0, 0, 9, 65])]));
  assert.equal((await answer(stream)).status, "13");
});

test("a message too long for headers reaches the host shortened, whatever its characters", async (t) => {
  const session = await startServer(t, async () => {
    throw new Failure("NotFound", "界".repeat(10_000));
  });
  const stream = open(session);
  stream.end(frame("x"));
  const { status, message } = await answer(stream);
  assert.equal(status, "5");
  assert.match(decodeURIComponent(message ?? ""), /^界{2000}…$/);
});

test("an unknown method is Unimplemented", async (t) => {
  const session = await startServer(t, async () => {});
  const stream = open(session, "/test.Service/Other");
  stream.end(frame("x"));
  assert.equal((await answer(stream)).status, "12");
});

test("a deadline of the host fires the call's signal", async (t) => {
  const session = await startServer(t, async (call) => {
    await once(call.signal, "abort");
    throw call.signal.reason;
  });
  const stream = open(session, PATH, { "grpc-timeout": "1m" });
  stream.end(frame("x"));
  assert.equal((await answer(stream)).status, "1");
});

test("a sender that is not read stops at the window, and nothing of it is lost", async (t) => {
  const message = Buffer.alloc(64 * 1024, 7);
  const count = 200;
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let received = 0;
  const session = await startServer(t, async (call) => {
    await call.reader.next();
    started.resolve();
    await release.promise;
    await call.reader.pump((bytes) => {
      received += bytes.length;
      return true;
    });
  });
  const stream = open(session);
  let flushed = 0;
  for (let index = 0; index < count; index++) stream.write(frame(message), () => (flushed += 1));
  stream.end();
  await started.promise;
  // Another call on the same connection is served meanwhile: one slow request does not hold up the rest.
  const other = open(session, "/test.Service/Other");
  other.end(frame("x"));
  assert.equal((await answer(other)).status, "12");
  assert.ok(flushed < count / 2, `${flushed} of ${count} messages left the sender`);
  release.resolve();
  assert.equal((await answer(stream)).status, "0");
  assert.equal(received, (count - 1) * message.length);
});

test("an answer waits for its reader", async (t) => {
  const chunk = Buffer.alloc(256 * 1024, 1);
  let sent = 0;
  const session = await startServer(t, async (call) => {
    await call.reader.next();
    for (let index = 0; index < 64; index++) {
      await call.send([chunk]);
      sent += 1;
    }
  });
  const stream = open(session);
  stream.end(frame("x"));
  await once(stream, "response");
  const other = open(session, "/test.Service/Other");
  other.end(frame("x"));
  await answer(other);
  assert.ok(sent < 32, `${sent} messages were sent to a reader that does not read`);
  const { status, body } = await answer(stream);
  assert.deepEqual([status, body.length], ["0", 64 * (chunk.length + 5)]);
});

test("a server is settled when what was aborted has cleaned up, and at once when nothing is under way", async (t) => {
  const order: string[] = [];
  const cleaning = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const { session, server } = await startServerItself(t, async (call) => {
    begun.resolve();
    await once(call.signal, "abort");
    await cleaning.promise;
    order.push("cleaned");
  });
  await server.settled();
  open(session).end(frame("x"));
  await begun.promise;
  server.abortCalls();
  const settled = server.settled().then(() => order.push("settled"));
  order.push("aborted");
  cleaning.resolve();
  await settled;
  assert.deepEqual(order, ["aborted", "cleaned", "settled"]);
});
