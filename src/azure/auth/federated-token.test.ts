import assert from "node:assert/strict";
import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeFailure, type ErrorCode } from "../../errors/error.ts";
import {
  cloudSource,
  failureOf,
  jwt,
  never,
  NOW,
  setUp,
  STORAGE,
  TENANT,
  tokenReply,
} from "./provider.fixture.ts";

const fresh = (name: string, seconds = 3600): string =>
  jwt({
    iss: "https://issuer.example",
    sub: name,
    aud: "api://AzureADTokenExchange",
    exp: NOW / 1000 + seconds,
  });

function located(content: string | undefined, settings: Parameters<typeof setUp>[2] = {}) {
  const tokenFile = join(mkdtempSync(join(tmpdir(), "velero-azure-test-")), "token");
  if (content !== undefined) {
    writeFileSync(tokenFile, content, { mode: 0o600 });
  }
  const proof = {
    method: "workload identity",
    tenant: TENANT,
    client: "c",
    additionalTenants: [],
    tokenFile,
  } as const;
  return { tokenFile, ...setUp(proof, undefined, settings) };
}

test("a service account token is exchanged as it is, in one request", async () => {
  const { source, provider } = located(`${fresh("a")}\n`);
  await source.token(STORAGE, never);
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(provider.form(), {
    client_id: "c",
    grant_type: "client_credentials",
    scope: "https://storage.azure.com/.default",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: fresh("a"),
  });
});

test("the file is read again for each request: a token that kubelet renewed is used", async () => {
  const { source, provider, clock, tokenFile } = located(fresh("a"));
  provider.reply = () => tokenReply("t", 600);
  await source.token(STORAGE, never);
  writeFileSync(`${tokenFile}.new`, fresh("b", 7200), { mode: 0o600 });
  renameSync(`${tokenFile}.new`, tokenFile);
  clock.time = NOW + 600_000;
  await source.token(STORAGE, never);
  assert.equal(provider.form(1)["client_assertion"], fresh("b", 7200));
});

for (const aud of ["https://kubernetes.default.svc.cluster.local", ["x", "https://issuer.example"]]) {
  test(`a token for the Kubernetes API (${String(aud)}) goes to Microsoft's authorities alone`, async () => {
    const token = jwt({ iss: "https://issuer.example", sub: "velero", aud, exp: NOW / 1000 + 60 });
    const foreign = located(token, { cloud: cloudSource({ authority: "https://login.example" }) });
    const failure = await failureOf(foreign.source.token(STORAGE, never));
    assert.equal(failure.code, "FailedPrecondition");
    assert.match(failure.hint ?? "", /AzureADTokenExchange/);
    assert.equal(foreign.provider.requests.length, 0);
    await located(token).source.token(STORAGE, never);
  });
}

test("another token goes to an authority of one's own", async () => {
  const { source } = located(fresh("a"), { cloud: cloudSource({ authority: "https://login.example" }) });
  await source.token(STORAGE, never);
});

const bad: ReadonlyArray<readonly [string, string | undefined, ErrorCode, RegExp]> = [
  ["is missing", undefined, "InvalidArgument", /is not there.*azure\.workload\.identity\/use/],
  ["is empty", " \n", "InvalidArgument", /is empty/],
  ["holds something else", "hunter2.hunter2.hunter2", "InvalidArgument", /is not a JWT/],
  ["holds a token without an end", jwt({ sub: "hunter2" }), "InvalidArgument", /is not a JWT/],
  ["has expired", fresh("hunter2", -1), "Unauthenticated", /expired at 2026-06-01T11:59:59\.000Z.*kubelet/],
];
for (const [name, content, code, words] of bad) {
  test(`a token file that ${name} is an error that names it, before any request`, async () => {
    const { source, provider, tokenFile } = located(content);
    const failure = await failureOf(source.token(STORAGE, never));
    assert.equal(failure.code, code);
    assert.match(describeFailure(failure), words);
    assert.ok(failure.message.includes(`"${tokenFile}"`));
    assert.equal(provider.requests.length, 0);
  });
}

test("a folder in the place of the token file is an error that names it", async () => {
  const proof = {
    method: "workload identity",
    tenant: TENANT,
    client: "c",
    additionalTenants: [],
    tokenFile: tmpdir(),
  } as const;
  const failure = await failureOf(setUp(proof).source.token(STORAGE, never));
  assert.match(failure.message, /is a directory/);
});
