import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { untilEnded } from "../host/process.ts";
import { startLocation, type TestLocation } from "../location.ts";

/** Long enough that only a process that never ends needs so long, whatever else the machine does. */
const PATIENCE = 20_000;
const MIB = 1024 * 1024;

/** An upload that takes far longer than any test here: its body pauses after each piece. */
const SLOW = { seed: 1, maximumPiece: 256 * 1024, maximumPauseMicroseconds: 100_000 };

let location: TestLocation;
let host: PluginHost;
/** The plugin's TMPDIR. */
let folder: string;

before(async () => {
  location = await startLocation();
});
after(async () => {
  await location.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lifecycle-"));
  host = await PluginHost.start();
});
afterEach(async () => {
  await host.close();
  await rm(folder, { recursive: true });
});

async function startPlugin(env: Record<string, string> = {}): Promise<HostedPlugin> {
  const plugin = await host.startPlugin({ path: executableUnderTest(), env: { TMPDIR: folder, ...env } });
  await plugin.init(location.config);
  return plugin;
}

/** Starts a slow upload and resolves when its bytes flow, with what becomes of it. */
async function uploadUnderWay(plugin: HostedPlugin, key: string): Promise<{ outcome: Promise<unknown> }> {
  const flowing = Promise.withResolvers<void>();
  const outcome = plugin
    .bench(
      {
        ...{ op: "put", bucket: location.container, key, size: 512 * MIB },
        ...{ pace: SLOW, progressMilliseconds: 100 },
      },
      (moved) => (moved[0] ?? 0) > 5 * MIB && flowing.resolve(),
    )
    .catch((error: unknown) => error);
  await Promise.race([flowing.promise, outcome]);
  return { outcome };
}

describe("the plugin's process", () => {
  test("keeps its socket in a folder of its own that nobody else may enter", async () => {
    await startPlugin();
    const [name = "none", ...others] = await readdir(folder);
    assert.deepEqual(others, []);
    const { mode } = await stat(join(folder, name));
    assert.equal(mode & 0o777, 0o700);
    assert.ok((await stat(join(folder, name, "plugin.sock"))).isSocket());
  });

  test("keeps it in PLUGIN_UNIX_SOCKET_DIR if there is one", async () => {
    const chosen = join(folder, "chosen");
    await mkdir(chosen);
    await startPlugin({ PLUGIN_UNIX_SOCKET_DIR: chosen });
    assert.equal((await readdir(chosen)).length, 1);
    assert.deepEqual(await readdir(folder), ["chosen"]);
  });

  test("ends by itself when Velero is done with it, and takes its socket along", async () => {
    const plugin = await startPlugin();
    const { state, killed } = await plugin.end();
    assert.deepEqual({ state, killed }, { state: "exit status 0", killed: false });
    assert.deepEqual(await readdir(folder), []);
  });

  test("ends by itself even when Velero is done with it in the middle of an upload", async () => {
    const plugin = await startPlugin();
    const { outcome } = await uploadUnderWay(plugin, "ended");
    const { state, killed } = await plugin.end();
    assert.deepEqual({ state, killed }, { state: "exit status 0", killed: false });
    assert.ok((await outcome) instanceof Error);
    await assertNothingStored("ended-0");
  });

  test("ends on SIGTERM in the middle of an upload, stores nothing, and takes its socket along", async () => {
    const plugin = await startPlugin();
    const { outcome } = await uploadUnderWay(plugin, "terminated");
    process.kill(plugin.pid, "SIGTERM");
    await untilEnded(plugin.pid, PATIENCE);
    assert.ok((await outcome) instanceof Error);
    assert.deepEqual(await readdir(folder), []);
    await assertNothingStored("terminated-0");
  });

  test("ends when its host is killed in the middle of an upload, and stores nothing", async () => {
    const plugin = await startPlugin();
    const { outcome } = await uploadUnderWay(plugin, "orphaned");
    await host.sigkill();
    await untilEnded(plugin.pid, PATIENCE);
    assert.ok((await outcome) instanceof Error);
    assert.deepEqual(await readdir(folder), []);
    await assertNothingStored("orphaned-0");
  });

  test("ends when its host is killed before it has called", async () => {
    const pid = await orphanBeforeCall();
    await untilEnded(pid, PATIENCE);
    assert.deepEqual(await readdir(folder), []);
  });

  test("names the path it was started by as its command", async () => {
    const path = join(folder, "velero-azure-by-another-name");
    await symlink(executableUnderTest(), path);
    const { plugins } = await host.startPlugin({ path, env: { TMPDIR: folder } });
    assert.deepEqual(
      plugins.map(({ command, kind, name }) => [command, kind, name]),
      [
        [path, "ObjectStore", "velero.io/azure"],
        [path, "VolumeSnapshotter", "velero.io/azure"],
      ],
    );
  });

  test("heeds neither NODE_OPTIONS nor flags that it does not know", async () => {
    const plugin = await host.startPlugin({
      path: executableUnderTest(),
      args: ["--features", "", "--unknown", "--log-level", "debug", "--log-format=json", "--inspect"],
      env: { NODE_OPTIONS: "--require=/no/such/file.js", TMPDIR: folder },
    });
    await plugin.init(location.config);
    await plugin.get("health");
  });

  test("says what is the matter when it cannot make its socket", async () => {
    const path = executableUnderTest();
    const env = { TMPDIR: join(folder, "missing") };
    await assert.rejects(host.startPlugin({ path, env }), (error: { answer?: { stderr?: string } }) => {
      assert.match(error.answer?.stderr ?? "", /cannot make a folder for the plugin's socket.*TMPDIR/);
      return true;
    });
  });
});

/** Starts the plugin from a process that is then killed, before anybody has called; resolves to the plugin's pid. */
async function orphanBeforeCall(): Promise<number> {
  const script = `
    const { spawn } = require("node:child_process");
    const plugin = spawn(process.argv[1], ["--log-level", "debug"], { stdio: ["ignore", "pipe", "ignore"] });
    plugin.stdout.once("data", () => console.log(plugin.pid));
  `;
  const parent = spawn(process.execPath, ["-e", script, executableUnderTest()], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, VELERO_PLUGIN: "hello", PLUGIN_PROTOCOL_VERSIONS: "2", TMPDIR: folder },
  });
  const [pid] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  assert.equal((await readdir(folder)).length, 1);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  return Number(pid);
}

async function assertNothingStored(key: string): Promise<void> {
  const stored = await location.azurite.blobs(location.container, key);
  assert.deepEqual(stored, []);
}

describe("uploads", () => {
  test("that Velero cancels are never committed, not even later", async () => {
    const plugin = await startPlugin();
    for (const [index, cancelAfter] of [100, 5 * MIB, 20 * MIB].entries()) {
      const query = { bucket: location.container, key: `cancelled-${index}`, cancelAfter };
      const put = { method: "PUT", path: plugin.route("object"), query, body: zeros(24) };
      await assert.rejects(plugin.client.send(put), { code: "Canceled" });
    }
    // The plugin has heard of the cancellations by the time it has ended.
    await plugin.end();
    await assertNothingStored("cancelled");
  });

  test("whose reader fails in Velero look complete to every plugin, and are stored as far as they came", async () => {
    const plugin = await startPlugin();
    const query = { bucket: location.container, key: "broken", breakAfter: 5 * MIB };
    const put = { method: "PUT", path: plugin.route("object"), query, body: zeros(24) };
    await assert.rejects(plugin.client.send(put), /broke off/);
    await plugin.end();
    assert.ok(
      (await location.azurite.blobs(location.container, "broken")).every(({ size }) => size === 5 * MIB),
    );
  });
});

/** So many MiB of zeros. */
async function* zeros(mebibytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < mebibytes; i += 1) {
    yield Buffer.alloc(MIB);
  }
}
