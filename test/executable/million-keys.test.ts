import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { inParallel, list, uncancelled } from "../conformance/calls.ts";
import type { HostedPlugin } from "../host/host.ts";
import { MIB, startServerLocation, type ServerLocation } from "./server-location.ts";

const KEYS = 1_000_000;
/** As long as those of Velero's own files. */
const KEY = "backups/nightly-of-the-production-cluster-20261122020000/volume-";

/** Three pages of prefixes, each of several keys. */
const PREFIXES = Array.from({ length: 12_000 }, (_, i) => `kopia/ns-${String(i).padStart(5, "0")}/`);

/** The keys alone are 70 MiB, twice: as texts and as the one message that Velero's wire wants. */
const MOST_BYTES = 512 * MIB;

const ENTRIES_A_PAGE = 5000;

let location: ServerLocation;
let plugin: HostedPlugin;

before(async () => {
  location = await startServerLocation();
  const { server, container } = location;
  await server.makeBlobs({ container, key: KEY, size: 0, count: KEYS });
  const calls = PREFIXES.map((key) => () => server.makeBlobs({ container, key, size: 0, count: 3 }));
  await inParallel(4, calls);
});
after(() => location.stop());

async function startPlugin(): Promise<void> {
  plugin = await location.startPlugin({ args: ["--log-level", "info"] });
  await plugin.init(location.config);
  await location.server.resetStats();
}

/** The most memory that the plugin ever had: the kernel's own high-water mark. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${plugin.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test("a million keys are listed, each once and in order, in bounded memory", async () => {
  await startPlugin();
  const keys = await list(location.subjectOf(plugin), "backups/");
  assert.equal(keys.length, KEYS);
  const wrong = keys.findIndex((key, index) => key !== KEY + String(index).padStart(7, "0"));
  assert.equal(wrong, -1, `unexpected key ${keys[wrong]} at ${wrong}`);
  assert.deepEqual((await location.server.stats()).operations, { ListBlobs: KEYS / ENTRIES_A_PAGE });
  const peak = await peakBytes();
  assert.ok(peak < MOST_BYTES, `${Math.round(peak / MIB)} MiB`);
  await plugin.end();
});

test("the prefixes of many backups are listed, each once and in order", async () => {
  await startPlugin();
  const { server, container } = location;
  const { store } = location.subjectOf(plugin);
  assert.deepEqual(await store.listCommonPrefixes(container, "kopia/", "/", uncancelled()), PREFIXES);
  const pages = Math.ceil(PREFIXES.length / ENTRIES_A_PAGE);
  assert.deepEqual((await server.stats()).operations, { ListBlobs: pages });
  await plugin.end();
});

test("one prefix over a million keys is one answer, whatever lies below it", async () => {
  await startPlugin();
  const { store } = location.subjectOf(plugin);
  const found = await store.listCommonPrefixes(location.container, "", "/", uncancelled());
  assert.deepEqual(found, ["backups/", "kopia/"]);
  await plugin.end();
});
