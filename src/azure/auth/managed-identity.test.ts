import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManagedIdentityProof } from "../../credentials/identity.ts";
import { describeFailure, type ErrorCode } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import { TransportError } from "../http/transport.ts";
import { failureOf, never, NOW, type Reply, setUp, STORAGE } from "./provider.fixture.ts";

const system: ManagedIdentityProof = {
  method: "managed identity",
  client: undefined,
  endpoint: { kind: "IMDS", origin: "http://169.254.169.254" },
};
const good: Reply = {
  body: {
    access_token: "t",
    expires_in: "3599",
    expires_on: String(NOW / 1000 + 3599),
    token_type: "Bearer",
  },
};
const appService = (url: string): ManagedIdentityProof => ({
  ...system,
  endpoint: { kind: "App Service", url, header: new Secret("hunter2") },
});

test("the machine's own identity is asked for with the header that no forwarded request has", async () => {
  const { source, provider } = setUp(system, good);
  const { expires } = await source.token(STORAGE, never);
  assert.equal(expires, NOW + 3599_000);
  assert.deepEqual(provider.addresses, [
    "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com",
  ]);
  assert.equal(provider.requests[0]?.headers["metadata"], "true");
});

test("AZURE_CLIENT_ID chooses one of the machine's identities", async () => {
  const { source, provider } = setUp({ ...system, client: "c" }, good);
  await source.token(STORAGE, never);
  assert.match(provider.addresses[0] ?? "", /&client_id=c$/);
});

for (const [host, address] of [
  ["127.0.0.1:9000", "http://127.0.0.1:9000/metadata/"],
  ["http://localhost:9000/base", "http://localhost:9000/base/metadata/"],
  ["https://imds.example", "https://imds.example/metadata/"],
] as const) {
  test(`AZURE_POD_IDENTITY_AUTHORITY_HOST ${host} is asked instead`, async () => {
    const { source, provider } = setUp({ ...system, endpoint: { kind: "IMDS", origin: host } }, good);
    await source.token(STORAGE, never);
    assert.ok(provider.addresses[0]?.startsWith(`GET ${address}`), provider.addresses[0]);
  });
}

test("App Service's endpoint is asked with its own header", async () => {
  const { source, provider, log } = setUp(appService("http://169.254.129.2:8081/msi/token/"), {
    body: { access_token: "t", expires_on: NOW / 1000 + 60 },
  });
  assert.equal((await source.token(STORAGE, never)).expires, NOW + 60_000);
  assert.deepEqual(provider.addresses, [
    "GET http://169.254.129.2:8081/msi/token/?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com",
  ]);
  assert.equal(provider.requests[0]?.headers["x-identity-header"], "hunter2");
  assert.doesNotMatch(JSON.stringify(log.lines), /hunter2/);
});

test("an endpoint over plain http on another machine is refused", async () => {
  for (const proof of [
    appService("http://10.0.0.1/token"),
    { ...system, endpoint: { kind: "IMDS", origin: "http://imds.example" } } as const,
  ]) {
    const { source, provider } = setUp(proof, good);
    assert.equal((await failureOf(source.token(STORAGE, never))).code, "InvalidArgument");
    assert.equal(provider.requests.length, 0);
  }
});

for (const status of [404, 410, 429, 500]) {
  test(`an answer ${status} while the service starts is waited out`, async () => {
    const { source, provider, clock } = setUp(system, (_request, index) => (index < 4 ? { status } : good));
    await source.token(STORAGE, never);
    assert.equal(provider.requests.length, 5);
    assert.ok(clock.sleeps.reduce((sum, one) => sum + one, 0) < 80_000);
  });
  test(`an answer ${status} for ever ends after a bounded time with an error that may pass`, async () => {
    const { source, clock } = setUp(system, { status });
    const failure = await failureOf(source.token(STORAGE, never));
    assert.ok(failure.retryable);
    assert.ok(clock.time - NOW <= 80_000);
    // The service promises to be back after 70 seconds.
    assert.ok(clock.time - NOW > 40_000, String(clock.time - NOW));
  });
}

test("what a service that fails for ever says is told: App Service answers 500 to an audience it does not know", async () => {
  const proof = appService("http://127.0.0.1:9/msi/token");
  const reply = { status: 500, body: { statusCode: 500, message: "AADSTS500011: no such resource" } };
  const { source } = setUp(proof, ...Array.from({ length: 12 }, () => reply));
  const failure = await failureOf(source.token(STORAGE, never));
  assert.match(describeFailure(failure), /HTTP 500.*AADSTS500011/);
});

test("where nobody answers there is no managed identity, and that is told after two attempts", async () => {
  const { source, provider } = setUp(system, () => {
    throw new TransportError("connect", "169.254.169.254", "no connection");
  });
  const failure = await failureOf(source.token(STORAGE, never));
  assert.equal(failure.code, "Unavailable");
  assert.match(describeFailure(failure), /no managed identity.*AZURE_CLIENT_SECRET.*workload\.identity/);
  assert.equal(provider.requests.length, 2);
});

const refusals: ReadonlyArray<readonly [Reply, ErrorCode, RegExp]> = [
  [
    { status: 400, body: { error: "invalid_request", error_description: "Identity not found" } },
    "Unauthenticated",
    /no such identity.*AZURE_CLIENT_ID/,
  ],
  [
    {
      status: 400,
      body: {
        error: "invalid_request",
        error_description:
          "Multiple user assigned identities exist, please specify the clientId / resourceId",
      },
    },
    "Unauthenticated",
    /has several.*AZURE_CLIENT_ID/,
  ],
  [{ status: 400, body: { error: "bad_request_102" } }, "Unauthenticated", /says: bad_request_102/],
  [{ status: 403, body: "<html>" }, "FailedPrecondition", /no metadata service/],
  [{ status: 200, body: "<html>" }, "FailedPrecondition", /no metadata service/],
  [{ status: 307, headers: { location: "https://x.example" } }, "FailedPrecondition", /redirects/],
];
for (const [reply, code, words] of refusals) {
  test(`the machine's answer ${JSON.stringify(reply)} is ${code}`, async () => {
    const { source, provider } = setUp(system, reply);
    const failure = await failureOf(source.token(STORAGE, never));
    assert.equal(failure.code, code);
    assert.match(describeFailure(failure), words);
    assert.equal(provider.requests.length, 1);
  });
}

test("a managed identity signs in to no other tenant", async () => {
  const failure = await failureOf(setUp(system, good).source.token(STORAGE, never, "other"));
  assert.equal(failure.code, "FailedPrecondition");
});
