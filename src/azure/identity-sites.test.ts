import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { IdentityProof } from "../credentials/identity.ts";
import { silentLogger } from "../log/logger.ts";
import { Secret } from "../secret/secret.ts";
import type { BlobClient } from "./blob-client.ts";
import { type Reply, type Route, RoutedTransport } from "./http/routed-transport.fixture.ts";
import { type BlobClientSettings, openBlobClient } from "./open.ts";

const { signal } = new AbortController();
const tenant = "11111111-1111-1111-1111-111111111111";
const client = "22222222-2222-2222-2222-222222222222";
const object = "33333333-3333-3333-3333-333333333333";
const LOGIN = "POST login.microsoftonline.com/token";
const LIST = "POST management.azure.com/listKeys?$expand=kerb";
const BLOB = "DELETE acc.blob.core.windows.net/k";
let folder: string;
let now = Date.UTC(2026, 10, 22, 12);

before(() => {
  folder = mkdtempSync(join(tmpdir(), "identity-sites-"));
});

after(() => rmSync(folder, { recursive: true }));

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}

const login: Route = (_request, count) => ({
  status: 200,
  body: {
    token_type: "Bearer",
    expires_in: 3600,
    access_token: jwt({ tid: tenant, oid: object, appid: client, count }),
  },
});

const deleted: Reply = { status: 202 };

function keys(...values: string[]): Route {
  return (_request, count) => ({
    status: 200,
    body: { keys: [{ permissions: "Full", value: values[Math.min(count, values.length - 1)] }] },
  });
}

function refusal(status: number, code: string, more: { detail?: string; skew?: number } = {}): Reply {
  const date = new Date(now + (more.skew ?? 0)).toUTCString();
  const detail = `<AuthenticationErrorDetail>${more.detail ?? ""}</AuthenticationErrorDetail>`;
  return {
    status,
    headers: { "x-ms-error-code": code, date },
    body: `<Error><Code>${code}</Code><Message>No.</Message>${detail}</Error>`,
  };
}

const proof: IdentityProof = {
  method: "client secret",
  tenant,
  client,
  additionalTenants: [],
  secret: new Secret("s3cret"),
};

interface Options extends Partial<BlobClientSettings> {
  readonly useAAD?: boolean;
  readonly routes?: Readonly<Record<string, Route>>;
  readonly proof?: IdentityProof;
}

function setUp({ useAAD = false, routes = {}, proof: given = proof, ...settings }: Options) {
  const transport = new RoutedTransport({
    "login.microsoftonline.com": login,
    "management.azure.com": keys("a2V5"),
    "acc.blob.core.windows.net": () => deleted,
    ...routes,
  });
  const warnings: string[] = [];
  const logger = {
    ...silentLogger,
    log: (level: string, message: string) => {
      if (level === "warn") warnings.push(message);
    },
  };
  const sleep = async (milliseconds: number): Promise<void> => void (now += milliseconds);
  const blobs = openBlobClient(
    {
      account: "acc",
      credential: {
        kind: "identity",
        identity: { method: given.method, proof: () => given },
        throughListKeys: !useAAD,
      },
      place: { subscriptionId: "s-1", resourceGroup: "g" },
      cacheAccountKey: false,
      environment: { TMPDIR: folder },
      userAgent: "test",
      logger,
      ...settings,
    },
    { transport, clock: { now: () => now, random: () => 0, sleep } },
  );
  return { transport, blobs, warnings };
}

async function use(blobs: BlobClient): Promise<void> {
  await blobs.deleteBlob("c", "k", { signal });
}

test("through ListKeys: a token, the keys, the blob; after that the blob alone", async () => {
  const { transport, blobs } = setUp({});
  assert.deepEqual(transport.asked, []);
  await use(blobs);
  await use(blobs);
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB, BLOB]);
  assert.match(transport.requests[2]?.headers["authorization"] ?? "", /^SharedKey acc:/);
});

test("with useAAD: a token, the blob, and no word to Resource Manager", async () => {
  const { transport, blobs } = setUp({ useAAD: true });
  assert.deepEqual(transport.asked, []);
  await use(blobs);
  await use(blobs);
  assert.deepEqual(transport.asked, [LOGIN, BLOB, BLOB]);
  assert.match(transport.requests[1]?.headers["authorization"] ?? "", /^Bearer /);
});

for (const useAAD of [true, false]) {
  test(`first requests side by side share one sign-in (useAAD ${useAAD})`, async () => {
    const { transport, blobs } = setUp({ useAAD });
    await Promise.all([use(blobs), use(blobs), use(blobs)]);
    const expected = useAAD ? [LOGIN] : [LOGIN, LIST];
    assert.deepEqual(transport.asked, [...expected, BLOB, BLOB, BLOB]);
  });
}

test("a key that was renewed is asked for once, by all who were refused, and nothing fails", async () => {
  const { transport, blobs } = setUp({
    routes: {
      "management.azure.com": keys("b2xk", "bmV3"),
      "acc.blob.core.windows.net": (_request, count) =>
        count > 0 && count < 3 ? refusal(403, "AuthenticationFailed") : deleted,
    },
  });
  await use(blobs);
  await Promise.all([use(blobs), use(blobs)]);
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB, BLOB, BLOB, LIST, BLOB, BLOB]);
});

test("a key that Resource Manager gives again is not asked for a third time", async () => {
  const { transport, blobs } = setUp({
    routes: { "acc.blob.core.windows.net": () => refusal(403, "AuthenticationFailed") },
  });
  await assert.rejects(use(blobs), { code: "Unauthenticated" });
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB, LIST]);
  await assert.rejects(use(blobs), { code: "Unauthenticated" });
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB, LIST, BLOB]);
});

test("a clock that is off is told, and no new key is asked for", async () => {
  const { transport, blobs } = setUp({
    routes: {
      "acc.blob.core.windows.net": () => refusal(403, "AuthenticationFailed", { skew: 3_600_000 }),
    },
  });
  await assert.rejects(use(blobs), { code: "Unauthenticated", message: /clock is 60 minutes behind/ });
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB]);
});

test("a missing resource group is told before any request, with both places for it", () => {
  assert.throws(() => setUp({ place: { subscriptionId: "s-1" } }), {
    code: "InvalidArgument",
    message: /neither resourceGroup .* nor AZURE_RESOURCE_GROUP/,
  });
  assert.throws(() => setUp({ place: {} }), { message: /AZURE_SUBSCRIPTION_ID.*AZURE_RESOURCE_GROUP/ });
});

test("with useAAD neither subscription nor group is needed", async () => {
  const { blobs } = setUp({ useAAD: true, place: {} });
  await use(blobs);
});

test("what is missing on the way to the key is never taken for an absent blob", async () => {
  const { blobs } = setUp({
    routes: {
      "management.azure.com": () => ({ status: 404, body: { error: { code: "ResourceNotFound" } } }),
    },
  });
  await assert.rejects(blobs.headBlob("c", "k", { signal }), { code: "FailedPrecondition" });
});

test("a token that was withdrawn is replaced once", async () => {
  const { transport, blobs } = setUp({
    useAAD: true,
    routes: {
      "acc.blob.core.windows.net": (_request, count) =>
        count === 1 ? refusal(401, "InvalidAuthenticationInfo") : deleted,
    },
  });
  await use(blobs);
  await use(blobs);
  assert.deepEqual(transport.asked, [LOGIN, BLOB, BLOB, LOGIN, BLOB]);
});

const refusals: ReadonlyArray<readonly [string, Reply, RegExp]> = [
  [
    "a missing role",
    refusal(403, "AuthorizationPermissionMismatch"),
    new RegExp(`${object}.*${client}.*Storage Blob Data Contributor.*"acc"`),
  ],
  ["network rules", refusal(403, "AuthorizationFailure"), /network rules/],
  [
    "another audience",
    refusal(401, "InvalidAuthenticationInfo", { detail: "Audience validation failed." }),
    /wrong audience.*AZURE_CLOUD_NAME/,
  ],
  [
    "another tenant",
    refusal(401, "InvalidAuthenticationInfo", { detail: "Issuer validation failed." }),
    new RegExp(`another tenant \\(${tenant}\\).*AZURE_TENANT_ID`),
  ],
  [
    "a clock that is off",
    refusal(401, "InvalidAuthenticationInfo", { detail: "Lifetime validation failed.", skew: -3_600_000 }),
    /clock is 60 minutes ahead/,
  ],
];

for (const [what, reply, tells] of refusals) {
  test(`a refusal for ${what} says so, with its remedy and without a secret`, async () => {
    const { blobs } = setUp({ useAAD: true, routes: { "acc.blob.core.windows.net": () => reply } });
    await assert.rejects(use(blobs), (error: Error & { hint?: string }) => {
      const text = `${error.message} ${error.hint}`;
      assert.match(text, tells);
      assert.doesNotMatch(text, /s3cret|eyJ/);
      return true;
    });
  });
}

test("disabled shared keys are told with the way out", async () => {
  const { blobs } = setUp({
    routes: { "acc.blob.core.windows.net": () => refusal(403, "KeyBasedAuthenticationNotPermitted") },
  });
  await assert.rejects(use(blobs), { code: "PermissionDenied", hint: /useAAD to "true"/ });
});

const zone = "acc.z11.blob.storage.azure.net";
const nowhere: Route = () => ({ trouble: "resolve" });
const properties = (blob: string): Route => {
  return () => ({ status: 200, body: { properties: { primaryEndpoints: { blob } } } });
};

test("an account in a zone of its own is looked up once, when its derived host has no address", async () => {
  const { transport, blobs } = setUp({
    useAAD: true,
    routes: {
      "acc.blob.core.windows.net": nowhere,
      "GET management.azure.com": properties(`https://${zone}/`),
      [zone]: () => deleted,
    },
  });
  await use(blobs);
  await use(blobs);
  const there = `DELETE ${zone}/k`;
  assert.deepEqual(transport.asked, [
    LOGIN,
    BLOB,
    LOGIN,
    "GET management.azure.com/acc?api-version=2023-01-01",
    there,
    there,
  ]);
});

const hopeless: ReadonlyArray<readonly [string, Options, number]> = [
  [
    "Azure tells the same one",
    { routes: { "GET management.azure.com": properties("https://acc.blob.core.windows.net/") } },
    1,
  ],
  [
    "the identity may not look",
    { routes: { "GET management.azure.com": () => ({ status: 403, body: "{}" }) } },
    1,
  ],
  ["the group is not known", { place: {} }, 0],
  ["the config names the endpoint", { storageAccountUri: "https://acc.blob.core.windows.net" }, 0],
];

for (const [what, { routes, ...settings }, lookups] of hopeless) {
  test(`a host without address is told as that where ${what}`, async () => {
    const { transport, blobs } = setUp({
      useAAD: true,
      ...settings,
      routes: { ...routes, "acc.blob.core.windows.net": nowhere },
    });
    for (let count = 0; count < 2; count++) {
      await assert.rejects(use(blobs), { code: "Unavailable", hint: /private DNS zone/ });
    }
    assert.equal(transport.asked.filter((asked) => asked.startsWith("GET management")).length, lookups);
  });
}

test("an endpoint outside the cloud works, gets the token, and is warned of once", async () => {
  const { transport, blobs, warnings } = setUp({
    useAAD: true,
    storageAccountUri: "https://blobs.example.com",
    routes: { "blobs.example.com": () => deleted },
  });
  await use(blobs);
  await use(blobs);
  assert.deepEqual(transport.asked, [LOGIN, "DELETE blobs.example.com/k", "DELETE blobs.example.com/k"]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /core\.windows\.net/);
});

for (const uri of [
  "https://acc.privatelink.blob.core.windows.net",
  `https://${zone}`,
  "http://127.0.0.1:1",
]) {
  test(`${uri} is not warned of`, () => {
    assert.deepEqual(setUp({ useAAD: true, storageAccountUri: uri }).warnings, []);
  });
}

test("a token does not go over plain http", () => {
  assert.throws(() => setUp({ useAAD: true, storageAccountUri: "http://blobs.example.com" }), {
    code: "InvalidArgument",
  });
});

test("the next process finds the key and asks nobody for it", async () => {
  await use(setUp({ cacheAccountKey: true }).blobs);
  const { transport, blobs } = setUp({ cacheAccountKey: true });
  await use(blobs);
  assert.deepEqual(transport.asked, [BLOB]);
});

test("a kept key that is refused is deleted, asked for anew, and kept again", async () => {
  await use(setUp({ cacheAccountKey: true }).blobs);
  const { transport, blobs } = setUp({
    cacheAccountKey: true,
    routes: {
      "management.azure.com": keys("bmV3"),
      "acc.blob.core.windows.net": (_request, count) =>
        count === 0 ? refusal(403, "AuthenticationFailed") : deleted,
    },
  });
  await use(blobs);
  assert.deepEqual(transport.asked, [BLOB, LOGIN, LIST, BLOB]);
  const next = setUp({ cacheAccountKey: true });
  await use(next.blobs);
  assert.deepEqual(next.transport.asked, [BLOB]);
  const [first, last] = [transport.requests[0], next.transport.requests[0]];
  assert.notEqual(first?.headers["authorization"], last?.headers["authorization"]);
});

test("a managed identity's key is not kept", async () => {
  const kept = readdirSync(folder, { recursive: true }).length;
  const identity: IdentityProof = {
    method: "managed identity",
    client: undefined,
    endpoint: { kind: "App Service", url: "http://127.0.0.1:1/token", header: new Secret("h") },
  };
  const { blobs } = setUp({ cacheAccountKey: true, proof: identity });
  await assert.rejects(use(blobs));
  assert.equal(readdirSync(folder, { recursive: true }).length, kept);
});
