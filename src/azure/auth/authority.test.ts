import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure } from "../../errors/error.ts";
import { TransportError } from "../http/transport.ts";
import {
  CLIENT,
  cloudSource,
  failureOf,
  never,
  secretProof,
  setUp,
  STORAGE,
  TENANT,
  tokenReply,
} from "./provider.fixture.ts";

test("a client secret costs one POST to the tenant's token endpoint, and nothing else", async () => {
  const { source, provider } = setUp();
  const { token } = await source.token(STORAGE, never);
  assert.equal(token.reveal(), "access");
  assert.deepEqual(provider.addresses, [
    `POST https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`,
  ]);
  assert.deepEqual(provider.form(), {
    client_id: CLIENT,
    grant_type: "client_credentials",
    scope: "https://storage.azure.com/.default",
    client_secret: "hunter2",
  });
});

test("neither the secret nor the token is logged", async () => {
  const { source, log } = setUp(secretProof, tokenReply("hunter2-token"));
  await source.token(STORAGE, never);
  assert.ok(log.lines.length > 0);
  assert.doesNotMatch(JSON.stringify(log.lines), /hunter2/);
});

const authorities: ReadonlyArray<readonly [string, string, string]> = [
  [
    "https://login.microsoftonline.us",
    TENANT,
    `https://login.microsoftonline.us/${TENANT}/oauth2/v2.0/token`,
  ],
  ["https://login.example/base", TENANT, `https://login.example/base/${TENANT}/oauth2/v2.0/token`],
  [`https://login.example/${TENANT}`, TENANT, `https://login.example/${TENANT}/oauth2/v2.0/token`],
  ["https://adfs.example/adfs", TENANT, "https://adfs.example/adfs/oauth2/token"],
  ["https://adfs.example/adfs/", "adfs", "https://adfs.example/adfs/oauth2/token"],
  ["https://adfs.example", "adfs", "https://adfs.example/adfs/oauth2/token"],
  ["http://127.0.0.1:8080", TENANT, `http://127.0.0.1:8080/${TENANT}/oauth2/v2.0/token`],
];
for (const [authority, tenant, address] of authorities) {
  test(`authority ${authority} gives tokens of tenant ${tenant} at ${address}`, async () => {
    const { source, provider } = setUp({ ...secretProof, tenant } as typeof secretProof, undefined, {
      cloud: cloudSource({ authority }),
    });
    await source.token(STORAGE, never);
    assert.deepEqual(provider.addresses, [`POST ${address}`]);
  });
}

test("a secret never goes over plain http to another machine, nor to a path made of a tenant that is none", async () => {
  for (const [proof, authority] of [
    [secretProof, "http://login.example"],
    [{ ...secretProof, tenant: "a/../b" } as typeof secretProof, "https://login.example"],
  ] as const) {
    const { source, provider } = setUp(proof, undefined, { cloud: cloudSource({ authority }) });
    assert.equal((await failureOf(source.token(STORAGE, never))).code, "InvalidArgument");
    assert.equal(provider.requests.length, 0);
  }
});

test("a redirect is refused, and its target named without its path", async () => {
  const { source, provider } = setUp(secretProof, {
    status: 302,
    headers: { location: "https://portal.example/login?x=hunter2" },
  });
  const failure = await failureOf(source.token(STORAGE, never));
  assert.equal(failure.code, "FailedPrecondition");
  assert.match(failure.message, /redirects to "portal\.example"/);
  assert.equal(provider.requests.length, 1);
});

for (const status of [429, 503]) {
  test(`an answer ${status} is tried again after the wait that it asks for`, async () => {
    const { source, provider, clock } = setUp(secretProof, (_request, index) =>
      index === 0 ? { status, headers: { "retry-after": "7" } } : tokenReply(),
    );
    await source.token(STORAGE, never);
    assert.deepEqual(clock.sleeps, [7000]);
    assert.equal(provider.requests.length, 2);
  });
}

test("a provider that stays throttled ends with an error that may pass", async () => {
  const { source, provider } = setUp(secretProof, { status: 429 });
  const failure = await failureOf(source.token(STORAGE, never));
  assert.deepEqual([failure.code, failure.retryable], ["ResourceExhausted", true]);
  assert.equal(provider.requests.length, 5);
});

test("a wait beyond patience is told instead of waited for", async () => {
  const { source, provider, clock } = setUp(secretProof, {
    status: 429,
    headers: { "retry-after": "86400" },
  });
  const failure = await failureOf(source.token(STORAGE, never));
  assert.equal(failure.code, "ResourceExhausted");
  assert.match(failure.message, /86400 s/);
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(clock.sleeps, []);
});

test("an authority whose host has no address is told without a word of storage accounts", async () => {
  const { source } = setUp(secretProof, () => {
    throw new TransportError("resolve", "login.microsoftonline.com", "no address");
  });
  const { code, hint } = await failureOf(source.token(STORAGE, never));
  assert.equal(code, "Unavailable");
  assert.match(hint ?? "", /login\.microsoftonline\.com/);
  assert.doesNotMatch(hint ?? "", /storage account/);
});

test("a provider that cannot be reached is Unavailable", async () => {
  const { source } = setUp(secretProof, () => {
    throw new TransportError("connect", "login.microsoftonline.com", "nobody there");
  });
  assert.equal((await failureOf(source.token(STORAGE, never))).code, "Unavailable");
});

for (const reply of [
  { body: "<html>sign in to the hotel's network</html>" },
  { status: 404, body: "" },
  { body: { token_type: "Bearer" } },
]) {
  test(`${JSON.stringify(reply)} is no answer of an identity provider`, async () => {
    const failure = await failureOf(setUp(secretProof, reply).source.token(STORAGE, never));
    assert.equal(failure.code, "FailedPrecondition");
    assert.match(failure.hint ?? "", /activeDirectoryAuthorityURI/);
  });
}

const other = "99999999-2222-3333-4444-555555555555";
for (const allowed of [[other], ["*"], ["x.example", other]]) {
  test(`a service of another tenant gets a token from there when ${allowed.join(";")} is allowed`, async () => {
    const proof = { ...secretProof, additionalTenants: allowed } as typeof secretProof;
    const { source, provider } = setUp(proof, (_request, index) => tokenReply(`t${index}`));
    const own = await source.token(STORAGE, never);
    const foreign = await source.token(STORAGE, never, other);
    assert.notEqual(own, foreign);
    assert.match(provider.addresses[1] ?? "", new RegExp(`/${other}/oauth2`));
    assert.equal(await source.token(STORAGE, never), own);
  });
}

test("a service of a tenant that is not allowed gets no token, and the key that would allow it is named", async () => {
  const { source, provider } = setUp({
    ...secretProof,
    additionalTenants: ["x.example"],
  } as typeof secretProof);
  const failure = await failureOf(source.token(STORAGE, never, other));
  assert.equal(failure.code, "FailedPrecondition");
  assert.match(describeFailure(failure), new RegExp(`${other}.*AZURE_ADDITIONALLY_ALLOWED_TENANTS`));
  assert.equal(provider.requests.length, 0);
});
