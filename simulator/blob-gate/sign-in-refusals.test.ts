import assert from "node:assert/strict";
import { test } from "node:test";
import { signedAccessTokens } from "../core/signed-access-tokens.ts";
import { OTHER_TENANT, reader, TENANT } from "./gate.fixture.ts";
import { at, bearer, clock, gate, HOUR, signed, table, tokens } from "./refusals.fixture.ts";

const old = { headers: { "x-ms-version": "2019-07-07" } };

test("an old version hears less of why nobody was let in, and a HEAD has no body", async () => {
  const codes: unknown[] = [];
  for (const given of [
    { ...old, account: { allowBlobPublicAccess: false } },
    { ...old, method: "PUT", account: { allowBlobPublicAccess: true } },
    { method: "HEAD" },
  ]) {
    const { status, headers } = await gate(given);
    codes.push([status, headers["x-ms-error-code"], headers["www-authenticate"]]);
  }
  const where = `Bearer authorization_uri=https://login.test/${TENANT}/oauth2/authorize resource_id=https://storage.azure.com`;
  assert.deepEqual(codes, [
    [409, "PublicAccessNotPermitted", undefined],
    [404, "ResourceNotFound", undefined],
    [401, "NoAuthenticationInformation", where],
  ]);
  assert.equal((await gate({ method: "HEAD" })).body, undefined);
});

table([
  { name: "nobody", given: () => ({}), status: 401, code: "NoAuthenticationInformation" },
  {
    name: "an account that does not exist",
    given: () => ({ origin: "https://other.blob.core.windows.net" }),
    status: 404,
    code: "ResourceNotFound",
  },
  {
    name: "an operation that does not exist",
    given: () => ({ method: "PATCH" }),
    status: 405,
    code: "UnsupportedHttpVerb",
  },
  {
    name: "plain http to an account that wants https",
    given: () => ({ origin: "http://gateaccount.blob.core.windows.net", account: { httpsOnly: true } }),
    status: 400,
    code: "AccountRequiresHttps",
  },
  {
    name: "an address that the firewall does not know",
    given: async () => ({
      ...(await bearer()),
      ...{ allowed: true, clientAddress: "::ffff:10.0.1.1" },
      account: { network: { defaultAction: "Deny", ipRules: ["10.0.0.0/24", "9.9.9.9"] } },
    }),
    status: 403,
    code: "AuthorizationFailure",
  },
]);

table([
  {
    name: "a token without a role",
    given: () => bearer(),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a token for another audience",
    given: () => bearer("https://management.azure.com"),
    status: 401,
    code: "InvalidAuthenticationInfo",
    detail: /Audience validation failed\. Audience did not match\./,
  },
  {
    name: "a token for another account",
    given: () => bearer("https://other.blob.core.windows.net"),
    status: 401,
    code: "InvalidAuthenticationInfo",
    detail: /Audience/,
  },
  {
    name: "a token of another tenant",
    given: () => bearer(undefined, { ...reader, tenantId: OTHER_TENANT }),
    status: 401,
    code: "InvalidAuthenticationInfo",
    detail: /Issuer validation failed\. Issuer did not match\./,
  },
  {
    name: "a token that has expired",
    given: async () => {
      const { token } = await tokens.issueBefore(reader, "https://storage.azure.com", 2 * HOUR);
      return { headers: { authorization: `Bearer ${token}` } };
    },
    status: 401,
    code: "InvalidAuthenticationInfo",
    detail: /Lifetime validation failed\. The token is expired\./,
  },
  {
    name: "a token that somebody else signed",
    given: async () => {
      const others = await signedAccessTokens({ clock });
      const { token } = await others.issue(reader, "https://storage.azure.com");
      return { headers: { authorization: `Bearer ${token}` } };
    },
    status: 401,
    code: "InvalidAuthenticationInfo",
    detail: /Signature validation failed/,
  },
  {
    name: "what is no token",
    given: () => ({ headers: { authorization: "Bearer nonsense" } }),
    status: 401,
    code: "InvalidAuthenticationInfo",
  },
  {
    name: "a token over plain http",
    given: async () => ({ ...(await bearer()), origin: "http://gateaccount.blob.core.windows.net" }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Authentication scheme Bearer is not allowed with HTTP\./,
  },
]);

test("a token needs a version of the service that knows tokens", async () => {
  const { headers } = await bearer();
  const response = await gate({ headers: { ...headers, "x-ms-version": "2017-07-29" }, allowed: true });
  assert.equal(response.status, 403);
  assert.match(response.body ?? "", /Authentication scheme Bearer is not supported in this version\./);
});

table([
  {
    name: "a wrong key",
    given: () => signed(at(0)),
    status: 403,
    code: "AuthenticationFailed",
    detail:
      /The MAC signature found in the HTTP request 'c2lnbmF0dXJl' is not the same as any computed signature\. Server used following string to sign: 'GET\n{12}x-ms-date:.*\nx-ms-version:.*\n\/gateaccount\/box\/item'\./,
  },
  {
    name: "a clock that is slow",
    given: () => signed(at(-0.26)),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Request date header too old: 'Sun, 22 Nov 2026 11:44:24 GMT'/,
  },
  {
    name: "a clock that is fast",
    given: () => signed(at(0.26)),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Request date header/,
  },
  {
    name: "a signature without a date",
    given: () => ({ headers: { authorization: "SharedKeyLite gateaccount:c2ln" } }),
    status: 403,
    code: "AuthenticationFailed",
  },
  {
    name: "a key where keys are disabled",
    given: () => signed(at(0), { account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
  },
  {
    name: "a scheme that does not exist",
    given: () => ({ headers: { authorization: "Basic abc" } }),
    status: 400,
    code: "InvalidAuthenticationInfo",
  },
]);
