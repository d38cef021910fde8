import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { inspect, promisify } from "node:util";
import { after, before, type TestContext, test } from "node:test";
import { makeCertificates } from "../../../test/certificates.ts";
import { NodeTransport } from "./node-transport.ts";
import type { Environment } from "./proxy.ts";
import { type HttpRequest, TransportError } from "./transport.ts";
import { throughProxy, transportTrouble } from "./trouble.ts";

const { signal } = new AbortController();
let folder: string;
let caFile: string;
let caCert: string;
let secure: Server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxy-"));
  caFile = join(folder, "self-signed.pem");
  const keyFile = join(folder, "self-signed.key");
  // A name that is not loopback's, which is never sent to a proxy.
  const names = "subjectAltName=DNS:acc.blob.test,IP:127.0.0.1";
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "1"];
  const subject = ["-subj", "/CN=acc.blob.test", "-addext", names];
  await promisify(execFile)("openssl", [
    "req",
    "-x509",
    ...newKey,
    ...subject,
    "-keyout",
    keyFile,
    "-out",
    caFile,
  ]);
  caCert = await readFile(caFile, "utf8");
  secure = createSecureServer({ cert: caCert, key: await readFile(keyFile) }, (request, response) => {
    response.end(`secure ${request.url} ${request.headers["proxy-authorization"]}`);
  });
  await listening(secure);
});

after(async () => {
  secure.close();
  secure.closeAllConnections();
  await rm(folder, { recursive: true });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return portOf(server);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/**
 * A proxy that leads every name to loopback, since the transport never sends loopback addresses to a proxy, and
 * keeps what it was asked for.
 */
async function startProxy(context: TestContext, status = 200): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    response.end(`plain for ${request.headers.host}`);
  });
  proxy.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const upstream = connect(portOf(secure), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  const port = await listening(proxy);
  context.after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return { port, asked };
}

function transportWith(
  context: TestContext,
  environment: Environment,
  ca: string | undefined = caCert,
): NodeTransport {
  const transport = new NodeTransport({ environment, caCert: ca });
  context.after(() => transport.close());
  return transport;
}

function get(origin: string, path = "/c/a%2F..%2Fb"): HttpRequest {
  return { method: "GET", origin, path, query: "", headers: {} };
}

test("https goes through a tunnel of HTTPS_PROXY, whose password goes to the proxy alone", async (t) => {
  const proxy = await startProxy(t);
  const transport = transportWith(t, { HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}` });
  const response = await transport.send(get("https://acc.blob.test:4430"), signal);
  assert.equal((await buffer(response.body)).toString(), "secure /c/a%2F..%2Fb undefined");
  const credentials = Buffer.from("user:p@ss").toString("base64");
  assert.deepEqual(proxy.asked, [`CONNECT acc.blob.test:4430 Basic ${credentials}`]);
});

test("a certificate for another name is refused without a second attempt", async (t) => {
  const proxy = await startProxy(t);
  const transport = transportWith(t, { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
  await assert.rejects(transport.send(get("https://other.test"), signal), { trouble: "certificate" });
  assert.equal(proxy.asked.length, 1);
});

test("plain http goes to HTTP_PROXY in absolute form, the path as it is", async (t) => {
  const proxy = await startProxy(t);
  const transport = transportWith(t, { HTTP_PROXY: `http://user:pass@127.0.0.1:${proxy.port}` });
  const response = await transport.send(get("http://acc.test:8080", "/c/%2E%2E/b"), signal);
  assert.equal((await buffer(response.body)).toString(), "plain for acc.test:8080");
  const credentials = Buffer.from("user:pass").toString("base64");
  assert.deepEqual(proxy.asked, [`GET http://acc.test:8080/c/%2E%2E/b Basic ${credentials}`]);
});

test("NO_PROXY keeps a host away from the proxy", async (t) => {
  const proxy = await startProxy(t);
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "127.0.0.1" };
  const transport = transportWith(t, environment);
  const response = await transport.send(get(`https://127.0.0.1:${portOf(secure)}`, "/x"), signal);
  assert.equal((await buffer(response.body)).toString(), "secure /x undefined");
  assert.deepEqual(proxy.asked, []);
});

const refusals: ReadonlyArray<readonly [number, string]> = [
  [407, "proxy"],
  [403, "proxy"],
  [502, "connect"],
];

for (const [status, trouble] of refusals) {
  test(`a proxy that answers ${status} is trouble of the kind "${trouble}"`, async (t) => {
    const proxy = await startProxy(t, status);
    const transport = transportWith(t, { HTTPS_PROXY: `http://user:hunter2@127.0.0.1:${proxy.port}` });
    await assert.rejects(transport.send(get("https://acc.test"), signal), (error: unknown) => {
      assert.ok(error instanceof Error && "trouble" in error && error.trouble === trouble);
      return !error.message.includes("hunter2");
    });
  });
}

test("a proxy that accepts no connection is told as the proxy, not as the host behind it", async (t) => {
  for (const scheme of ["http", "https"]) {
    const environment = { [`${scheme.toUpperCase()}_PROXY`]: "http://user:hunter2@127.0.0.1:1" };
    const sent = transportWith(t, environment).send(get(`${scheme}://acc.test`), signal);
    await assert.rejects(sent, (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.trouble, "connect");
      assert.match(error.message, /no connection to the proxy "127\.0\.0\.1"/);
      return !inspect(error, { depth: 9 }).includes("hunter2");
    });
  }
});

test("a proxy without an address is no reason to look for the account elsewhere", () => {
  for (const [code, trouble] of [
    ["ENOTFOUND", "proxy"],
    ["EAI_AGAIN", "resolve-again"],
  ]) {
    const cause = Object.assign(new Error("lookup"), { code });
    const direct = transportTrouble(cause, { host: "acc.test", connected: false });
    const { message, trouble: found } = throughProxy(direct, "proxy.test");
    assert.equal(found, trouble);
    assert.match(message, /proxy.*"proxy\.test"/);
  }
});

test("a certificate of caCert is trusted, and of nobody is not", async (t) => {
  const origin = `https://127.0.0.1:${portOf(secure)}`;
  const response = await transportWith(t, {}).send(get(origin, "/x"), signal);
  assert.equal((await buffer(response.body)).toString(), "secure /x undefined");
  await assert.rejects(new NodeTransport({ environment: {} }).send(get(origin), signal), {
    trouble: "certificate",
  });
});

test("roots of SSL_CERT_FILE are trusted beside caCert", async (t) => {
  const origin = `https://127.0.0.1:${portOf(secure)}`;
  const unrelated = await readFile((await makeCertificates(join(folder, "other"))).ca, "utf8");
  const transport = transportWith(t, { SSL_CERT_FILE: caFile }, unrelated);
  await buffer((await transport.send(get(origin), signal)).body);
});
