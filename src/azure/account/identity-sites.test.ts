import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { IdentityProof } from "../../credentials/identity.ts";
import { Secret } from "../../secret/secret.ts";
import type { Reply } from "../http/routed-transport.fixture.ts";
import {
  BLOB,
  client,
  clock,
  deleted,
  keys,
  LIST,
  LOGIN,
  object,
  refusal,
  setUp,
  signal,
  tenant,
  use,
} from "./identity-sites.fixture.ts";

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

test("a key that is renewed a minute after a refusal that was none of its fault is found", async () => {
  const { transport, blobs } = setUp({
    routes: {
      "management.azure.com": keys("a2V5", "a2V5", "bmV3"),
      "acc.blob.core.windows.net": (_request, count) =>
        count < 2 ? refusal(403, "AuthenticationFailed") : deleted,
    },
  });
  await assert.rejects(use(blobs));
  clock.now += 61_000;
  await use(blobs);
  clock.now -= 61_000;
  assert.deepEqual(transport.asked, [LOGIN, LIST, BLOB, LIST, BLOB, LIST, BLOB]);
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

let keeping: { readonly cacheAccountKey: true; readonly environment: { readonly TMPDIR: string } };

before(() => {
  const folder = mkdtempSync(join(tmpdir(), "identity-sites-"));
  keeping = { cacheAccountKey: true, environment: { TMPDIR: folder } };
});

after(() => rmSync(keeping.environment.TMPDIR, { recursive: true }));

test("the next process finds the key and asks nobody for it", async () => {
  await use(setUp(keeping).blobs);
  const { transport, blobs } = setUp(keeping);
  await use(blobs);
  assert.deepEqual(transport.asked, [BLOB]);
});

test("a kept key that is refused is deleted, asked for anew, and kept again", async () => {
  await use(setUp(keeping).blobs);
  const { transport, blobs } = setUp({
    ...keeping,
    routes: {
      "management.azure.com": keys("bmV3"),
      "acc.blob.core.windows.net": (_request, count) =>
        count === 0 ? refusal(403, "AuthenticationFailed") : deleted,
    },
  });
  await use(blobs);
  assert.deepEqual(transport.asked, [BLOB, LOGIN, LIST, BLOB]);
  const next = setUp(keeping);
  await use(next.blobs);
  assert.deepEqual(next.transport.asked, [BLOB]);
  const [first, last] = [transport.requests[0], next.transport.requests[0]];
  assert.notEqual(first?.headers["authorization"], last?.headers["authorization"]);
});

test("a managed identity's key is not kept", async () => {
  const kept = readdirSync(keeping.environment.TMPDIR, { recursive: true }).length;
  const identity: IdentityProof = {
    method: "managed identity",
    client: undefined,
    endpoint: { kind: "App Service", url: "http://127.0.0.1:1/token", header: new Secret("h") },
  };
  const { blobs } = setUp({ ...keeping, proof: identity });
  await assert.rejects(use(blobs));
  assert.equal(readdirSync(keeping.environment.TMPDIR, { recursive: true }).length, kept);
});
