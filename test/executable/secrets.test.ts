import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bodyOf, content } from "../conformance/content.ts";
import { executableUnderTest } from "../host/executable.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { startLocation, type TestLocation } from "../location.ts";
import { hours, sasToken } from "./sas.ts";
import { Silence } from "./silence.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

let location: TestLocation;
let host: PluginHost;
let plugin: HostedPlugin;
/** The plugin's TMPDIR and working directory. */
let folder: string;

const silence = new Silence();

before(async () => {
  location = await startLocation();
  folder = join(location.folder, "plugin");
  await mkdir(folder);
  host = await PluginHost.start();
  plugin = await host.startPlugin({
    path: executableUnderTest(),
    args: ["--log-level", "trace", "--features", ""],
    env: { TMPDIR: folder },
    dir: folder,
  });
});
after(async () => {
  await host.close();
  await location.stop();
});

/** The location's config with these lines for its credentials file. */
async function configWith(name: string, lines: Record<string, string>): Promise<Record<string, string>> {
  const credentialsFile = join(location.folder, name);
  const text = Object.entries(lines).map(([key, value]) => `${key}='${value}'\n`);
  await writeFile(credentialsFile, text.join(""), { mode: 0o600 });
  return { ...location.config, credentialsFile };
}

/** Every call that there is, the good ones and those that fail, small objects and large. */
async function useEverything(name: string, config: Record<string, string>): Promise<void> {
  const store = new HostObjectStore(plugin);
  const { container } = location;
  await silence.hear(`${name}: Init`, () => plugin.init(config));
  for (const size of [0, 10, 24 * MIB]) {
    await silence.hear(`${name}: put ${size}`, () =>
      store.put(container, "key", bodyOf(content(size)), { signal }),
    );
    await silence.hear(`${name}: get ${size}`, async () => {
      for await (const chunk of await store.get(container, "key", { signal })) assert.ok(chunk.length > 0);
    });
  }
  for (const place of [container, "no-such-container", "Not A Container"]) {
    await silence.hear(`${name}: exists`, () => store.exists(place, "key", { signal }));
    await silence.hear(`${name}: list`, () => store.list(place, "", { signal }));
    await silence.hear(`${name}: prefixes`, () => store.listCommonPrefixes(place, "", "/", { signal }));
    await silence.hear(`${name}: get missing`, () => store.get(place, "missing", { signal }));
    await silence.hear(`${name}: delete`, () => store.delete(place, "key", { signal }));
  }
  await silence.hear(`${name}: sign`, async () => {
    const url = new URL(await store.createSignedUrl(container, "key", 600_000, { signal }));
    silence.keep(`signature of a URL signed by ${name}`, url.searchParams.get("sig"));
  });
}

test("no secret is in any output, whatever is done at the most talkative level", async () => {
  const { key } = location.azurite;
  silence.keep("account key", key);
  await useEverything("account key", location.config);

  const wrong = randomBytes(64).toString("base64");
  silence.keep("wrong account key", wrong);
  await useEverything("wrong account key", await configWith("wrong", { LOCATION_KEY: wrong }));

  const broken = `${randomBytes(20).toString("hex")}*&?`;
  silence.keep("key that is not base64", broken);
  await useEverything("broken account key", await configWith("broken", { LOCATION_KEY: broken }));

  await useToken("SAS token", sasToken(location.azurite, { startsOn: hours(-1), expiresOn: hours(1) }));
  await useToken("expired token", sasToken(location.azurite, { startsOn: hours(-2), expiresOn: hours(-1) }));
  const other = { ...location.azurite, key: wrong };
  await useToken("wrong token", sasToken(other, { startsOn: hours(-1), expiresOn: hours(1) }));

  const password = randomBytes(20).toString("hex");
  silence.keep("client secret", password);
  const principal = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: password };
  const { storageAccountKeyEnvVar: _, ...identity } = await configWith("principal", principal);
  await useEverything("client secret", identity);

  // Mistakes that put a secret where none belongs.
  await silence.hear("key as its own name", () =>
    plugin.init({ ...location.config, storageAccountKeyEnvVar: key }),
  );
  const userinfo = location.azurite.url.replace("https://", `https://user:${password}@`);
  await silence.hear("password in an address", () =>
    plugin.init({ ...location.config, storageAccountURI: userinfo }),
  );

  await silence.collect(plugin, folder);
  assertSilent();
});

async function useToken(name: string, token: string): Promise<void> {
  silence.keep(`signature of the ${name}`, new URLSearchParams(token).get("sig"));
  const { storageAccountKeyEnvVar: _, ...config } = await configWith(name.replaceAll(" ", "-"), {
    SAS: token,
  });
  await useEverything(name, { ...config, storageAccountSASTokenEnvVar: "SAS" });
}

function assertSilent(): void {
  const { outputs, secrets } = silence;
  // A run that said nothing would prove nothing.
  assert.match(outputs.get("standard error") ?? "", /"@level":"debug".*"status":201/);
  assert.ok(outputs.size > 60 && secrets.size > 8, `${outputs.size} outputs, ${secrets.size} secrets`);
  silence.assertKept();
}
