import assert from "node:assert/strict";
import { once } from "node:events";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import { test } from "node:test";
import { certificateAuthority } from "./certificates.ts";
import { listen } from "./listener.ts";
import type { Handler, SimulatedRequest } from "./message.ts";

async function withListener(
  handler: Handler,
  use: (origin: string, port: number) => Promise<void>,
): Promise<void> {
  const listener = await listen(handler);
  try {
    await use(listener.origin, listener.port);
  } finally {
    await listener.close();
  }
}

async function drain(request: SimulatedRequest): Promise<number> {
  let bytes = 0;
  for await (const chunk of request.body) bytes += chunk.byteLength;
  return bytes;
}

test("a handler sees the target and the headers as they were sent", async () => {
  const seen: SimulatedRequest[] = [];
  const handler: Handler = async (request) => {
    seen.push(request);
    return { status: 201, headers: { "x-answer": "yes" }, body: "made" };
  };
  await withListener(handler, async (_, port) => {
    const socket = connect(port, "127.0.0.1");
    socket.end(
      "PUT /a/../b%2Fc?x=1%202&y HTTP/1.1\r\nHost: here:1\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    assert.match(answer, /^HTTP\/1.1 201 /);
    assert.match(answer, /content-length: 4/i);
    assert.match(answer, /\r\n\r\nmade$/);
  });
  assert.equal(seen[0]?.path, "/a/../b%2Fc");
  assert.equal(seen[0].query, "x=1%202&y");
  assert.equal(seen[0].origin, "http://here:1");
  assert.equal(seen[0].headers["x-two"], "a, b");
  assert.equal(seen[0].clientAddress, "127.0.0.1");
});

test("bodies stream in both directions", async () => {
  const handler: Handler = async (request) => ({ status: 200, headers: {}, body: request.body });
  await withListener(handler, async (_, port) => {
    const request = plainRequest({ port, host: "127.0.0.1", method: "POST", agent: false });
    request.write("first");
    const [response] = await once(request, "response");
    assert.equal(String((await once(response, "data"))[0]), "first");
    request.end("second");
    assert.equal(String((await once(response, "data"))[0]), "second");
  });
});

test("HEAD keeps the length of the body that it does not send", async () => {
  const handler: Handler = async () => ({ status: 200, headers: { "content-length": "7" } });
  await withListener(handler, async (origin) => {
    const response = await fetch(origin, { method: "HEAD" });
    assert.equal(response.headers.get("content-length"), "7");
  });
});

test("a body is cut after so many bytes, with the length that it should have had", async () => {
  const handler: Handler = async () => ({ status: 200, headers: {}, body: "0123456789", cutAfter: 4 });
  await withListener(handler, async (origin) => {
    const response = await fetch(origin);
    assert.equal(response.headers.get("content-length"), "10");
    await assert.rejects(response.text());
  });
});

test("an answer without a body is lost whole when it is cut", async () => {
  const handler: Handler = async () => ({ status: 202, headers: {}, cutAfter: 0 });
  await withListener(handler, async (origin) => {
    await assert.rejects(fetch(origin, { method: "DELETE" }));
  });
});

test("a client that goes away ends the request's body and the answer's", async () => {
  const { promise: bodyEnded, resolve: bodyEnds } = Promise.withResolvers<unknown>();
  await withListener(
    async (request) => {
      await drain(request).catch(bodyEnds);
      return { status: 200, headers: {} };
    },
    async (_, port) => {
      const socket = connect(port, "127.0.0.1");
      socket.write("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
      setTimeout(() => socket.destroy(), 20);
      assert.ok((await bodyEnded) instanceof Error);
    },
  );
  const { promise: answerEnded, resolve: answerEnds } = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(64 * 1024);
    } finally {
      answerEnds();
    }
  }
  await withListener(
    async () => ({ status: 200, headers: {}, body: endless() }),
    async (origin) => {
      const response = await fetch(origin);
      await response.body?.cancel();
      await answerEnded;
    },
  );
});

test("a handler that throws is answered with 500 and reported", async () => {
  const thrown: unknown[] = [];
  const listener = await listen(() => Promise.reject(new Error("defect")), {
    onError: (error) => thrown.push(error),
  });
  try {
    assert.equal((await fetch(listener.origin)).status, 500);
    assert.match(String(thrown[0]), /defect/);
  } finally {
    await listener.close();
  }
});

test("https is spoken with the authority's certificate", async () => {
  const authority = await certificateAuthority("Simulated Authority");
  const tls = await authority.server(["localhost", "127.0.0.1"]);
  const listener = await listen(async ({ origin }) => ({ status: 200, headers: {}, body: origin }), { tls });
  try {
    const request = tlsRequest(listener.origin, { ca: authority.certificate, agent: false }).end();
    const [response] = await once(request, "response");
    assert.equal(String((await once(response, "data"))[0]), listener.origin);
    const stranger = tlsRequest(listener.origin, { agent: false }).end();
    await assert.rejects(once(stranger, "response"));
  } finally {
    await listener.close();
  }
});
