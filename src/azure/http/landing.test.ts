import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { makeCertificates } from "../../../test/certificates.ts";
import { NodeTransport, type NodeTransportSettings } from "./node-transport.ts";
import type { HttpRequest, HttpResponse } from "./transport.ts";

const { signal } = new AbortController();

async function listen(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return (server.address() as AddressInfo).port;
}

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(context, createServer(listener))}`;
}

/** Sends the pieces for each request, whatever that is, each once the one before has gone. */
async function serveText(context: TestContext, ...pieces: readonly string[]): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.setNoDelay(true);
    const send = (index: number): void => {
      const piece = pieces[index];
      if (piece !== undefined) socket.write(piece, "latin1", () => setTimeout(send, 10, index + 1));
    };
    socket.on("data", () => send(0));
  });
  return `http://127.0.0.1:${await listen(context, server)}`;
}

function transportFor(context: TestContext, settings: Partial<NodeTransportSettings> = {}): NodeTransport {
  const transport = new NodeTransport({ environment: {}, ...settings });
  context.after(() => transport.close());
  return transport;
}

function get(origin: string, into: Uint8Array, path = "/"): HttpRequest {
  return { method: "GET", origin, path, query: "", headers: {}, into };
}

function place(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}

/** The pieces in an order of their own, so that a body does not come as one read. */
function sendInPieces(bytes: Uint8Array): RequestListener {
  return (_request, response) => {
    response.writeHead(206, { "content-length": bytes.length, etag: "e" });
    const next = (at: number): void => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at, at + 70_001), () => setImmediate(next, at + 70_001));
    };
    next(0);
  };
}

for (const size of [0, 1, 65_536, 3_000_001]) {
  test(`a body of ${size} bytes comes to lie in its place, and the head as it was`, async (t) => {
    const bytes = randomBytes(size);
    const origin = await serve(t, sendInPieces(bytes));
    const into = place(size);
    const { status, headers, received } = await transportFor(t).send(get(origin, into), signal);
    assert.deepEqual([status, headers["etag"], headers["content-length"]], [206, "e", String(size)]);
    assert.equal(headers["transfer-encoding"], undefined);
    assert.deepEqual(received, { bytes: size, broken: undefined });
    assert.ok(bytes.equals(into));
  });
}

test("a body comes to lie in its place over TLS, at whichever of a name's addresses", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "landing-"));
  t.after(() => rm(folder, { recursive: true }));
  const { ca, cert, key } = await makeCertificates(folder);
  const bytes = randomBytes(3_000_001);
  const server = createSecureServer(
    { cert: await readFile(cert), key: await readFile(key) },
    sendInPieces(bytes),
  );
  const port = await listen(t, server);
  const transport = transportFor(t, { caCert: await readFile(ca, "utf8") });
  for (const host of ["127.0.0.1", "localhost", "localhost"]) {
    const into = place(bytes.length);
    const { received } = await transport.send(get(`https://${host}:${port}`, into), signal);
    assert.deepEqual(received, { bytes: bytes.length, broken: undefined });
    assert.ok(bytes.equals(into));
  }
});

test("the connection is used again, and a place stays as it is once its body is there", async (t) => {
  const ports = new Set<number | undefined>();
  const origin = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end(Buffer.alloc(200_000, request.url));
  });
  const transport = transportFor(t);
  const first = place(300_000);
  assert.equal((await transport.send(get(origin, first, "/1"), signal)).received?.bytes, 200_000);
  const { into: _into, ...plain } = get(origin, first, "/2");
  const usual = await transport.send(plain, signal);
  assert.ok((await buffer(usual.body)).equals(Buffer.alloc(200_000, "/2")));
  const second = place(200_000);
  assert.equal((await transport.send(get(origin, second, "/3"), signal)).received?.bytes, 200_000);
  assert.ok(Buffer.alloc(200_000, "/3").equals(second));
  assert.ok(Buffer.concat([Buffer.alloc(200_000, "/1"), Buffer.alloc(100_000)]).equals(first));
  assert.equal(ports.size, 1);
});

// Each of them is left to Node's parser, whose judgement it is whether the answer is good.
const unusual: ReadonlyArray<readonly [string, readonly string[], string | undefined]> = [
  ["in chunks", ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"], "abc"],
  ["longer than its place", ["HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nabcdefghijk"], "abcdefghijk"],
  ["whose head comes in two pieces", ["HTTP/1.1 200 OK\r\ncontent-le", "ngth: 3\r\n\r\nabc"], "abc"],
  [
    "after another of status 103",
    ["HTTP/1.1 103 Early\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"],
    "abc",
  ],
  ["of an error", ["HTTP/1.1 404 No\r\ncontent-length: 3\r\n\r\nabc"], "abc"],
  ["of two lengths", ["HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd"], undefined],
  ["of a length that is none", ["HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc"], undefined],
  [
    "in chunks and of a length",
    ["HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"],
    undefined,
  ],
];

for (const [what, pieces, expected] of unusual) {
  test(`a body ${what} goes the usual way`, async (t) => {
    const origin = await serveText(t, ...pieces);
    const into = place(10);
    const sent = transportFor(t).send(get(origin, into), signal);
    if (expected === undefined) {
      await assert.rejects(sent, { trouble: "broken" });
    } else {
      const { body, received } = await sent;
      assert.equal((await buffer(body)).toString(), expected);
      assert.equal(received, undefined);
    }
    assert.ok(into.every((byte) => byte === 0));
  });
}

const beyond: ReadonlyArray<readonly string[]> = [["abcdef"], ["a", "bcdef", "ghi"], ["", "abcdef"]];

for (const [first = "", ...others] of beyond) {
  test(`what comes beyond a body comes to lie nowhere: ${[first, ...others].join("|")}`, async (t) => {
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
    const origin = await serveText(t, head + first, ...others);
    const into = place(10);
    const { received } = await transportFor(t).send(get(origin, into), signal);
    assert.deepEqual(received, { bytes: 3, broken: undefined });
    // Long enough for the rest, if anything of it were to come.
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(Buffer.from(into).toString(), "abc\0\0\0\0\0\0\0");
  });
}

const half: RequestListener = (request, response) => {
  response.writeHead(200, { "content-length": 200_000 }).write(Buffer.alloc(100_000, 1), () => {
    if (request.url === "/dies") setImmediate(() => response.destroy());
  });
};

function brokenOf({ received }: HttpResponse): readonly unknown[] {
  return [received?.bytes, received?.broken?.trouble];
}

test("a body that breaks off, stalls or takes too long says how far it came, and why", async (t) => {
  const origin = await serve(t, half);
  const into = place(200_000);
  const dead = await transportFor(t).send(get(origin, into, "/dies"), signal);
  assert.deepEqual(brokenOf(dead), [100_000, "broken"]);
  assert.ok(Buffer.concat([Buffer.alloc(100_000, 1), Buffer.alloc(100_000)]).equals(into));

  const stalled = transportFor(t, { timeouts: { idle: 50 } }).send(get(origin, place(200_000)), signal);
  assert.deepEqual(brokenOf(await stalled), [100_000, "idle"]);

  const slow = { ...get(origin, place(200_000)), deadlineMilliseconds: 100 };
  assert.deepEqual(brokenOf(await transportFor(t).send(slow, signal)), [100_000, "deadline"]);
});

test("a signal ends a landing with its reason, and nothing comes afterwards", async (t) => {
  const abort = new AbortController();
  let more = (): void => {};
  const closed = Promise.withResolvers<void>();
  const origin = await serve(t, (_request, response) => {
    response.on("close", closed.resolve);
    response.writeHead(200, { "content-length": 20 }).write("five.", () => {
      more = () => void response.write("more.");
      setTimeout(() => abort.abort(new Error("enough")), 20);
    });
  });
  const into = place(20);
  await assert.rejects(transportFor(t).send(get(origin, into), abort.signal), /enough/);
  more();
  await closed.promise;
  assert.equal(Buffer.from(into).toString().replaceAll("\0", ""), "five.");
});
