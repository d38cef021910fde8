import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { bodyOf, content } from "../conformance/content.ts";
import { startLocation, type TestLocation } from "../location.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

let location: TestLocation;
let host: PluginHost;
/** The configs of two accounts. */
let first: Record<string, string>;
let second: Record<string, string>;

before(async () => {
  location = await startLocation(["firstaccount", "secondaccount"]);
  host = await PluginHost.start();
  const [, other] = location.azurite.accounts;
  assert.ok(other !== undefined);
  first = { ...location.config };
  second = await location.configOf(other);
});
after(async () => {
  await host.close();
  await location.stop();
});

function startPlugin(): Promise<HostedPlugin> {
  return host.startPlugin({ path: executableUnderTest() });
}

async function put(plugin: HostedPlugin, key: string): Promise<void> {
  await new HostObjectStore(plugin).put(location.container, key, bodyOf(content(1000)), { signal });
}

/** The keys that start with the prefix, in either account. */
async function keysOf(prefix: string): Promise<(readonly string[])[]> {
  const stored = location.azurite.accounts.map(async (account) => {
    const blobs = await location.azurite.blobs(location.container, prefix, account);
    return blobs.map(({ key }) => key);
  });
  return Promise.all(stored);
}

test("a second Init holds for the requests after it; an upload under way ends where it began", async () => {
  const plugin = await startPlugin();
  await plugin.init(first);
  const flowing = Promise.withResolvers<void>();
  const upload = plugin.bench(
    {
      ...{ op: "put", bucket: location.container, key: "init/slow", size: 24 * MIB },
      pace: { seed: 1, maximumPiece: 256 * 1024, maximumPauseMicroseconds: 40_000 },
      progressMilliseconds: 50,
    },
    (moved) => (moved[0] ?? 0) > 5 * MIB && flowing.resolve(),
  );
  await Promise.race([flowing.promise, upload]);
  await plugin.init(second);
  await put(plugin, "init/after");
  await upload;
  assert.deepEqual(await keysOf("init/"), [["init/slow-0"], ["init/after"]]);
});

test("after an Init that failed, requests fail with its reason instead of using the former location", async () => {
  const plugin = await startPlugin();
  await plugin.init(first);
  await assert.rejects(plugin.init({ ...second, useAAD: "perhaps" }), { code: "InvalidArgument" });
  await assert.rejects(put(plugin, "failed/x"), /initialization failed.*useAAD/);
  assert.deepEqual(await keysOf("failed/"), [[], []]);
});

test("two processes, as Velero starts them for two locations, share nothing", async () => {
  const [one, two] = await Promise.all([startPlugin(), startPlugin()]);
  await Promise.all([one.init(first), two.init(second)]);
  await Promise.all([put(one, "both/first"), put(two, "both/second")]);
  assert.deepEqual(await keysOf("both/"), [["both/first"], ["both/second"]]);
});

test("a name that the plugin does not serve, and one that got no Init, are refused by name", async () => {
  const plugin = await startPlugin();
  await assert.rejects(plugin.init(first, "example.com/other"), /"example\.com\/other".*"velero\.io\/azure"/);
  await assert.rejects(put(plugin, "x"), { code: "FailedPrecondition", message: /not been initialized/ });
});

test("the volume snapshotter, which shares its name with the object store, is a location of its own", async () => {
  const plugin = await startPlugin();
  const call = (): Promise<unknown> => plugin.volumeCall("DeleteSnapshot", { snapshotID: "s" });
  await plugin.init(first);
  await assert.rejects(call(), { code: "FailedPrecondition", message: /not been initialized/ });
  const credentialsFile = join(location.folder, "snapshots");
  await writeFile(credentialsFile, "AZURE_SUBSCRIPTION_ID=s\nAZURE_RESOURCE_GROUP=g\n");
  await plugin.init({ credentialsFile }, "velero.io/azure", "VolumeSnapshotter");
  await assert.rejects(call(), { code: "InvalidArgument", message: /snapshot ID "s"/ });
  await put(plugin, "beside");
});
