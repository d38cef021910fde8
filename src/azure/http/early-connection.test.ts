import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { Agent, createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { after, before, beforeEach, test } from "node:test";
import { makeCertificates } from "../../../test/certificates.ts";
import { EarlyConnection } from "./early-connection.ts";
import { NodeTransport } from "./node-transport.ts";

const { signal } = new AbortController();
let folder: string;
let caCert: string;
let server: Server;
let connections: TLSSocket[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "early-"));
  const certificates = await makeCertificates(folder, ["DNS:acc.blob.test"]);
  caCert = await readFile(certificates.ca, "utf8");
  server = createServer({ cert: await readFile(certificates.cert), key: await readFile(certificates.key) });
  server.on("secureConnection", (socket) => connections.push(socket));
  server.on("request", (request, response) => response.end(`got ${request.url}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(async () => {
  server?.close();
  server?.closeAllConnections();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  connections = [];
});

function origin(host = "127.0.0.1"): string {
  return `https://${host}:${(server.address() as AddressInfo).port}`;
}

function transport(environment: Record<string, string> = {}): NodeTransport {
  return new NodeTransport({ caCert, environment });
}

async function get(from: NodeTransport, where: string): Promise<string> {
  const request = { method: "GET", origin: where, path: "/x", query: "", headers: {} } as const;
  return text((await from.send(request, signal)).body);
}

test("a connection that was opened early is the one that the next request takes, and is kept after it", async () => {
  const one = transport();
  one.expect(origin());
  await once(server, "secureConnection");
  assert.equal(await get(one, origin()), "got /x");
  assert.equal(await get(one, origin()), "got /x");
  assert.equal(connections.length, 1);
  one.close();
});

test("a request takes an early connection that is not there yet; the one beside it opens its own", async () => {
  const one = transport();
  one.expect(origin());
  one.expect(origin());
  await new Promise(setImmediate);
  await Promise.all([get(one, origin()), get(one, origin())]);
  assert.equal(connections.length, 2);
  one.close();
});

test("a request that comes at once opens the only connection", async () => {
  const one = transport();
  one.expect(origin());
  assert.equal(await get(one, origin()), "got /x");
  assert.equal(connections.length, 1);
  one.close();
});

test("an early connection that broke before a request came is replaced by another", async () => {
  const agent = new Agent();
  const made: PassThrough[] = [];
  agent.createConnection = () => {
    const socket = new PassThrough();
    made.push(socket);
    return socket;
  };
  const early = new EarlyConnection(agent, { host: "acc.blob.test", port: 443 }, false);
  early.open();
  await new Promise(setImmediate);
  made[0]?.destroy(new Error("broken"));
  await new Promise(setImmediate);
  const taken = await new Promise((resolve) =>
    agent.createConnection({}, (_error, socket) => resolve(socket)),
  );
  assert.equal(made.length, 2);
  assert.equal(taken, made[1]);
});

test("an early connection that nobody took is closed with its transport", async () => {
  const one = transport();
  one.expect(origin());
  const [socket]: TLSSocket[] = await once(server, "secureConnection");
  const closed = once(socket ?? server, "close");
  one.close();
  await closed;
});

test("an early connection that fails tells nobody, and its request fails as without", async () => {
  const refused = createPlainServer();
  refused.listen(0, "127.0.0.1");
  await once(refused, "listening");
  const nowhere = `https://127.0.0.1:${(refused.address() as AddressInfo).port}`;
  await new Promise((resolve) => refused.close(resolve));
  const one = transport();
  one.expect(nowhere);
  await new Promise(setImmediate);
  await assert.rejects(get(one, nowhere), { trouble: "connect" });
  one.close();
});

test("a proxy that cannot be used is told by the request alone", async () => {
  const one = transport({ HTTPS_PROXY: "socks5://proxy.test" });
  one.expect(origin("acc.blob.test"));
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(get(one, origin("acc.blob.test")), { code: "InvalidArgument" });
});

test("an early connection trusts no more than a request does", async () => {
  const one = new NodeTransport({ environment: {} });
  one.expect(origin());
  await new Promise(setImmediate);
  await assert.rejects(get(one, origin()), { trouble: "certificate" });
  one.close();
});

for (const early of [true, false]) {
  test(`through a proxy's tunnel, a request takes an early connection ${early ? "that is there" : "that is not there yet"}`, async () => {
    const proxy = createPlainServer();
    let tunnels = 0;
    proxy.on("connect", (_request, client) => {
      tunnels++;
      const upstream = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(upstream).pipe(client);
      });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const one = transport({ HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    one.expect(origin("acc.blob.test"));
    if (early) await once(server, "secureConnection");
    else await new Promise(setImmediate);
    assert.equal(await get(one, origin("acc.blob.test")), "got /x");
    assert.equal(tunnels, 1);
    one.close();
    proxy.close();
    proxy.closeAllConnections();
  });
}
