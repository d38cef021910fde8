import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { startLocation, type TestLocation } from "../location.ts";

const MIB = 1024 * 1024;
const READERS = 8;

/** Far longer than any pause of a reader; a reader without a byte for so long never gets one. */
const STALL_MILLISECONDS = 60_000;

let location: TestLocation;
let host: PluginHost;
let plugin: HostedPlugin;

before(async () => {
  location = await startLocation();
  host = await PluginHost.start();
  plugin = await host.startPlugin({ path: executableUnderTest(), args: ["--log-level", "info"] });
  await plugin.init(location.config);
});

after(async () => {
  await host.close();
  await location.stop();
});

/** Fires when one reader has had no byte for too long, though it may be that the others have. */
function watchdog(size: number): { readonly signal: AbortSignal; heard(moved: readonly number[]): void } {
  const controller = new AbortController();
  const last = new Map<number, { moved: number; at: number }>();
  return {
    signal: controller.signal,
    heard: (moved) => {
      for (const [reader, bytes] of moved.entries()) {
        const known = last.get(reader);
        if (bytes === size || known?.moved !== bytes) {
          last.set(reader, { moved: bytes, at: Date.now() });
        } else if (Date.now() - known.at > STALL_MILLISECONDS) {
          controller.abort(new Error(`reader ${reader} stalled after ${bytes} bytes`));
        }
      }
    },
  };
}

const paces = {
  "that pause often and briefly": { maximumPiece: 64 * 1024, maximumPauseMicroseconds: 2_000 },
  "that pause seldom and long": { maximumPiece: 4 * MIB, maximumPauseMicroseconds: 200_000 },
};

for (const [index, [name, pace]] of Object.entries(paces).entries()) {
  test(`eight readers ${name} all get their objects`, async () => {
    const objects = { bucket: location.container, key: `slow-${index}`, size: 24 * MIB, count: READERS };
    await plugin.bench({ op: "put", ...objects, parallel: READERS });
    const dog = watchdog(objects.size);
    const result = await plugin.bench(
      { op: "get", ...objects, parallel: READERS, pace: { seed: index, ...pace } },
      (moved) => dog.heard(moved),
      dog.signal,
    );
    assert.equal(result.objectSeconds.length, READERS);
  });
}

test("readers that Velero closed half-way, which end only with the process, hold up nobody else", async () => {
  const objects = { bucket: location.container, key: "left", size: 24 * MIB, count: 1 };
  await plugin.bench({ op: "put", ...objects });
  for (let i = 0; i < 2 * READERS; i += 1) {
    const query = { bucket: location.container, key: "left-0", leave: "close" };
    const answer = await plugin.client.send({ method: "GET", path: plugin.route("object"), query });
    answer.destroy();
  }
  const dog = watchdog(objects.size);
  await plugin.bench({ op: "get", ...objects }, (moved) => dog.heard(moved), dog.signal);
});
