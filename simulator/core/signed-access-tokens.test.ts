import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, SignJWT } from "jose";
import { steerableClock } from "./clock.ts";
import type { Principal } from "./principals.ts";
import { signedAccessTokens } from "./signed-access-tokens.ts";

const principal: Principal = {
  tenantId: "11111111-1111-4111-8111-111111111111",
  clientId: "22222222-2222-4222-8222-222222222222",
  objectId: "33333333-3333-4333-8333-333333333333",
  displayName: "app",
  kind: "application",
};
const STORAGE = "https://storage.azure.com";
/** Stands still: two looks at a clock that runs may be in two seconds. */
const start = Date.now();
const clock = steerableClock(() => start);
const tokens = await signedAccessTokens({ clock });

test("a token says who it is for, and is taken with and without a slash after the audience", async () => {
  const { token, expiresInSeconds } = await tokens.issue(principal, `${STORAGE}/`);
  const verified = await tokens.verify(`Bearer ${token}`, ["https://other.example", STORAGE]);
  assert.ok("claims" in verified);
  assert.equal(verified.claims.oid, principal.objectId);
  assert.equal(verified.claims.appid, principal.clientId);
  assert.equal(verified.claims.iss, `https://sts.windows.net/${principal.tenantId}/`);
  assert.equal(verified.claims.exp - Math.floor(clock.now() / 1000), expiresInSeconds);
});

test("a token of a key that was kept is taken by the world that goes on with it", async () => {
  const { token } = await tokens.issue(principal, STORAGE);
  const kept = structuredClone(tokens.signingKey);
  const later = await signedAccessTokens({ clock, signingKey: kept });
  assert.ok("claims" in (await later.verify(`Bearer ${token}`, [STORAGE])));
  assert.equal(tokens.publicKey.d, undefined);
});

test("what is wrong with a token is told apart", async (t) => {
  const { token } = await tokens.issue(principal, STORAGE);
  const stranger = await signedAccessTokens({ clock });
  const foreign = await stranger.issue(principal, STORAGE);
  const { token: old } = await tokens.issueBefore(principal, STORAGE, 2 * 60 * 60 * 1000);
  const { token: early } = await tokens.issueBefore(principal, STORAGE, -2 * 60 * 60 * 1000);
  const unsigned = await new SignJWT({ ...decodeJwt(token) })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new Uint8Array(32));
  const cases = [
    ["missing", undefined],
    ["malformed", "Basic YTpi"],
    ["malformed", "Bearer abc"],
    ["signature", `Bearer ${foreign.token}`],
    ["signature", `Bearer ${unsigned}`],
    ["expired", `Bearer ${old}`],
    ["not yet valid", `Bearer ${early}`],
  ] as const;
  for (const [refused, authorization] of cases) {
    await t.test(refused, async () => {
      assert.deepEqual(await tokens.verify(authorization, [STORAGE]), { refused });
    });
  }
  await t.test("audience", async () => {
    const answer = await tokens.verify(`Bearer ${token}`, ["https://management.azure.com"]);
    assert.deepEqual(answer, { refused: "audience" });
  });
});

test("a token expires by the simulated clock", async () => {
  const turned = steerableClock();
  const own = await signedAccessTokens({ clock: turned });
  const { token, expiresInSeconds } = await own.issue(principal, STORAGE);
  turned.advance((expiresInSeconds - 10) * 1000);
  assert.ok("claims" in (await own.verify(`Bearer ${token}`, [STORAGE])));
  turned.advance(20_000);
  assert.deepEqual(await own.verify(`Bearer ${token}`, [STORAGE]), { refused: "expired" });
});
