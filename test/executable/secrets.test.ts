import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bodyOf, content } from "../conformance/content.ts";
import { executableUnderTest } from "../host/executable.ts";
import { HostFailure } from "../host/host-client.ts";
import { PluginHost, type HostedPlugin } from "../host/host.ts";
import { HostObjectStore } from "../host/object-store.ts";
import { startLocation, type TestLocation } from "../location.ts";
import { hours, sasToken } from "./sas.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

let location: TestLocation;
let host: PluginHost;
let plugin: HostedPlugin;
/** The plugin's TMPDIR and working directory. */
let folder: string;

/** Every secret of the run by what it is. */
const secrets = new Map<string, string>();
/** Everything that came out anywhere, by where. */
const outputs = new Map<string, string>();

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

/** Keeps what a failed call says; a call may fail here, it must only not tell. */
async function hear(where: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const answer = error instanceof HostFailure ? JSON.stringify(error.answer) : "";
    outputs.set(`error ${outputs.size} of ${where}`, `${String(error)}\n${answer}`);
  }
}

/** Every call that there is, the good ones and those that fail, small objects and large. */
async function useEverything(name: string, config: Record<string, string>): Promise<void> {
  const store = new HostObjectStore(plugin);
  const { container } = location;
  await hear(`${name}: Init`, () => plugin.init(config));
  for (const size of [0, 10, 24 * MIB]) {
    await hear(`${name}: put ${size}`, () => store.put(container, "key", bodyOf(content(size)), { signal }));
    await hear(`${name}: get ${size}`, async () => {
      for await (const chunk of await store.get(container, "key", { signal })) assert.ok(chunk.length > 0);
    });
  }
  for (const place of [container, "no-such-container", "Not A Container"]) {
    await hear(`${name}: exists`, () => store.exists(place, "key", { signal }));
    await hear(`${name}: list`, () => store.list(place, "", { signal }));
    await hear(`${name}: prefixes`, () => store.listCommonPrefixes(place, "", "/", { signal }));
    await hear(`${name}: get missing`, () => store.get(place, "missing", { signal }));
    await hear(`${name}: delete`, () => store.delete(place, "key", { signal }));
  }
  await hear(`${name}: sign`, async () => {
    const url = new URL(await store.createSignedUrl(container, "key", 600_000, { signal }));
    keepSecret(`signature of a URL signed by ${name}`, url.searchParams.get("sig"));
  });
}

function keepSecret(what: string, text: string | null | undefined): void {
  assert.ok(text !== null && text !== undefined && text.length > 3, `no ${what}`);
  secrets.set(what, text);
}

/** The ways in which a secret might be written down. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, "base64");
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
    ...(bytes.length > 8 ? [bytes.toString("hex"), bytes.toString("latin1")] : []),
  ];
}

test("no secret is in any output, whatever is done at the most talkative level", async () => {
  const { key } = location.azurite;
  keepSecret("account key", key);
  await useEverything("account key", location.config);

  const wrong = randomBytes(64).toString("base64");
  keepSecret("wrong account key", wrong);
  await useEverything("wrong account key", await configWith("wrong", { LOCATION_KEY: wrong }));

  const broken = `${randomBytes(20).toString("hex")}*&?`;
  keepSecret("key that is not base64", broken);
  await useEverything("broken account key", await configWith("broken", { LOCATION_KEY: broken }));

  await useToken("SAS token", sasToken(location.azurite, { startsOn: hours(-1), expiresOn: hours(1) }));
  await useToken("expired token", sasToken(location.azurite, { startsOn: hours(-2), expiresOn: hours(-1) }));
  const other = { ...location.azurite, key: wrong };
  await useToken("wrong token", sasToken(other, { startsOn: hours(-1), expiresOn: hours(1) }));

  const password = randomBytes(20).toString("hex");
  keepSecret("client secret", password);
  const principal = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: password };
  const { storageAccountKeyEnvVar: _, ...identity } = await configWith("principal", principal);
  await useEverything("client secret", identity);

  // Mistakes that put a secret where none belongs.
  await hear("key as its own name", () => plugin.init({ ...location.config, storageAccountKeyEnvVar: key }));
  const userinfo = location.azurite.url.replace("https://", `https://user:${password}@`);
  await hear("password in an address", () =>
    plugin.init({ ...location.config, storageAccountURI: userinfo }),
  );

  await collectOutputs();
  assertSilent();
});

async function useToken(name: string, token: string): Promise<void> {
  keepSecret(`signature of the ${name}`, new URLSearchParams(token).get("sig"));
  const { storageAccountKeyEnvVar: _, ...config } = await configWith(name.replaceAll(" ", "-"), {
    SAS: token,
  });
  await useEverything(name, { ...config, storageAccountSASTokenEnvVar: "SAS" });
}

async function collectOutputs(): Promise<void> {
  outputs.set("command line", await readFile(`/proc/${plugin.pid}/cmdline`, "utf8"));
  outputs.set("environment", await readFile(`/proc/${plugin.pid}/environ`, "utf8"));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    outputs.set(`name of ${entry.name}`, entry.name);
    if (entry.isFile()) {
      outputs.set(`file ${entry.name}`, await readFile(join(entry.parentPath, entry.name), "latin1"));
    }
  }
  await plugin.end();
  outputs.set("standard error", await plugin.stderr());
  outputs.set("the host's log", await plugin.log());
}

function assertSilent(): void {
  // A run that said nothing would prove nothing.
  assert.match(outputs.get("standard error") ?? "", /"@level":"debug".*"status":201/);
  assert.ok(outputs.size > 60 && secrets.size > 8, `${outputs.size} outputs, ${secrets.size} secrets`);
  const found = [...outputs].flatMap(([where, text]) =>
    [...secrets]
      .filter(([, secret]) => spellings(secret).some((spelling) => text.includes(spelling)))
      .map(([what]) => `${what} in ${where}`),
  );
  assert.deepEqual(found, []);
  const schemes = [...outputs].filter(([, text]) => /SharedKey \w+:|Bearer \w|[?&]sig=[^&"]{4}/.test(text));
  assert.deepEqual(
    schemes.map(([where]) => where),
    [],
    "a request's signature",
  );
}
