import assert from "node:assert/strict";
import { test } from "node:test";
import type { Environment } from "../config/credentials-file.ts";
import { chooseCredential, chooseIdentity, explainSignIn } from "./choose.ts";
import { failureOf, input, KEY, noSecret, type Values } from "./sign-in.fixture.ts";

test("the key that storageAccountKeyEnvVar names signs in, and AZURE_STORAGE_KEY is not looked at", async () => {
  const given = await input({ storageAccountKeyEnvVar: "MINE" }, { MINE: KEY, AZURE_STORAGE_KEY: "other" });
  const { credential, explanation, warnings } = chooseCredential(given);
  assert.ok(credential.kind === "account key");
  assert.equal(credential.key.reveal(), KEY);
  assert.equal(credential.account, "myaccount");
  assert.deepEqual(warnings, []);
  assert.deepEqual(explanation.sources, [
    { value: "account key", from: 'key "MINE" of credentials file "/credentials/cloud"' },
  ]);
  assert.equal(explanation.throughListKeys, false);
  noSecret(credential, explanation);
});

test("AZURE_STORAGE_KEY signs in, with useAAD or without; only with it there is something to warn of", async () => {
  for (const [config, count] of [
    [{}, 0],
    [{ useAAD: "false" }, 0],
    [{ useAAD: "true" }, 1],
  ] as const) {
    const { credential, warnings } = chooseCredential(await input(config, { AZURE_STORAGE_KEY: KEY }));
    assert.equal(credential.kind, "account key");
    assert.equal(warnings.length, count);
    noSecret(warnings);
  }
});

test("an account key in the environment is not looked at", async () => {
  const given = await input({ storageAccountKeyEnvVar: "MINE" }, { OTHER_NAME: "x" }, { MINE: KEY });
  const failure = failureOf(given);
  assert.equal(failure.code, "InvalidArgument");
  assert.match(failure.hint ?? "", /the file has OTHER_NAME.*environment variable/);
});

for (const name of ["storageAccountKeyEnvVar", "storageAccountSASTokenEnvVar"]) {
  test(`a key that ${name} names and the file lacks is an error with the file's keys`, async () => {
    const secretAsName = "a".repeat(40);
    const failure = failureOf(
      await input(
        { [name]: "MINE" },
        { AZURE_TENANT_ID: "t", OTHER_KEY: KEY, [secretAsName]: "", "\ufeffMINE": KEY },
      ),
    );
    assert.equal(failure.code, "InvalidArgument");
    assert.ok(
      failure.message.includes(
        `"MINE", which ${name} names, is not in credentials file "/credentials/cloud"`,
      ),
    );
    assert.match(
      failure.hint ?? "",
      /has AZURE_TENANT_ID, OTHER_KEY, 2 more whose names are not shown; .*byte order mark/,
    );
    assert.match(failureOf(await input({ [name]: "MINE" }, { MINE: "" })).message, /is empty in/);
    assert.match(failureOf(await input({ [name]: "MINE" }, undefined)).message, /none is named/);
    assert.match(failureOf(await input({ [name]: "MINE" }, {})).hint ?? "", /the file has no keys/);
  });
}

const principal = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c" };
const identities: readonly [string, Values | undefined, Environment, string][] = [
  ["a client secret", { ...principal, AZURE_CLIENT_SECRET: "hunter2" }, {}, "client secret"],
  [
    "a secret and a certificate",
    { ...principal, AZURE_CLIENT_SECRET: "hunter2", AZURE_CLIENT_CERTIFICATE: "hunter2" },
    {},
    "client secret",
  ],
  ["a certificate", { ...principal, AZURE_CLIENT_CERTIFICATE: "hunter2" }, {}, "client certificate"],
  [
    "a certificate's path",
    { ...principal, AZURE_CLIENT_CERTIFICATE_PATH: "/c.pem" },
    { AZURE_FEDERATED_TOKEN_FILE: "/t" },
    "client certificate",
  ],
  ["a token file of the environment", principal, { AZURE_FEDERATED_TOKEN_FILE: "/t" }, "workload identity"],
  [
    "a token file of the location",
    { ...principal, AZURE_FEDERATED_TOKEN_FILE: "/t" },
    {},
    "workload identity",
  ],
  [
    "everything in the environment",
    undefined,
    { AZURE_FEDERATED_TOKEN_FILE: "/t", ...principal },
    "workload identity",
  ],
  ["nothing", undefined, {}, "managed identity"],
  ["nothing but a tenant and a client", principal, {}, "managed identity"],
  [
    "an environment that has a secret",
    {},
    { ...principal, AZURE_CLIENT_SECRET: "hunter2" },
    "managed identity",
  ],
];
for (const [name, values, env, method] of identities) {
  test(`${name} means ${method}, for the blobs themselves or for the account key`, async () => {
    for (const [config, throughListKeys] of [
      [{ useAAD: "true" }, false],
      [{}, true],
    ] as const) {
      const { credential, explanation } = chooseCredential(await input(config, values, env));
      assert.ok(credential.kind === "identity");
      assert.equal(credential.identity.method, method);
      assert.equal(credential.identity.proof().method, method);
      assert.equal(credential.throughListKeys, throughListKeys);
      assert.equal(explanation.method, method);
      assert.equal(explanation.throughListKeys, throughListKeys);
      assert.equal(explanation.passedOver.length, 5);
      const audience = throughListKeys ? "https://management.azure.com" : "https://storage.azure.com";
      assert.equal(explanation.audience?.value, audience);
      noSecret(explanation, credential);
    }
  });

  test(`${name} means ${method} for a volume snapshot location, too, which has no account`, async () => {
    const { config: _config, ...others } = await input({}, values, env);
    const { credential, explanation } = chooseIdentity({
      ...others,
      config: { activeDirectoryAuthorityURI: undefined },
    });
    assert.equal(credential.identity.method, method);
    assert.equal(credential.throughListKeys, false);
    assert.equal(explanation.account, undefined);
    assert.equal(explanation.audience?.value, "https://management.azure.com");
    assert.match(explanation.passedOver[1]?.why ?? "", /identities alone/);
  });
}

const incomplete: readonly [string, Values, Environment, string][] = [
  [
    "a secret without a tenant",
    { AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: "hunter2" },
    {},
    "AZURE_TENANT_ID",
  ],
  [
    "a secret without a client",
    { AZURE_TENANT_ID: "t", AZURE_CLIENT_SECRET: "hunter2" },
    {},
    "AZURE_CLIENT_ID",
  ],
  [
    "a secret with an empty client",
    { ...principal, AZURE_CLIENT_ID: "", AZURE_CLIENT_SECRET: "hunter2" },
    {},
    "AZURE_CLIENT_ID",
  ],
  [
    "a certificate without a tenant",
    { AZURE_CLIENT_ID: "c", AZURE_CLIENT_CERTIFICATE: "hunter2" },
    {},
    "AZURE_TENANT_ID",
  ],
  [
    "a certificate's password alone",
    { ...principal, AZURE_CLIENT_CERTIFICATE_PASSWORD: "hunter2" },
    {},
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  ],
  ["a user's name", { ...principal, AZURE_USERNAME: "u", AZURE_PASSWORD: "hunter2" }, {}, "AZURE_USERNAME"],
  [
    "a token file without a client",
    { AZURE_TENANT_ID: "t" },
    { AZURE_FEDERATED_TOKEN_FILE: "/t" },
    "AZURE_CLIENT_ID",
  ],
];
for (const [name, values, env, missing] of incomplete) {
  test(`${name} is an error that names ${missing}, no silent fall-through`, async () => {
    const failure = failureOf(await input({ useAAD: "true" }, values, env));
    assert.equal(failure.code, "InvalidArgument");
    assert.ok(failure.message.includes(missing), failure.message);
  });
}

const misplaced: readonly [string, Values, RegExp][] = [
  [
    "a secret in the client's line",
    { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "Abc8Q~hunter2", AZURE_CLIENT_SECRET: "x" },
    /AZURE_CLIENT_ID is not an ID/,
  ],
  ["a secret in the managed identity's line", { AZURE_CLIENT_ID: "Abc8Q~hunter2" }, /AZURE_CLIENT_ID/],
  [
    "a secret in the tenant's line",
    { ...principal, AZURE_TENANT_ID: "hunter2==", AZURE_FEDERATED_TOKEN_FILE: "/t" },
    /AZURE_TENANT_ID is not an ID/,
  ],
  [
    "a key in its path's line",
    { ...principal, AZURE_CLIENT_CERTIFICATE_PATH: "-----BEGIN PRIVATE KEY-----hunter2" },
    /AZURE_CLIENT_CERTIFICATE_PATH holds/,
  ],
  [
    "a token in its path's line",
    { ...principal, AZURE_FEDERATED_TOKEN_FILE: `eyJ${"hunter2.".repeat(20)}` },
    /AZURE_FEDERATED_TOKEN_FILE holds/,
  ],
];
for (const [name, values, words] of misplaced) {
  test(`${name} is refused, and not shown`, async () => {
    const failure = failureOf(await input({ useAAD: "true" }, values));
    assert.equal(failure.code, "InvalidArgument");
    assert.match(failure.message, words);
  });
}

for (const [uri, warnings] of [
  ["https://login.microsoftonline.us/", 0],
  ["http://127.0.0.1:1", 0],
  ["https://login.example", 1],
] as const) {
  test(`an identity's proof that goes to ${uri} is warned of ${warnings} times`, async () => {
    const secret = { ...principal, AZURE_CLIENT_SECRET: "hunter2" };
    const choice = chooseCredential(await input({ activeDirectoryAuthorityURI: uri }, secret));
    assert.equal(choice.warnings.length, warnings);
    noSecret(choice.warnings);
    const key = chooseCredential(
      await input({ activeDirectoryAuthorityURI: uri }, { AZURE_STORAGE_KEY: KEY }),
    );
    assert.deepEqual(key.warnings, []);
  });
}

test("each value of a workload identity is the location's own, else the environment's", async () => {
  const env = { AZURE_FEDERATED_TOKEN_FILE: "/env", AZURE_TENANT_ID: "env", AZURE_CLIENT_ID: "env" };
  const { sources } = explainSignIn(await input({ useAAD: "true" }, { AZURE_CLIENT_ID: "own" }, env));
  assert.deepEqual(sources, [
    { value: "AZURE_TENANT_ID", from: "the environment" },
    { value: "AZURE_CLIENT_ID", from: 'key "AZURE_CLIENT_ID" of credentials file "/credentials/cloud"' },
    { value: "AZURE_FEDERATED_TOKEN_FILE", from: "the environment" },
  ]);
});

test("an explanation tells every method, in order, and why it was passed over", async () => {
  const given = await input({ storageAccountKeyEnvVar: "MINE" }, { MINE: KEY });
  assert.deepEqual(
    explainSignIn(given).passedOver.map(({ method, why }) => `${method}: ${why}`),
    [
      "SAS token: the config has no storageAccountSASTokenEnvVar",
      ...["client secret", "client certificate", "workload identity", "managed identity"].map(
        (method) => `${method}: not looked at: account key goes before it`,
      ),
    ],
  );
});
