import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { BlobServer } from "../../bench/blob-server.ts";
import { makeCertificates, type Certificates } from "../certificates.ts";
import { assertFails, assertHolds, inParallel, list, put } from "../conformance/calls.ts";
import { content } from "../conformance/content.ts";
import type { HostedPlugin } from "../host/host.ts";
import { startConnectProxy, startRelay } from "./relay.ts";
import {
  assertAllStruck,
  MIB,
  startServerLocation,
  type ServerLocation,
  wakeSecondThread,
} from "./server-location.ts";

const SMALL = content(4096, 1);
/** Its third piece and those after it go through the second thread. */
const LARGE = content(24 * MIB + 5, 2);

/**
 * This very machine, by an address that is not one of loopback's, which no client ever asks a proxy for. Linux leads
 * it there.
 */
const HERE = "0.0.0.0";

let folder: string;
let certificates: Certificates;
let caCert: string;
let location: ServerLocation;
let port: number;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "velero-azure-network-"));
  certificates = await makeCertificates(join(folder, "own"), [`IP:${HERE}`]);
  caCert = await readFile(certificates.ca, "utf8");
  location = await startServerLocation({ tls: { certificate: certificates.cert, key: certificates.key } });
  port = Number(location.server.address.split(":")[1]);
});
after(async () => {
  await location.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => assertAllStruck(location.server));

function proxyBy(proxy: number, exceptions: string): Record<string, string | null> {
  const inherited = { https_proxy: null, no_proxy: null };
  return { ...inherited, HTTPS_PROXY: `http://127.0.0.1:${proxy}`, NO_PROXY: exceptions };
}

function endpoint(host: string, at: number): string {
  return `https://${host}:${at}/benchaccount`;
}

/** The plugin with its second thread at work. */
async function startAwake(config: Record<string, string>, env: Record<string, string | null> = {}) {
  const plugin = await location.startPlugin({ env });
  await plugin.init({ ...location.config, caCert, ...config });
  await wakeSecondThread(location, plugin);
  return { plugin, subject: location.subjectOf(plugin) };
}

/** Leaves the first thread with connections for a large object, and the second one with none. */
async function connectFirstThreadAlone(plugin: HostedPlugin): Promise<void> {
  const { server } = location;
  const subject = location.subjectOf(plugin);
  // All at once, so that each needs a connection of its own.
  const puts = Array.from({ length: 6 }, (_, i) => () => put(subject, `small/${i}`, SMALL));
  await server.queueFaults({
    ...{ kind: "delay", milliseconds: 300, operation: "PutBlob", times: puts.length },
  });
  await inParallel(puts.length, puts);
}

test("with an authority of one's own in caCert, objects of any size come and go over https", async () => {
  const { plugin, subject } = await startAwake({});
  for (const object of [SMALL, LARGE]) {
    await put(subject, "own-authority", object);
    await assertHolds(subject, "own-authority", object);
  }
  await plugin.end();
});

test("without it the certificate is refused, and no request sent", async () => {
  const plugin = await location.startPlugin();
  await plugin.init(location.config);
  const subject = location.subjectOf(plugin);
  await assertFails("FailedPrecondition", put(subject, "untrusted", LARGE));
  await assertFails("FailedPrecondition", assertHolds(subject, "untrusted", SMALL));
  await assertFails("FailedPrecondition", list(subject, ""));
  assert.equal((await location.server.stats()).requests, 0);
  await plugin.end();
});

test("the thread for large objects refuses a certificate that is not trusted, too", async (t) => {
  const others = await makeCertificates(join(folder, "impostor"));
  const tls = { certificate: others.cert, key: others.key };
  const impostor = await BlobServer.start({ containers: [location.container], tls });
  const relay = await startRelay(port);
  t.after(async () => {
    await relay.close();
    await impostor.stop();
  });
  const storageAccountURI = endpoint("127.0.0.1", relay.port);
  const { plugin, subject } = await startAwake({ storageAccountURI });
  await put(subject, "mine", LARGE);

  for (const call of [() => assertHolds(subject, "mine", LARGE), () => put(subject, "theirs", LARGE)]) {
    relay.leadTo(port);
    relay.cut();
    await connectFirstThreadAlone(plugin);
    relay.leadTo(Number(impostor.address.split(":")[1]));
    // The first thread still has its connections to the right server: only the second one makes new ones.
    await assertFails("FailedPrecondition", call());
  }
  const { requests, connections } = await impostor.stats();
  assert.equal(requests, 0);
  assert.ok(connections > 0, "the second thread made no connection");
  relay.leadTo(port);
  assert.deepEqual(await list(subject, "theirs"), []);
  await plugin.end();
});

test("HTTPS_PROXY is used by both threads", async (t) => {
  const proxy = await startConnectProxy(port);
  t.after(() => proxy.close());
  const env = proxyBy(proxy.port, "");
  const { plugin, subject } = await startAwake({ storageAccountURI: endpoint(HERE, port) }, env);
  proxy.cut();
  await connectFirstThreadAlone(plugin);
  await location.server.resetStats();
  const before = proxy.asked.length;
  await put(subject, "proxied", LARGE);
  await assertHolds(subject, "proxied", LARGE);
  const { connections } = await location.server.stats();
  assert.ok(connections > 0, "the second thread made no connection");
  assert.equal(proxy.asked.length - before, connections, "a connection passed the proxy by");
  assert.deepEqual([...new Set(proxy.asked)], [`${HERE}:${port}`]);
  await plugin.end();
});

test("NO_PROXY keeps both threads away from the proxy", async (t) => {
  const proxy = await startConnectProxy(port);
  t.after(() => proxy.close());
  const env = proxyBy(proxy.port, `example.test,${HERE}`);
  const { plugin, subject } = await startAwake({ storageAccountURI: endpoint(HERE, port) }, env);
  await put(subject, "direct", LARGE);
  await assertHolds(subject, "direct", LARGE);
  assert.deepEqual(proxy.asked, []);
  await plugin.end();
});

test("a proxy that cannot be reached is told, not passed by", async () => {
  const env = proxyBy(1, "");
  const plugin = await location.startPlugin({ env });
  await plugin.init({ ...location.config, caCert, storageAccountURI: endpoint(HERE, port) });
  await assertFails("Unavailable", put(location.subjectOf(plugin), "nowhere", SMALL));
  assert.equal((await location.server.stats()).requests, 0);
  await plugin.end();
});
