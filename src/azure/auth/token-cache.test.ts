import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../secret/secret.ts";
import {
  failureOf,
  never,
  NOW,
  secretProof,
  setUp,
  STORAGE,
  TENANT,
  tokenReply,
} from "./provider.fixture.ts";

const MINUTE = 60_000;

test("a token is kept until five minutes before it expires", async () => {
  const { source, provider, clock } = setUp(secretProof, (_request, index) => tokenReply(`t${index}`));
  const first = await source.token(STORAGE, never);
  assert.equal(first.expires, NOW + 60 * MINUTE);
  clock.time = NOW + 55 * MINUTE - 1;
  assert.equal(await source.token(STORAGE, never), first);
  clock.time = NOW + 55 * MINUTE;
  assert.equal((await source.token(STORAGE, never)).token.reveal(), "t1");
  assert.equal(provider.requests.length, 2);
});

test("a short token is kept for half of its life, and one with refresh_in for that long", async () => {
  for (const [reply, kept] of [
    [tokenReply("t", 300), 150],
    [{ body: { access_token: "t", expires_in: 7200, refresh_in: "3600" } }, 3600],
  ] as const) {
    const { source, provider, clock } = setUp(secretProof, reply);
    await source.token(STORAGE, never);
    clock.time = NOW + kept * 1000 - 1;
    await source.token(STORAGE, never);
    assert.equal(provider.requests.length, 1);
    clock.time += 1;
    await source.token(STORAGE, never);
    assert.equal(provider.requests.length, 2);
  }
});

test("who asks while a request is under way gets its token, and each audience has its own", async () => {
  const { source, provider } = setUp();
  const [a, b] = await Promise.all([source.token(STORAGE, never), source.token(STORAGE, never)]);
  assert.equal(a, b);
  await source.token("https://management.azure.com", never);
  assert.equal(provider.requests.length, 2);
});

test("nothing is asked before the first token is", () => {
  assert.equal(setUp().provider.requests.length, 0);
});

test("who aborts stops waiting alone", async () => {
  let answer: (value: ReturnType<typeof tokenReply>) => void = () => {};
  const { source, provider } = setUp(secretProof, () => new Promise((resolve) => (answer = resolve)));
  const controller = new AbortController();
  const aborted = source.token(STORAGE, controller.signal);
  const patient = source.token(STORAGE, never);
  while (provider.requests.length === 0) await new Promise(setImmediate);
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  answer(tokenReply("late"));
  assert.equal((await patient).token.reveal(), "late");
  assert.equal(provider.requests.length, 1);
});

test("a refused token is replaced, once for all who were refused with it", async () => {
  const { source, provider } = setUp(secretProof, (_request, index) => tokenReply(`t${index}`));
  const first = await source.token(STORAGE, never);
  source.refused(STORAGE, first);
  const second = await source.token(STORAGE, never);
  assert.equal(second.token.reveal(), "t1");
  source.refused(STORAGE, first);
  assert.equal(await source.token(STORAGE, never), second);
  assert.equal(provider.requests.length, 2);
});

test("while the provider is down an old token is used as long as it lasts, and no longer", async () => {
  const { source, provider, clock, log } = setUp();
  const first = await source.token(STORAGE, never);
  provider.reply = () => ({ status: 503, body: "" });
  clock.time = NOW + 56 * MINUTE;
  assert.equal(await source.token(STORAGE, never), first);
  assert.ok(log.lines.some(({ level }) => level === "warn"));
  clock.time = NOW + 60 * MINUTE - 20_000;
  assert.equal((await failureOf(source.token(STORAGE, never))).code, "Unavailable");
});

test("while the provider is down not every request waits for it, but one each half minute", async () => {
  const { source, provider, clock } = setUp();
  await source.token(STORAGE, never);
  provider.reply = () => ({ status: 503, body: "" });
  clock.time = NOW + 56 * MINUTE;
  await source.token(STORAGE, never);
  const asked = provider.requests.length;
  await source.token(STORAGE, never);
  clock.time += 29_000;
  await source.token(STORAGE, never);
  assert.equal(provider.requests.length, asked);
  clock.time += 1_000;
  await source.token(STORAGE, never);
  assert.ok(provider.requests.length > asked);
});

test("an old token that ran out while its provider was asked is not handed out", async () => {
  const { source, provider, clock } = setUp();
  await source.token(STORAGE, never);
  clock.time = NOW + 59 * MINUTE;
  provider.reply = () => {
    clock.time += 20_000;
    return { status: 503, body: "" };
  };
  assert.equal((await failureOf(source.token(STORAGE, never))).code, "Unavailable");
});

test("an identity that was taken away does not live on with its old token", async () => {
  const { source, provider, clock } = setUp();
  await source.token(STORAGE, never);
  clock.time = NOW + 56 * MINUTE;
  provider.reply = () => ({ status: 401, body: { error: "invalid_client", error_codes: [7000215] } });
  assert.equal((await failureOf(source.token(STORAGE, never))).code, "Unauthenticated");
});

test("a failure is not kept", async () => {
  const { source, provider } = setUp(secretProof, { status: 401, body: { error: "x" } });
  await failureOf(source.token(STORAGE, never));
  provider.reply = () => tokenReply();
  await source.token(STORAGE, never);
});

test("a secret that changed proves the next token: nothing was kept of the old one", async () => {
  let secret = "hunter2";
  const { source, provider, clock } = setUp(() => ({
    method: "client secret",
    tenant: TENANT,
    client: "c",
    additionalTenants: [],
    secret: new Secret(secret),
  }));
  await source.token(STORAGE, never);
  secret = "hunter3";
  clock.time = NOW + 56 * MINUTE;
  await source.token(STORAGE, never);
  assert.deepEqual(
    [0, 1].map((index) => provider.form(index)["client_secret"]),
    ["hunter2", "hunter3"],
  );
});
