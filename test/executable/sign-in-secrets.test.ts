import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startAzureWorld, type AzureWorld, type Location, type Part } from "./azure-world.ts";
import { initVolumes, put, useObjectStore, volumeInfo } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";
import {
  accountKey,
  accountMethods,
  application,
  encrypted,
  identityMethods,
  LIST_KEYS,
  USE_AAD,
} from "./sign-in-methods.ts";
import { Silence } from "./silence.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

const KEYS = /SECRET|PASSWORD|STORAGE_KEY|LOCATION_KEY|SAS|AZURE_CLIENT_CERTIFICATE$/;
const FILES = /CERTIFICATE_PATH|FEDERATED_TOKEN_FILE/;

/** What of a location must not be told: its values, and what is in the files that they name. */
async function secretsOf({ values = {}, env = {} }: Part): Promise<[string, string][]> {
  const secrets: [string, string][] = [];
  for (const [name, value] of [...Object.entries(values), ...Object.entries(env)]) {
    if (KEYS.test(name)) secrets.push(...piecesOf(name, value));
    if (FILES.test(name) && existsSync(value))
      secrets.push(...piecesOf(name, await readFile(value, "latin1")));
  }
  return secrets;
}

/** Of a PEM each line of its key, of a SAS its signature; else all of it. */
function piecesOf(name: string, text: string): [string, string][] {
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n([\s\S]*?)-----END/.exec(text)?.[1];
  if (key !== undefined)
    return key
      .split("\n")
      .filter(Boolean)
      .map((line, i) => [`${name}, line ${i}`, line]);
  const signature = new URLSearchParams(text.replace(/^\?/, "")).get("sig");
  return [[name, signature ?? text.trim()]];
}

/** The sealed key files of a process, with their modes. */
async function kept({ folder }: Location): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.parentPath.includes("velero-azure-keys-")) continue;
    for (const path of [entry.parentPath, join(entry.parentPath, entry.name)]) {
      const { mode } = await stat(path);
      found.push((mode & 0o777).toString(8));
    }
  }
  return found;
}

const cases = [
  ...accountMethods.map((method) => ({ method, use: undefined })),
  ...identityMethods.flatMap((method) => [USE_AAD, LIST_KEYS].map((use) => ({ method, use }))),
];

for (const { method, use } of cases) {
  const how = use === undefined ? "" : use === USE_AAD ? ", its token" : ", a listed key";
  test(`${method.name}${how}: no secret comes out, whatever is done`, async () => {
    const silence = new Silence();
    const own = await method.part(world);
    for (const [what, text] of await secretsOf(own)) silence.keep(what, text);
    silence.keep("account key", accountKey(world));
    const cloud = await publicCloud.part(world);
    const location = await world.location(cloud, own, ...(use === undefined ? [] : [use]));
    world.forget();
    await useObjectStore(world, location);
    const sealed = await kept(location);
    // A workload's or a machine's identity has no secret to seal with.
    const seals = use === LIST_KEYS && /secret|certificate/.test(method.name);
    assert.deepEqual(sealed, seals ? ["700", "600"] : []);
    await silence.collect(location.plugin, location.folder);
    // A run that said nothing would prove nothing.
    assert.match(silence.outputs.get("standard error") ?? "", /"@level":"debug".*"status":201/);
    silence.assertKept();
  });
}

test("no refusal tells a secret: of Entra, of a certificate, of the account, for blobs and for disks", async () => {
  const silence = new Silence();
  const { key, certificate } = await world.azure.authority.client("stranger");
  const password = "the-password-of-a-key";
  const pem = certificate + encrypted(key, password);
  const principal = application(world);
  const parts: readonly Part[] = [
    { values: { ...principal, AZURE_CLIENT_SECRET: "wrong-secret-of-mine" } },
    { values: { ...principal, AZURE_CLIENT_CERTIFICATE: certificate + key } },
    { values: { ...principal, AZURE_CLIENT_CERTIFICATE: pem, AZURE_CLIENT_CERTIFICATE_PASSWORD: password } },
    {
      values: {
        ...principal,
        AZURE_CLIENT_CERTIFICATE: pem,
        AZURE_CLIENT_CERTIFICATE_PASSWORD: "mistyped-password",
      },
    },
    { values: { ...principal, AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile({ subject: "other" }) } },
    { values: { AZURE_CLIENT_SECRET: "secret-without-tenant" } },
    // In the wrong place: what people paste.
    { values: { ...principal, AZURE_CLIENT_SECRET: world.secret, AZURE_CLIENT_ID: "pasted-secret-here" } },
  ];
  silence.keep("pasted-secret", world.secret);
  const cloud = await publicCloud.part(world);
  for (const [index, part] of parts.entries()) {
    for (const [what, text] of await secretsOf(part)) silence.keep(`${what} of ${index}`, text);
    for (const use of [USE_AAD, LIST_KEYS]) {
      const location = await world.location(cloud, part, use);
      await silence.hear("init", () => location.plugin.init(location.config));
      await silence.hear("put", () => put(location, "refused"));
      await silence.collect(location.plugin, location.folder, `${index} ${String(use === USE_AAD)}`);
    }
    const disks = await world.volumes(cloud, part);
    await silence.hear("init", () => initVolumes(disks));
    await silence.hear("disk", () => volumeInfo(disks));
    await silence.collect(disks.plugin, disks.folder, `${index} disks`);
  }
  assert.ok(silence.outputs.size > 60 && silence.secrets.size > 20);
  silence.assertKept();
});
