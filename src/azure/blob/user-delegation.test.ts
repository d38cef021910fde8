import assert from "node:assert/strict";
import { test } from "node:test";
import { BlobSASPermissions, generateBlobSASQueryParameters, SASProtocol } from "@azure/storage-blob";
import { silentLogger } from "../../log/logger.ts";
import { parseEndpoint } from "../account/endpoint.ts";
import { type Route, RoutedTransport } from "../http/routed-transport.fixture.ts";
import { Pipeline } from "../http/pipeline.ts";
import { SERVICE_VERSION } from "./service-version.ts";
import { delegationSigner } from "./user-delegation.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;
const begin = Date.UTC(2026, 10, 22, 12);
const value = Buffer.from("the delegation key").toString("base64");
const oid = "33333333-3333-3333-3333-333333333333";
const tid = "11111111-1111-1111-1111-111111111111";

/** Lends what was asked for. */
const lend: Route = ({ body }) => {
  const [, start = "", expiry = ""] =
    /<Start>(.*)<\/Start><Expiry>(.*)<\/Expiry>/.exec(Buffer.from(body ?? []).toString()) ?? [];
  const fields = { SignedOid: oid, SignedTid: tid, SignedStart: start, SignedExpiry: expiry };
  const all = { ...fields, SignedService: "b", SignedVersion: SERVICE_VERSION, Value: value };
  const xml = Object.entries(all).map(([name, text]) => `<${name}>${text}</${name}>`);
  return { status: 200, body: `<UserDelegationKey>${xml.join("")}</UserDelegationKey>` };
};

function setUp(route: Route = lend) {
  const transport = new RoutedTransport({ "POST acc.blob.core.windows.net": route });
  const authorizer = { authorize: <T>(request: T): T => request };
  const pipeline = new Pipeline({ transport, authorizer, logger: silentLogger, headers: {} });
  const clock = { now: begin };
  const sign = delegationSigner({
    account: "acc",
    endpoint: parseEndpoint("storageAccountURI", "https://acc.blob.core.windows.net"),
    pipeline,
    signIn: { kind: "bearer", who: () => ({}) },
    now: () => clock.now,
  });
  return { transport, clock, sign: async (key: string, ttl: number) => sign("con", key, ttl, signal) };
}

for (const blob of ["backups/b1/b1.tar.gz", "a b/č+%#?&=//", "../x"]) {
  test(`the URL for "${blob}" carries what Azure's own client signs`, async () => {
    const url = await setUp().sign(blob, 600_000);
    const expected = generateBlobSASQueryParameters(
      {
        containerName: "con",
        blobName: blob,
        permissions: BlobSASPermissions.parse("r"),
        protocol: SASProtocol.Https,
        startsOn: new Date(begin - 600_000),
        expiresOn: new Date(begin + 600_000),
        version: SERVICE_VERSION,
      },
      {
        signedObjectId: oid,
        signedTenantId: tid,
        signedStartsOn: new Date(begin - 600_000),
        signedExpiresOn: new Date(begin + HOUR),
        signedService: "b",
        signedVersion: SERVICE_VERSION,
        value,
      },
      "acc",
    );
    const query = new URLSearchParams(url.slice(url.indexOf("?")));
    const wanted = new URLSearchParams(expected.toString());
    query.sort();
    wanted.sort();
    assert.equal(query.toString(), wanted.toString());
  });
}

test("one key serves all URLs that end before it", async () => {
  const { transport, clock, sign } = setUp();
  await sign("one", 600_000);
  clock.now += HOUR - 600_000;
  await sign("two", 600_000);
  assert.equal(transport.requests.length, 1);
  clock.now += 1_000;
  await sign("three", 600_000);
  assert.equal(transport.requests.length, 2);
  assert.equal(transport.requests[0]?.query, "restype=service&comp=userdelegationkey");
});

test("seven days are the most: a URL for longer is an error and no shorter URL", async () => {
  const { transport, sign } = setUp();
  const url = new URL(await sign("one", 168 * HOUR));
  assert.equal(url.searchParams.get("se"), "2026-11-29T12:00:00Z");
  const [start, expiry] = [url.searchParams.get("skt"), url.searchParams.get("ske")];
  assert.ok(Date.parse(expiry ?? "") - Date.parse(start ?? "") <= 168 * HOUR);
  await assert.rejects(sign("one", 168 * HOUR + 1), { code: "InvalidArgument" });
  assert.equal(transport.requests.length, 1);
});

test("an identity that may not ask for a key is told its role", async () => {
  const { sign } = setUp(() => ({
    status: 403,
    headers: { "x-ms-error-code": "AuthorizationPermissionMismatch" },
  }));
  await assert.rejects(sign("one", 1), { code: "PermissionDenied", hint: /Storage Blob Delegator/ });
});
