import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";
import { failureCode } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import { parseSasToken, sasAuthorizer } from "./sas-token.ts";

const text = "sv=2022-11-02&ss=bf&srt=sco&sp=rwdlac&se=2027-01-02T03:04:05Z&spr=https&sig=s3cr3t%2Fx%3D";

test("a token tells what may be known of it and hides the rest", () => {
  const token = parseSasToken(new Secret(`?${text}`));
  assert.equal(token.expires, Date.UTC(2027, 0, 2, 3, 4, 5));
  assert.equal(token.permissions, "rwdlac");
  assert.ok(!inspect(token).includes("s3cr3t"));
});

test("a token of a stored policy says neither when it ends nor what it allows", () => {
  const token = parseSasToken(new Secret("sv=2022-11-02&si=policy&sr=c&sig=x"));
  assert.deepEqual([token.expires, token.permissions], [undefined, undefined]);
});

for (const bad of [
  "",
  "?",
  "sv=2022-11-02",
  "sig=x",
  "sv=1&sig=a b",
  "sv=1&sig=ü",
  "https://a.example/c?sv=1&sig=x",
]) {
  test(`${JSON.stringify(bad)} is no token`, () => {
    assert.throws(
      () => parseSasToken(new Secret(bad)),
      (error: unknown) => failureCode(error) === "InvalidArgument",
    );
  });
}

test("the token is put behind a request's own query, and goes to its own origin only", async () => {
  const origin = "https://a.example";
  const authorizer = sasAuthorizer(parseSasToken(new Secret(text)), origin);
  const { signal } = new AbortController();
  const request = { method: "GET", origin, path: "/c", query: "comp=list", headers: {} } as const;
  assert.equal((await authorizer.authorize(request, signal)).query, `comp=list&${text}`);
  assert.equal((await authorizer.authorize({ ...request, query: "" }, signal)).query, text);
  assert.throws(() => authorizer.authorize({ ...request, origin: "https://b.example" }, signal), {
    code: "Internal",
  });
});
