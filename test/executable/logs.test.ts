import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bodyOf, content } from "../conformance/content.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { startLocation, type TestLocation } from "../location.ts";

type Line = Readonly<Record<string, unknown>>;

const { signal } = new AbortController();

let location: TestLocation;
let host: PluginHost;

before(async () => {
  location = await startLocation();
  host = await PluginHost.start();
});
after(async () => {
  await host.close();
  await location.stop();
});

/** What the plugin logs, started with these flags, while an object is stored and a missing one is asked for. */
async function logOf(args: readonly string[]): Promise<Line[]> {
  const plugin = await host.startPlugin({ path: executableUnderTest(), args });
  await plugin.init({ ...location.config, blockSizeInBytes: "banana" });
  const store = new HostObjectStore(plugin);
  await store.put(location.container, "some/key", bodyOf(content(10)), { signal });
  await assert.rejects(store.get(location.container, "missing", { signal }));
  await plugin.end();
  const lines = (await plugin.stderr()).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Line);
}

function levelsOf(lines: readonly Line[]): string[] {
  return [...new Set(lines.map((line) => String(line["@level"])))].toSorted();
}

test("every line is hclog's JSON, and a request's lines tell account, container and key", async () => {
  const lines = await logOf(["--log-level", "debug"]);
  for (const line of lines) {
    assert.equal(typeof line["@message"], "string");
    assert.equal(typeof line["@module"], "string");
    assert.ok(!Number.isNaN(Date.parse(String(line["@timestamp"]))));
  }
  const put = lines.find((line) => line["key"] === "some/key");
  assert.equal(put?.["account"], "testaccount");
  assert.equal(put["container"], location.container);
});

const levels: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ["--log-level", "debug"],
    ["debug", "warn"],
  ],
  [["--log-level=debug"], ["debug", "warn"]],
  [["--log-level", "info"], ["warn"]],
  [["--log-level", "warning"], ["warn"]],
  [["--features", "", "--log-level", "error"], []],
  [[], ["warn"]],
];
for (const [args, expected] of levels) {
  test(`with "${args.join(" ")}" it logs ${expected.join(" and ") || "nothing"} in an uneventful run`, async () => {
    assert.deepEqual(levelsOf(await logOf(args)), expected);
  });
}
