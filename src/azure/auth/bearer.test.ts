import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Secret } from "../../secret/secret.ts";
import type { HttpRequest } from "../http/transport.ts";
import { bearerAuthorizer, challengedTenant } from "./bearer.ts";
import { jwt, never, STORAGE, TENANT } from "./provider.fixture.ts";
import type { AccessToken, TokenSource } from "./token-source.ts";

const origin = "https://acc.example";
const other = "99999999-2222-3333-4444-555555555555";
const request: HttpRequest = { method: "GET", origin, path: "/c", query: "", headers: { a: "b" } };

/** Gives one token after the other, and notes what it was asked and told. */
function watched() {
  const asked: (string | undefined)[] = [];
  const refused: AccessToken[] = [];
  const source: TokenSource = {
    token: async (_audience, _signal, tenant) => {
      asked.push(tenant);
      return { token: new Secret(jwt({ tid: tenant ?? TENANT, n: asked.length })), expires: 0 };
    },
    refused: (_audience, token) => void refused.push(token),
  };
  return { asked, refused, authorizer: bearerAuthorizer({ source, audience: STORAGE, origin }) };
}

function answer(status: number, challenge?: string) {
  const headers: Record<string, string> = challenge === undefined ? {} : { "www-authenticate": challenge };
  return { status, headers, body: Readable.from([]) };
}

test("a request goes with the token, and another origin's never", async () => {
  const { authorizer, asked } = watched();
  const { headers } = await authorizer.authorize(request, never);
  assert.equal(headers["authorization"], `Bearer ${jwt({ tid: TENANT, n: 1 })}`);
  assert.equal(headers["a"], "b");
  assert.equal(request.headers["authorization"], undefined);
  await assert.rejects(async () => authorizer.authorize({ ...request, origin: "https://b.example" }, never), {
    code: "Internal",
  });
  assert.equal(asked.length, 1);
});

test("a token that is refused with 401 is given back, and a 403 is not its fault", async () => {
  const { authorizer, refused } = watched();
  const sent = await authorizer.authorize(request, never);
  assert.equal(await authorizer.refused?.(sent, answer(403), never), false);
  assert.equal(await authorizer.refused?.(sent, answer(401), never), true);
  assert.equal(refused.length, 1);
});

test("a service of another tenant gets a token of that tenant from then on", async () => {
  const { authorizer, asked, refused } = watched();
  const sent = await authorizer.authorize(request, never);
  const challenge = `Bearer authorization_uri=https://login.example/${other}/oauth2/authorize resource_id=https://storage.azure.com`;
  assert.equal(await authorizer.refused?.(sent, answer(401, challenge), never), true);
  await authorizer.authorize(request, never);
  await authorizer.authorize(request, never);
  assert.deepEqual(asked, [undefined, other, other]);
  assert.equal(refused.length, 0);
});

test("a tenant that gives no token is asked once: the next request goes with the own tenant's token", async () => {
  const asked: (string | undefined)[] = [];
  const source: TokenSource = {
    token: async (_audience, _signal, tenant) => {
      asked.push(tenant);
      if (tenant !== undefined) throw new Error("not allowed");
      return { token: new Secret(jwt({ tid: TENANT })), expires: 0 };
    },
    refused: () => {},
  };
  const authorizer = bearerAuthorizer({ source, audience: STORAGE, origin });
  const sent = await authorizer.authorize(request, never);
  const challenge = `Bearer authorization_uri=https://login.example/${other}/oauth2/authorize`;
  assert.equal(await authorizer.refused?.(sent, answer(401, challenge), never), true);
  await assert.rejects(async () => authorizer.authorize(request, never), /not allowed/);
  await authorizer.authorize(request, never);
  assert.deepEqual(asked, [undefined, other, undefined]);
});

test("a challenge that names the token's own tenant only asks for another token", async () => {
  const { authorizer, asked, refused } = watched();
  const sent = await authorizer.authorize(request, never);
  const challenge = `Bearer authorization_uri=https://login.example/${TENANT}/oauth2/authorize`;
  await authorizer.refused?.(sent, answer(401, challenge), never);
  await authorizer.authorize(request, never);
  assert.deepEqual(asked, [undefined, undefined]);
  assert.equal(refused.length, 1);
});

const challenges: ReadonlyArray<readonly [string | undefined, string | undefined]> = [
  [`Bearer authorization_uri=https://login.example/${other}/oauth2/authorize resource_id=x`, other],
  [`Bearer authorization_uri="https://login.example/${other.toUpperCase()}", error="invalid_token"`, other],
  [`Bearer authorization="https://login.example/${other}", error="invalid_token"`, other],
  ["Bearer authorization_uri=https://login.example/common/oauth2/authorize", undefined],
  [`Bearer authorization_uri=http://login.example/${other}`, undefined],
  [`Basic realm="x"`, undefined],
  [undefined, undefined],
];
for (const [challenge, tenant] of challenges) {
  test(`the challenge ${challenge ?? "that is absent"} names ${tenant ?? "no tenant"}`, () => {
    assert.equal(challengedTenant(challenge), tenant);
  });
}
