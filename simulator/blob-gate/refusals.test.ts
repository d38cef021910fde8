import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  type AccountSASSignatureValues,
  BlobSASPermissions,
  type BlobSASSignatureValues,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
} from "@azure/storage-blob";
import { steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import { type SignedAccessTokens, signedAccessTokens } from "../core/signed-access-tokens.ts";
import type { SimulatedResponse } from "../http/message.ts";
import { accountsInMemory, type BlobAccount } from "./accounts.ts";
import { account, OTHER_TENANT, reader, sharedKey, TENANT, VERSION } from "./gate.fixture.ts";
import { blobGate } from "./gate.ts";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-22T12:00:00Z");
const at = (hours: number): Date => new Date(NOW + hours * HOUR);

let tokens: SignedAccessTokens;
before(async () => {
  tokens = await signedAccessTokens({ clock: steerableClock(() => NOW) });
});

interface Given {
  readonly method?: string;
  readonly origin?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly account?: Partial<BlobAccount>;
  readonly clientAddress?: string;
  readonly body?: string;
  readonly allowed?: boolean;
}

/** Nothing listens upstream: a request that should be refused and is not fails the test. */
async function gate(given: Given): Promise<SimulatedResponse> {
  const clock = steerableClock(() => NOW);
  const handler = blobGate({
    ...{ clock, faults: faultQueue(), accessTokens: tokens },
    accessControl: { isAllowed: () => given.allowed ?? false },
    accounts: accountsInMemory({ ...account, ...given.account }),
    upstream: { origin: "http://127.0.0.1:1", account: (name) => ({ name, key: "" }) },
    loginEndpoint: "https://login.test/",
    secret: Buffer.from("of this world"),
  });
  return handler({
    method: given.method ?? "GET",
    origin: given.origin ?? "https://gateaccount.blob.core.windows.net",
    path: given.path ?? "/box/item",
    query: given.query ?? "",
    headers: { "x-ms-version": VERSION, ...given.headers },
    clientAddress: given.clientAddress,
    body: pieces(given.body ?? ""),
  });
}

async function* pieces(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

interface Row {
  readonly name: string;
  readonly given: () => Given | Promise<Given>;
  readonly status: number;
  readonly code: string;
  /** AuthenticationErrorDetail. */
  readonly detail?: RegExp;
}

function table(rows: readonly Row[]): void {
  for (const { name, given, status, code, detail } of rows) {
    test(`${name}: ${status} ${code}`, async () => {
      const response = await gate(await given());
      assert.equal(response.headers["x-ms-error-code"], code, String(response.body));
      assert.equal(response.status, status);
      assert.match(response.headers["x-ms-request-id"] ?? "", /^[0-9a-f-]{30}000000$/);
      assert.equal(response.headers["x-ms-version"], VERSION);
      const text = String(response.body);
      assert.match(text, new RegExp(`^\uFEFF<\\?xml .*<Error><Code>${code}</Code><Message>[^]+\nRequestId:`));
      assert.match(text, detail ?? /<\/Message>/);
    });
  }
}

const bearer = async (audience = "https://storage.azure.com", principal = reader): Promise<Given> => ({
  headers: { authorization: `Bearer ${(await tokens.issue(principal, audience)).token}` },
});
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
      const others = await signedAccessTokens({ clock: steerableClock(() => NOW) });
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
  assert.match(String(response.body), /Authentication scheme Bearer is not supported in this version\./);
});

const signed = (date: Date, more: Partial<Given> = {}): Given => ({
  headers: { authorization: "SharedKey gateaccount:c2lnbmF0dXJl", "x-ms-date": date.toUTCString() },
  ...more,
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

function accountSas(values: Partial<AccountSASSignatureValues>): string {
  const complete = {
    ...{ expiresOn: at(1), permissions: AccountSASPermissions.parse("rl"), version: "2022-11-02" },
    services: AccountSASServices.parse("b").toString(),
    resourceTypes: AccountSASResourceTypes.parse("co").toString(),
    ...values,
  };
  return generateAccountSASQueryParameters(complete, sharedKey()).toString();
}

function serviceSas(values: Partial<BlobSASSignatureValues>, key?: string): string {
  const complete = {
    ...{ containerName: "box", expiresOn: at(1), version: "2022-11-02" },
    permissions: ContainerSASPermissions.parse("rl"),
    ...values,
  };
  return generateBlobSASQueryParameters(complete, sharedKey(key)).toString();
}

const forBlob = { blobName: "item", permissions: BlobSASPermissions.parse("r") };
const list = { path: "/box", query: "restype=container&comp=list" };

table([
  {
    name: "a SAS that has expired",
    given: () => ({ query: serviceSas({ startsOn: at(-2), expiresOn: at(-1) }) }),
    status: 403,
    code: "AuthenticationFailed",
    detail:
      /Signature not valid in the specified time frame: Start \[Sun, 22 Nov 2026 10:00:00 GMT\] - Expiry \[Sun, 22 Nov 2026 11:00:00 GMT\] - Current \[Sun, 22 Nov 2026 12:00:00 GMT\]/,
  },
  {
    name: "a SAS that has not begun",
    given: () => ({ query: accountSas({ startsOn: at(0.5) }) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /time frame/,
  },
  {
    name: "a SAS of another key",
    given: () => ({ query: serviceSas({}, Buffer.alloc(64, "x").toString("base64")) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match\. String to sign used was rl\n/,
  },
  {
    name: "a SAS whose permissions were widened",
    given: () => ({ query: serviceSas({}).replace("sp=rl", "sp=rwdl") }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a container's SAS for another container",
    given: () => ({ path: "/other/item", query: serviceSas({}) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a blob's SAS for another blob",
    given: () => ({ path: "/box/other", query: serviceSas(forBlob) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a blob's SAS for its container",
    given: () => ({ ...list, query: `${list.query}&${serviceSas(forBlob)}` }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /The specified signed resource is not allowed for the this resource level/,
  },
  {
    name: "a SAS without its resource",
    given: () => ({ query: serviceSas({}).replace("sr=c", "") }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /sr is mandatory\. Cannot be empty/,
  },
  {
    name: "a SAS without the permission",
    given: () => ({ method: "DELETE", query: serviceSas({}) }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a container's SAS for the container itself",
    given: () => ({ method: "PUT", path: "/box", query: `restype=container&${serviceSas({})}` }),
    status: 403,
    code: "AuthorizationFailure",
  },
  {
    name: "an account SAS for another service",
    given: () => ({ query: accountSas({ services: "q" }) }),
    status: 403,
    code: "AuthorizationServiceMismatch",
  },
  {
    name: "an account SAS for another type of resource",
    given: () => ({ ...list, query: `${list.query}&${accountSas({ resourceTypes: "o" })}` }),
    status: 403,
    code: "AuthorizationResourceTypeMismatch",
  },
  {
    name: "an account SAS without the permission",
    given: () => ({ method: "PUT", query: accountSas({}) }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a SAS for https over http",
    given: () => ({
      origin: "http://gateaccount.blob.core.windows.net",
      query: serviceSas({ protocol: SASProtocol.Https }),
    }),
    status: 403,
    code: "AuthorizationProtocolMismatch",
  },
  {
    name: "a SAS for another address",
    given: () => ({ query: serviceSas({ ipRange: { start: "10.0.0.1", end: "10.0.0.9" } }) }),
    status: 403,
    code: "AuthorizationSourceIPMismatch",
    detail: /using this source IP 127\.0\.0\.1\./,
  },
  {
    name: "an account SAS where keys are disabled",
    given: () => ({ query: accountSas({}), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
  },
  {
    name: "a service SAS where keys are disabled",
    given: () => ({ query: serviceSas({}), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
  },
]);

async function keyRequest(start: Date | string, expiry: Date | string): Promise<Given> {
  const text = (time: Date | string): string => (typeof time === "string" ? time : time.toISOString());
  const body = `<KeyInfo><Start>${text(start)}</Start><Expiry>${text(expiry)}</Expiry></KeyInfo>`;
  const target = { method: "POST", path: "/", query: "restype=service&comp=userdelegationkey" };
  return { ...(await bearer()), ...target, body, allowed: true };
}

async function delegationSas(start: Date, expiry: Date, change = ""): Promise<Given> {
  const response = await gate(await keyRequest(start, expiry));
  const text = (name: string): string =>
    new RegExp(`<${name}>(.*)</${name}>`).exec(String(response.body))?.[1] ?? assert.fail(name);
  const key = {
    signedObjectId: text("SignedOid") + change,
    signedTenantId: text("SignedTid"),
    signedStartsOn: new Date(text("SignedStart")),
    signedExpiresOn: new Date(text("SignedExpiry")),
    signedService: text("SignedService"),
    signedVersion: text("SignedVersion"),
    value: text("Value"),
  };
  const permissions = ContainerSASPermissions.parse("r");
  const values = { containerName: "box", permissions, expiresOn: at(500), version: "2022-11-02" };
  return { query: generateBlobSASQueryParameters(values, key, account.name).toString() };
}

table([
  {
    name: "a user delegation key asked for with a key",
    given: async () => ({ ...(await keyRequest(at(0), at(1))), ...signed(at(0)) }),
    status: 403,
    code: "AuthenticationFailed",
  },
  {
    name: "a user delegation key without the role for it",
    given: async () => ({ ...(await keyRequest(at(0), at(1))), allowed: false }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a user delegation key for more than a week",
    given: () => keyRequest(at(0), at(7 * 24 + 0.1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation key that has expired",
    given: () => keyRequest(at(-2), at(-1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation key for no time at all",
    given: () => keyRequest("soon", at(1)),
    status: 400,
    code: "InvalidXmlNodeValue",
  },
  {
    name: "a user delegation SAS whose key begins later",
    given: () => delegationSas(at(1), at(2)),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature not valid in the specified key time frame: Key start \[/,
  },
  {
    name: "a user delegation SAS that names another principal",
    given: async () => ({ ...(await delegationSas(at(0), at(1), "0")), allowed: true }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a user delegation SAS whose principal has lost its role",
    given: () => delegationSas(at(0), at(1)),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a user delegation SAS of a role that is gone, where keys are disabled",
    given: async () => ({ ...(await delegationSas(at(0), at(1))), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
]);

const MIB = 1024 * 1024;
async function put(
  bytes: number | undefined,
  query: string,
  more: Record<string, string> = {},
): Promise<Given> {
  const { headers } = await bearer();
  const length = bytes === undefined ? {} : { "content-length": String(bytes) };
  return { method: "PUT", query, allowed: true, headers: { ...headers, ...length, ...more } };
}

async function blockList(...ids: readonly string[]): Promise<Given> {
  const body = `<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
  return { ...(await put(body.length, "comp=blocklist")), body };
}

table([
  {
    name: "a blob of more than 5,000 MiB",
    given: () => put(5000 * MIB + 1, "", { "x-ms-blob-type": "BlockBlob" }),
    status: 413,
    code: "RequestBodyTooLarge",
    detail: /<MaxLimit>5242880000<\/MaxLimit>/,
  },
  {
    name: "a block of more than 4,000 MiB",
    given: () => put(4000 * MIB + 1, "comp=block&blockid=AAAA"),
    status: 413,
    code: "RequestBodyTooLarge",
  },
  {
    name: "a block without a length",
    given: () => put(undefined, "comp=block&blockid=AAAA"),
    status: 411,
    code: "MissingContentLengthHeader",
  },
  {
    name: "a block ID that is no base64",
    given: () => put(1, "comp=block&blockid=A-1"),
    status: 400,
    code: "InvalidQueryParameterValue",
  },
  {
    name: "a list of more than 50,000 blocks",
    given: () => blockList(...Array.from({ length: 50_001 }, () => "AAAA")),
    status: 400,
    code: "BlockListTooLong",
  },
  {
    name: "a list of IDs of several lengths",
    given: () => blockList("AAAA", "AAAAAAAA"),
    status: 400,
    code: "InvalidBlobOrBlock",
  },
  {
    name: "a body with both checksums",
    given: () => put(1, "comp=block&blockid=AAAA", { "content-md5": "x", "x-ms-content-crc64": "y" }),
    status: 400,
    code: "BothCrc64AndMd5HeaderPresent",
  },
  {
    name: "a batch",
    given: async () => ({ ...(await bearer()), method: "POST", path: "/", query: "comp=batch" }),
    status: 501,
    code: "NotImplemented",
  },
]);
