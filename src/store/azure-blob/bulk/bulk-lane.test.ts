import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import type { HttpTransport } from "../../../azure/http/transport.ts";
import { openBlobClient, transportSettings } from "../../../azure/open.ts";
import { canceled } from "../../../errors/error.ts";
import { silentLogger } from "../../../log/logger.ts";
import { Secret } from "../../../secret/secret.ts";
import { createCrc64 } from "../crc64.ts";
import { ThreadLane } from "./bulk-lane.ts";
import { startWorker } from "./start-worker.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const never = new AbortController().signal;

async function startLane(
  t: TestContext,
  handler: Handler,
  look: (transport: HttpTransport, origin: string) => void = () => {},
): Promise<ThreadLane> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const settings = {
    account: "account",
    storageAccountUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credential: { kind: "account key", account: "account", key: new Secret("AAAA") },
    environment: {},
    userAgent: "test",
    logger: silentLogger,
  } as const;
  const client = openBlobClient(settings);
  const lane = new ThreadLane(startWorker(transportSettings(settings)), (transport) => {
    look(transport, settings.storageAccountUri);
    return client.over(transport);
  });
  t.after(async () => {
    await lane.close();
    client.close();
    server.close();
    server.closeAllConnections();
  });
  while (!lane.ready) await new Promise(setImmediate);
  return lane;
}

function shared(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  for (let index = 0; index < length; index++) bytes[index] = index % 239;
  return bytes;
}

test("a block is hashed and sent from shared memory, signed by this thread", async (t) => {
  const bytes = shared(5_000_000);
  let received: Buffer | undefined;
  let headers: IncomingMessage["headers"] = {};
  const lane = await startLane(t, (request, response) => {
    headers = request.headers;
    void buffer(request).then((body) => {
      received = body;
      return response.writeHead(201).end();
    });
  });
  assert.equal(await lane.checksum(bytes), (await createCrc64()).of(bytes));
  await lane.client.putBlock("c", "k", "00000001", bytes, { signal: never });
  assert.ok(received?.equals(bytes));
  assert.match(headers.authorization ?? "", /^SharedKey account:/);
});

test("a range is written into shared memory", async (t) => {
  const bytes = shared(3_000_000);
  const lane = await startLane(t, (_request, response) => {
    response.writeHead(206, {
      "content-range": `bytes 0-2999999/3000000`,
      "content-length": bytes.length,
      etag: "e",
    });
    response.end(Buffer.from(bytes));
  });
  const into = new Uint8Array(new SharedArrayBuffer(3_000_000));
  const range = { offset: 0, length: into.length };
  const { received, size } = await lane.client.getBlob("c", "k", { range, into, signal: never });
  assert.deepEqual([received?.bytes, received?.broken, size], [3_000_000, undefined, 3_000_000]);
  assert.ok(Buffer.from(into).equals(bytes));
});

test("a range whose connection dies tells how much of it came", async (t) => {
  const lane = await startLane(t, (_request, response) => {
    response.writeHead(206, {
      "content-range": "bytes 0-2999999/3000000",
      "content-length": 3_000_000,
      etag: "e",
    });
    response.write(Buffer.alloc(1_000, 9), () => setImmediate(() => response.destroy()));
  });
  const into = new Uint8Array(new SharedArrayBuffer(3_000_000));
  const range = { offset: 0, length: into.length };
  const { received } = await lane.client.getBlob("c", "k", { range, into, signal: never });
  assert.equal(received?.bytes, 1_000);
  assert.equal(received.broken?.trouble, "broken");
});

test("a connection that the service closed as idle is told apart from one that broke", async (t) => {
  let requests = 0;
  const seen = Promise.withResolvers<{ transport: HttpTransport; origin: string }>();
  await startLane(
    t,
    (request, response) => {
      requests += 1;
      // Not in the middle of its arrival, which would be an answer of Node's own.
      if (requests === 1) response.end();
      else setImmediate(() => request.socket.destroy());
    },
    (transport, origin) => seen.resolve({ transport, origin }),
  );
  const { transport, origin } = await seen.promise;
  const request = { method: "GET", origin, path: "/", query: "", headers: {} } as const;
  await transport.send(request, never);
  await assert.rejects(transport.send(request, never), { trouble: "broken", staleConnection: true });
});

test("an error of the service is told as usual", async (t) => {
  const lane = await startLane(t, (_request, response) => {
    response.writeHead(404, { "x-ms-error-code": "BlobNotFound" }).end();
  });
  const into = new Uint8Array(new SharedArrayBuffer(10));
  const range = { offset: 0, length: 10 };
  await assert.rejects(lane.client.getBlob("c", "k", { range, into, signal: never }), { code: "NotFound" });
});

test("a canceled block is let go of at once, on the wire too", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const lane = await startLane(t, (request) => {
    request.on("error", () => {});
    request.on("close", closed.resolve);
    arrived.resolve();
  });
  const abort = new AbortController();
  const put = lane.client.putBlock("c", "k", "00000001", shared(100), { signal: abort.signal });
  await arrived.promise;
  abort.abort(canceled("test"));
  await assert.rejects(put, { code: "Canceled" });
  await closed.promise;
});

test("a thread that ended is not ready, and what waited for it fails", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const lane = await startLane(t, () => arrived.resolve());
  const put = lane.client.putBlock("c", "k", "00000001", shared(100), { signal: never });
  await arrived.promise;
  await Promise.all([lane.close(), assert.rejects(put)]);
  assert.equal(lane.ready, false);
});
