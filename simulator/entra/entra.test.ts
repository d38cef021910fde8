import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { type Answer, entraWorld, ORIGIN } from "./entra.fixture.ts";

const MINUTE = 60_000;
const world = await entraWorld();
const { application, tenant, directory, call, token } = world;
const { value: secret } = directory.addSecret(application);

function assertRefused(
  { status, body }: Answer,
  code: number,
  expected: { status: number; error: string },
): void {
  assert.deepEqual(body["error_codes"], [code]);
  assert.deepEqual({ status, error: body["error"] }, expected);
  assert.match(
    String(body["error_description"]),
    new RegExp(`^AADSTS${code}: .* Trace ID: .* Timestamp: .*Z$`),
  );
  assert.ok(!JSON.stringify(body).includes(secret));
}

test("an application signs in with a secret and gets a token for the resource it named", async () => {
  const { status, headers, body } = await token({ client_secret: secret });
  assert.equal(status, 200);
  assert.match(headers["cache-control"] ?? "", /no-store/);
  assert.equal(body["token_type"], "Bearer");
  assert.equal(body["expires_in"], 3599);
  const verified = await world.tokens.verify(`Bearer ${String(body["access_token"])}`, [
    "https://storage.azure.com",
  ]);
  assert.ok("claims" in verified);
  assert.equal(verified.claims.oid, application.objectId);
  assert.equal(verified.claims.tid, tenant.tenantId);
});

test("scopes that mean nothing without a user, and a slash at the resource's end, do no harm", async () => {
  const answer = await token({
    client_secret: secret,
    scope: "https://management.core.windows.net//.default openid offline_access profile",
  });
  assert.equal(decodeJwt(String(answer.body["access_token"])).aud, "https://management.core.windows.net/");
});

test("a secret may come as Basic authentication, and a tenant by its domain", async () => {
  const pair = `${application.clientId}:${encodeURIComponent(secret)}`;
  const answer = await call("POST", "/contoso.onmicrosoft.com/oauth2/v2.0/token", {
    form: { grant_type: "client_credentials", scope: "https://storage.azure.com/.default" },
    headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
  });
  assert.equal(answer.status, 200);
});

test("version 1 of the endpoint takes a resource and answers in strings", async () => {
  const form = {
    grant_type: "client_credentials",
    client_id: application.clientId,
    client_secret: secret,
    resource: "https://management.azure.com/",
  };
  const { body } = await call("POST", `/${tenant.tenantId}/oauth2/token`, { form });
  assert.equal(body["expires_in"], "3599");
  assert.equal(body["resource"], "https://management.azure.com/");
});

test("what is wrong with a request is told by code, error and status", async (t) => {
  const good = { client_secret: secret };
  const invalid = { status: 400, error: "invalid_request" };
  const cases = [
    ["wrong secret", { client_secret: "no" }, 7000215, { status: 401, error: "invalid_client" }],
    ["no credential", {}, 7000216, { status: 401, error: "invalid_client" }],
    [
      "unknown application",
      { ...good, client_id: "00000000-0000-4000-8000-000000000000" },
      700016,
      { status: 400, error: "unauthorized_client" },
    ],
    ["no client ID", { ...good, client_id: "" }, 900144, invalid],
    ["no grant type", { ...good, grant_type: "" }, 900144, invalid],
    ["no scope", { ...good, scope: "" }, 900144, invalid],
    [
      "another grant",
      { ...good, grant_type: "password" },
      70003,
      { status: 400, error: "unsupported_grant_type" },
    ],
    [
      "a scope that is not .default",
      { ...good, scope: "https://storage.azure.com/user_impersonation" },
      1002012,
      { status: 400, error: "invalid_scope" },
    ],
    [
      "two resources",
      { ...good, scope: "https://storage.azure.com/.default https://management.azure.com/.default" },
      70011,
      { status: 400, error: "invalid_scope" },
    ],
    [
      "an unknown resource",
      { ...good, scope: "https://nowhere.example/.default" },
      500011,
      { status: 400, error: "invalid_resource" },
    ],
  ] as const;
  for (const [name, fields, code, expected] of cases) {
    await t.test(name, async () => assertRefused(await token(fields), code, expected));
  }
  await t.test("unknown tenant", async () => {
    const absent = await token(good, "00000000-0000-4000-8000-000000000000");
    assertRefused(absent, 90002, invalid);
  });
  await t.test("a tenant that can be none", async () => {
    assertRefused(await token(good, "nobody"), 900023, invalid);
  });
});

test("a secret expires by the simulated clock, and another one goes on working", async () => {
  const own = await entraWorld();
  const short = own.directory.addSecret(own.application, { expires: own.clock.now() + MINUTE });
  const long = own.directory.addSecret(own.application);
  assert.equal((await own.token({ client_secret: short.value })).status, 200);
  own.clock.advance(2 * MINUTE);
  const { body, status } = await own.token({ client_secret: short.value });
  assert.deepEqual([status, body["error_codes"]], [401, [7000222]]);
  assert.equal((await own.token({ client_secret: long.value })).status, 200);
});

test("faults are answered in Entra's format, each once", async () => {
  const own = await entraWorld();
  const { value } = own.directory.addSecret(own.application);
  own.faults.add({
    service: "entra",
    operation: "token",
    effect: { kind: "throttle", retryAfterSeconds: 7 },
  });
  own.faults.add({
    service: "entra",
    operation: "token",
    effect: { kind: "fail", status: 503, code: "90033" },
  });
  own.faults.add({ service: "entra", operation: "token", effect: { kind: "expire-token" }, after: 2 });
  const throttled = await own.token({ client_secret: value });
  assert.deepEqual([throttled.status, throttled.headers["retry-after"]], [429, "7"]);
  const failed = await own.token({ client_secret: value });
  assert.deepEqual([failed.status, failed.body["error_codes"]], [503, [90033]]);
  const expired = await own.token({ client_secret: value });
  assert.deepEqual(
    await own.tokens.verify(`Bearer ${String(expired.body["access_token"])}`, ["https://storage.azure.com"]),
    { refused: "expired" },
  );
  own.faults.assertSpent();
});

test("an authority describes itself at the address that it was asked at", async () => {
  const endpoint = encodeURIComponent(`${ORIGIN}/${tenant.tenantId}/oauth2/v2.0/authorize`);
  const found = await call(
    "GET",
    `/common/discovery/instance?api-version=1.1&authorization_endpoint=${endpoint}`,
  );
  const described = String(found.body["tenant_discovery_endpoint"]);
  assert.ok(described.startsWith(ORIGIN));
  const { body } = await call("GET", described.slice(ORIGIN.length));
  assert.equal(body["token_endpoint"], world.tokenEndpoint);
  assert.equal(body["issuer"], `${ORIGIN}/${tenant.tenantId}/v2.0`);
  const keys = await call("GET", String(body["jwks_uri"]).slice(ORIGIN.length));
  assert.ok(!JSON.stringify(keys.body).includes('"d":'));
  assert.match(JSON.stringify(keys.body), /"kid":/);
});

test("a host that is not this authority is an invalid instance, and an unknown tenant has no configuration", async () => {
  const foreign = encodeURIComponent("https://login.example/x/oauth2/v2.0/authorize");
  const answer = await call("GET", `/common/discovery/instance?authorization_endpoint=${foreign}`);
  assertRefused(answer, 50049, { status: 400, error: "invalid_instance" });
  const unknown = await call("GET", "/elsewhere.example/v2.0/.well-known/openid-configuration");
  assertRefused(unknown, 90002, { status: 400, error: "invalid_request" });
});

test("an authority in the form of AD FS works without a tenant's name", async () => {
  const { body } = await call("GET", "/adfs/.well-known/openid-configuration");
  assert.equal(body["token_endpoint"], `${ORIGIN}/adfs/oauth2/token`);
  const form = {
    grant_type: "client_credentials",
    client_id: application.clientId,
    client_secret: secret,
    scope: "https://management.azure.com/.default",
  };
  assert.equal((await call("POST", "/adfs/oauth2/token", { form })).status, 200);
});
