import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ErrorCode } from "../../errors/error.ts";
import { entraRules } from "./entra-rules.ts";
import {
  cloudSource,
  failureOf,
  jwt,
  never,
  NOW,
  type Reply,
  secretProof,
  setUp,
  STORAGE,
} from "./provider.fixture.ts";

const trail = "Trace ID: 0000-trace Correlation ID: 0000-correlation Timestamp: 2026-06-01 12:00:00Z";

function refusal(number: number, text = "Something is wrong.", more: object = {}): Reply {
  return {
    status: 401,
    body: {
      error: "invalid_client",
      error_description: `AADSTS${number}: ${text} ${trail}`,
      error_codes: [number],
      trace_id: "0000-trace",
      correlation_id: "0000-correlation",
      ...more,
    },
  };
}

const cases: ReadonlyArray<readonly [number, ErrorCode, RegExp, RegExp]> = [
  [7000215, "Unauthenticated", /client secret is wrong/, /value, not its ID/],
  [7000222, "Unauthenticated", /client secret has expired/, /credential reset/],
  [700016, "Unauthenticated", /does not know the application/, /AZURE_CLIENT_ID/],
  [90002, "Unauthenticated", /does not know the tenant/, /AZURE_TENANT_ID/],
  [700027, "Unauthenticated", /certificate is not one of the application's/, /--cert/],
  [700024, "Unauthenticated", /not within its time/, /clock/],
  [50013, "Unauthenticated", /signature/, /./],
  [500011, "FailedPrecondition", /does not know the service "https:\/\/storage/, /AZURE_CLOUD_NAME/],
  [53003, "PermissionDenied", /conditional access/, /exclude/],
  [50034, "Unauthenticated", /no such account/, /AZURE_CLIENT_ID/],
  [900382, "Unauthenticated", /another cloud/, /AZURE_CLOUD_NAME/],
  [7000112, "Unauthenticated", /disabled/, /Enterprise/],
];
for (const [number, code, reason, hint] of cases) {
  test(`AADSTS${number} is told in our words, with its number and a remedy`, async () => {
    const failure = await failureOf(setUp(secretProof, refusal(number)).source.token(STORAGE, never));
    assert.equal(failure.code, code);
    assert.match(failure.message, reason);
    assert.ok(failure.message.endsWith(`(AADSTS${number})`));
    assert.match(failure.hint ?? "", hint);
    assert.equal(failure.retryable, false);
  });
}

function federated() {
  const path = join(mkdtempSync(join(tmpdir(), "velero-azure-test-")), "token");
  const claims = {
    iss: "https://issuer.example/",
    sub: "system:serviceaccount:velero:velero",
    aud: ["api://x"],
  };
  writeFileSync(path, jwt({ ...claims, exp: NOW / 1000 + 3600 }), { mode: 0o600 });
  return {
    method: "workload identity",
    tenant: "t.example",
    client: "c",
    additionalTenants: [],
    tokenFile: path,
  } as const;
}

const federations: ReadonlyArray<readonly [number, RegExp, RegExp]> = [
  [
    70021,
    /no federated credential for/,
    /--issuer "https:\/\/issuer\.example\/".*--subject "system:serviceaccount:velero:velero"/,
  ],
  [700211, /with issuer "https:\/\/issuer\.example\/"/, /federated-credential create/],
  [700212, /with audience "api:\/\/x"/, /api:\/\/AzureADTokenExchange/],
  [
    700213,
    /with subject "system:serviceaccount:velero:velero"/,
    /az identity federated-credential create.*az ad app federated-credential create --id c\b/,
  ],
  [700024, /service account token is not within its time/, /kubelet/],
  [50013, /signature does not fit the keys that issuer/, /jwks_uri/],
  [50166, /cannot read the keys of issuer/, /public/],
];
for (const [number, reason, hint] of federations) {
  test(`AADSTS${number} of a federated token says what its federated credential must have`, async () => {
    const failure = await failureOf(setUp(federated(), refusal(number)).source.token(STORAGE, never));
    assert.equal(failure.code, "Unauthenticated");
    assert.match(failure.message, reason);
    assert.match(failure.hint ?? "", hint);
  });
}

test("every known number has a reason for every kind of application", async () => {
  for (const number of entraRules.keys()) {
    for (const proof of [secretProof, federated()]) {
      const failure = await failureOf(setUp(proof, refusal(Number(number))).source.token(STORAGE, never));
      assert.doesNotMatch(failure.message, /Microsoft Entra says|undefined/);
    }
  }
});

test("an unknown number keeps its own sentence, without trace and without the secret", async () => {
  const { source, log } = setUp(secretProof, refusal(1234567, "Secret 'hunter2'\r\nis odd."));
  const failure = await failureOf(source.token(STORAGE, never));
  assert.equal(failure.code, "Unauthenticated");
  assert.match(failure.message, /Microsoft Entra says: Secret '\[redacted\]' is odd \(AADSTS1234567\)$/);
  const line = log.lines.find(({ message }) => message.includes("refused"));
  assert.equal(line?.level, "debug");
  assert.equal(line?.fields?.["traceId"], "0000-trace");
  assert.equal(line?.fields?.["correlationId"], "0000-correlation");
  assert.doesNotMatch(JSON.stringify(log.lines), /hunter2/);
});

test("AD FS, whose errors have no such numbers, keeps its own sentence", async () => {
  const body = { error: "invalid_client", error_description: "MSIS9622: Client authentication failed." };
  const { source } = setUp(
    secretProof,
    { status: 400, body },
    {
      cloud: cloudSource({ authority: "https://adfs.example/adfs" }),
    },
  );
  const failure = await failureOf(source.token(STORAGE, never));
  assert.match(failure.message, /AD FS says: MSIS9622: Client authentication failed \(HTTP 400\)/);
});

test("what passes by itself is Unavailable, whatever its status", async () => {
  const body = { error: "temporarily_unavailable", error_codes: [90033] };
  const failure = await failureOf(setUp(secretProof, { status: 400, body }).source.token(STORAGE, never));
  assert.deepEqual([failure.code, failure.retryable], ["Unavailable", true]);
});
