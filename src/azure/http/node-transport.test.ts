import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { NodeTransport } from "./node-transport.ts";
import {
  type HttpRequest,
  TransportError,
  type TransportTimeouts,
  type TransportTrouble,
} from "./transport.ts";

const { signal } = new AbortController();

/** Serves until the test has ended. */
async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  return listen(context, createServer(listener));
}

async function serveTcp(context: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  context.after(() => sockets.forEach((socket) => socket.destroy()));
  return listen(context, server);
}

async function listen(
  context: TestContext,
  server: Server | ReturnType<typeof createTcpServer>,
): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    if ("closeAllConnections" in server) {
      server.closeAllConnections();
    }
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportFor(context: TestContext, timeouts: Partial<TransportTimeouts> = {}): NodeTransport {
  const transport = new NodeTransport({ environment: {}, timeouts });
  context.after(() => transport.close());
  return transport;
}

function get(origin: string, path = "/", more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "GET", origin, path, query: "", headers: {}, ...more };
}

async function troubleOf(promise: Promise<unknown>): Promise<TransportTrouble | undefined> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof TransportError ? error.trouble : undefined;
}

test("path, query, headers and body arrive as they were given, and the answer as it was sent", async (t) => {
  let seen: Pick<IncomingMessage, "method" | "url" | "headers"> | undefined;
  let body: Buffer | undefined;
  const origin = await serve(t, (request, response) => {
    seen = request;
    void buffer(request).then((bytes) => {
      body = bytes;
      response.writeHead(201, { ETag: '"0x1"', "Set-Cookie": ["a", "b"] }).end("done");
    });
  });
  const response = await transportFor(t).send(
    {
      method: "PUT",
      origin,
      path: "/c/a/../b%2F%2E%2E//x%20y",
      query: "comp=block&x=%3D",
      headers: { "x-ms-date": "now" },
      body: Buffer.from("bytes"),
    },
    signal,
  );
  assert.equal(seen?.url, "/c/a/../b%2F%2E%2E//x%20y?comp=block&x=%3D");
  assert.equal(seen?.headers["x-ms-date"], "now");
  assert.equal(seen?.headers["content-length"], "5");
  assert.equal(body?.toString(), "bytes");
  assert.deepEqual([response.status, response.headers["etag"]], [201, '"0x1"']);
  assert.equal(response.headers["set-cookie"], "a, b");
  assert.equal((await buffer(response.body)).toString(), "done");
});

for (const size of [0, 1, 1_048_576, 1_048_577, 2_097_152, 3_000_001]) {
  test(`a body of ${size} bytes arrives whole`, async (t) => {
    let received: Buffer | undefined;
    const origin = await serve(t, (request, response) => {
      void buffer(request).then((bytes) => {
        received = bytes;
        response.end();
      });
    });
    const body = randomBytes(size);
    const response = await transportFor(t).send(get(origin, "/", { method: "PUT", body }), signal);
    await buffer(response.body);
    assert.ok(received?.equals(body));
  });
}

test("a redirect is an answer and is not followed", async (t) => {
  let requests = 0;
  const origin = await serve(t, (_request, response) => {
    requests++;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  const response = await transportFor(t).send(get(origin), signal);
  response.body.resume();
  assert.equal(response.status, 307);
  assert.equal(requests, 1);
});

test("a connection is used again", async (t) => {
  const ports = new Set<number | undefined>();
  const origin = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end("ok");
  });
  const transport = transportFor(t);
  for (let index = 0; index < 3; index++) {
    await buffer((await transport.send(get(origin), signal)).body);
  }
  assert.equal(ports.size, 1);
});

test("an idle connection that the server closed is told apart from one that broke", async (t) => {
  const sockets: Socket[] = [];
  const origin = await serveTcp(t, (socket) => {
    sockets.push(socket);
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      // The second request on this connection gets no answer.
      socket.on("data", () => socket.destroy());
    });
  });
  const transport = transportFor(t);
  await buffer((await transport.send(get(origin), signal)).body);
  await assert.rejects(transport.send(get(origin), signal), { trouble: "broken", staleConnection: true });
  assert.equal(sockets.length, 1);
});

test("a server that never answers is given up after the idle time", async (t) => {
  const origin = await serveTcp(t, () => {});
  assert.equal(await troubleOf(transportFor(t, { idle: 30 }).send(get(origin), signal)), "idle");
});

test("a server that trickles is given up at the deadline of the request", async (t) => {
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-length": "1000000" });
    const timer = setInterval(() => response.write("x"), 5);
    response.on("close", () => clearInterval(timer));
  });
  const request = get(origin, "/", { deadlineMilliseconds: 60 });
  const response = await transportFor(t, { idle: 10_000 }).send(request, signal);
  assert.equal(await troubleOf(buffer(response.body)), "deadline");
});

test("a body that stalls is given up, unless it is the reader who pauses", async (t) => {
  const origin = await serve(t, (request, response) => {
    response.writeHead(200, { "content-length": "200000" }).write(Buffer.alloc(100_000));
    if (request.url === "/whole") {
      response.end(Buffer.alloc(100_000));
    }
  });
  const transport = transportFor(t, { idle: 30 });
  const stalled = await transport.send(get(origin, "/half"), signal);
  assert.equal(await troubleOf(buffer(stalled.body)), "idle");

  const slow = await transport.send(get(origin, "/whole"), signal);
  await new Promise((resolve) => {
    setTimeout(resolve, 150);
  });
  assert.equal((await buffer(slow.body)).length, 200_000);
});

test("a body that ends before its length is an error", async (t) => {
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-length": "10" }).write("five.");
    setImmediate(() => response.destroy());
  });
  const response = await transportFor(t).send(get(origin), signal);
  await assert.rejects(buffer(response.body), { code: "ECONNRESET" });
});

test("an answer that comes before the whole body was sent counts", async (t) => {
  const origin = await serveTcp(t, (socket) => {
    socket.once("data", () => {
      socket.pause();
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
    });
  });
  const put = get(origin, "/", { method: "PUT", body: Buffer.alloc(50_000_000) });
  const response = await transportFor(t).send(put, signal);
  assert.equal(response.status, 403);
  assert.equal((await buffer(response.body)).toString(), "no");
});

test("a signal ends a request that waits, and a body that is being read, with its reason", async (t) => {
  const origin = await serve(t, (request, response) => {
    if (request.url === "/body") {
      response.writeHead(200, { "content-length": "10" }).write("five.");
    }
  });
  const transport = transportFor(t);
  const waiting = new AbortController();
  const request = transport.send(get(origin, "/never"), waiting.signal);
  setImmediate(() => waiting.abort(new Error("enough")));
  await assert.rejects(request, /enough/);
  const reading = new AbortController();
  const response = await transport.send(get(origin, "/body"), reading.signal);
  setImmediate(() => reading.abort(new Error("too much")));
  await assert.rejects(buffer(response.body), /too much/);
  await assert.rejects(transport.send(get(origin), AbortSignal.abort(new Error("before"))), /before/);
});

test("what cannot be sent, resolved or connected to says so", async (t) => {
  const origin = await serve(t, (_request, response) => void response.end());
  const gone = await new Promise<string>((resolve) => {
    const server = createTcpServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
  const transport = transportFor(t);
  assert.equal(await troubleOf(transport.send(get(gone), signal)), "connect");
  assert.equal(await troubleOf(transport.send(get(origin, "/a b"), signal)), "invalid");
  const header = { headers: { "x-ms-meta-a": "ž\n" } };
  assert.equal(await troubleOf(transport.send(get(origin, "/", header), signal)), "invalid");
  const tls = origin.replace("http:", "https:");
  assert.equal(await troubleOf(transport.send(get(tls), signal)), "tls");
});

test("an answer that is not HTTP is a broken connection", async (t) => {
  const origin = await serveTcp(t, (socket) => socket.end("220 smtp.example ready\r\n"));
  assert.equal(await troubleOf(transportFor(t).send(get(origin), signal)), "broken");
});

test("after close, a request under way ends as it would, and connections are gone then", async (t) => {
  let connections = 0;
  const origin = await serve(t, (request, response) => {
    connections++;
    request.socket.on("close", () => connections--);
    setTimeout(() => response.end("late"), 30);
  });
  const transport = transportFor(t);
  const pending = transport.send(get(origin), signal);
  await new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
  transport.close();
  assert.equal((await buffer((await pending).body)).toString(), "late");
  while (connections > 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
});
