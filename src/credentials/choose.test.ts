import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type Environment, loadCredentials, parseCredentials } from "../config/credentials-file.ts";
import { parseObjectStoreConfig } from "../config/object-store-config.ts";
import { describeFailure, Failure } from "../errors/error.ts";
import { chooseCredential, explainSignIn } from "./choose.ts";
import type { SignInInput } from "./method.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const KEY = Buffer.alloc(64, "hunter2").toString("base64");
const SAS =
  "sv=2024-11-04&sr=c&sp=racwdl&st=2026-01-01T00:00:00Z&se=2027-01-01T00:00:00Z&spr=https&sig=hunter2%3D";

type Values = Readonly<Record<string, string>>;

async function input(
  config: Values,
  values: Values | undefined,
  env: Environment = {},
): Promise<SignInInput> {
  const lines = Object.entries(values ?? {}).map(([key, value]) => `${key}='${value}'`);
  return {
    config: parseObjectStoreConfig({ storageAccount: "myaccount", ...config }).config,
    values:
      values === undefined
        ? await loadCredentials({ credentialsFile: undefined }, {})
        : parseCredentials("/credentials/cloud", Buffer.from(lines.join("\n"))),
    env,
    now: NOW,
  };
}

function noSecret(...shown: unknown[]): void {
  const text = shown
    .map((value) => JSON.stringify(value) + inspect(value, { depth: 9, showHidden: true }))
    .join("\n");
  for (const secret of ["hunter2", KEY, "aHVudGVyM"]) {
    assert.ok(!text.includes(secret), text);
  }
}

function failureOf(given: SignInInput): Failure {
  try {
    chooseCredential(given);
  } catch (error) {
    assert.ok(error instanceof Failure);
    noSecret(error, describeFailure(error));
    assert.match(error.message, /^cannot sign in to storage account "myaccount": /);
    assert.doesNotMatch(describeFailure(error), /\n/);
    return error;
  }
  throw new assert.AssertionError({ message: "no failure" });
}

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

test("a SAS token signs in without its question mark, whatever else is there", async () => {
  for (const token of [SAS, `?${SAS}`, ` ${SAS}\t`]) {
    const given = await input(
      { storageAccountSASTokenEnvVar: "TOKEN" },
      { TOKEN: token, AZURE_STORAGE_KEY: KEY },
    );
    const { credential, warnings, explanation } = chooseCredential(given);
    assert.ok(credential.kind === "SAS token");
    assert.equal(credential.token.reveal(), SAS);
    assert.deepEqual(warnings, []);
    noSecret(credential, explanation);
  }
});

const sas = (change: Record<string, string | undefined>): string => {
  const fields = new URLSearchParams(SAS);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) {
      fields.delete(name);
    } else {
      fields.set(name, value);
    }
  }
  return fields.toString();
};
const accountSas = (change: Record<string, string>): string =>
  sas({ sr: undefined, ss: "bfqt", srt: "sco", ...change });

const badTokens: readonly [string, string, string, RegExp][] = [
  [
    "one that expired",
    sas({ se: "2026-06-01T11:59:59Z" }),
    "Unauthenticated",
    /expired at 2026-06-01T11:59:59Z .*2026-06-01T12:00:00Z/,
  ],
  ["one that expires this instant", sas({ se: "2026-06-01T12:00Z" }), "Unauthenticated", /expired at/],
  [
    "one that ended with a day",
    sas({ se: "2026-06-01" }),
    "Unauthenticated",
    /expired at 2026-06-01T00:00:00Z/,
  ],
  [
    "one whose user delegation key expired",
    sas({ ske: "2026-05-31T00:00:00Z" }),
    "Unauthenticated",
    /expired at 2026-05-31/,
  ],
  [
    "one that is not yet valid",
    sas({ st: "2026-06-02T00:00:00.0000000Z" }),
    "Unauthenticated",
    /not valid before 2026-06-02T00:00:00Z/,
  ],
  ["one that cannot list", sas({ sp: "rcwd" }), "PermissionDenied", /does not allow to list/],
  ["one that cannot read or list", sas({ sp: "cwd" }), "PermissionDenied", /list .* and to read/],
  ["one for a blob", sas({ sr: "b" }), "PermissionDenied", /not for a container \(sr=b\)/],
  [
    "one for another service",
    accountSas({ ss: "qt" }),
    "PermissionDenied",
    /not for the blob service \(ss=qt\)/,
  ],
  [
    "one for objects alone",
    accountSas({ srt: "o" }),
    "PermissionDenied",
    /not for both containers and objects \(srt=o\)/,
  ],
  ["one without a signature", sas({ sig: undefined }), "InvalidArgument", /is not a SAS token/],
  ["one without a version", sas({ sv: undefined }), "InvalidArgument", /is not a SAS token/],
  ["a whole address", `https://myaccount.blob.core.windows.net/?${SAS}`, "InvalidArgument", /whole address/],
  [
    "a connection string",
    `BlobEndpoint=https://a;SharedAccessSignature=${SAS}`,
    "InvalidArgument",
    /connection string/,
  ],
  ["an account key", KEY, "InvalidArgument", /is not a SAS token/],
  ["a word", "hunter2", "InvalidArgument", /storageAccountKeyEnvVar/],
  ["a token broken by a space", SAS.replace("&sp", " &sp"), "InvalidArgument", /is not a SAS token/],
];
for (const [name, token, code, words] of badTokens) {
  test(`instead of a good SAS token, ${name} is refused with its reason`, async () => {
    const failure = failureOf(await input({ storageAccountSASTokenEnvVar: "TOKEN" }, { TOKEN: token }));
    assert.equal(failure.code, code);
    assert.match(describeFailure(failure), words);
  });
}

const oddTokens: readonly [string, string, RegExp[]][] = [
  [
    "that expires in six days",
    sas({ se: "2026-06-08T00:00:00Z" }),
    [/expires in 6 days, at 2026-06-08T00:00:00Z/],
  ],
  ["that expires in one day", sas({ se: "2026-06-03T00:00:00Z" }), [/expires in 1 day,/]],
  ["that expires in an hour", sas({ se: "2026-06-01T13:00:00Z" }), [/expires within a day/]],
  ["that expires in eight days", sas({ se: "2026-06-09T13:00:00Z" }), []],
  ["that starts a little ahead", sas({ st: "2026-06-01T12:10:00Z" }), []],
  ["for reading alone", sas({ sp: "rl" }), [/store backups/, /delete backups/]],
  ["that cannot replace", sas({ sp: "rcdl" }), [/replace what is stored/]],
  ["that cannot delete", sas({ sp: "racwl" }), [/delete backups/]],
  ["for a directory", sas({ sr: "d" }), [/for a directory/]],
  ["of a stored access policy", sas({ sp: undefined, se: undefined, st: undefined, si: "policy" }), []],
  ["of the account", accountSas({}), []],
];
for (const [name, token, expected] of oddTokens) {
  test(`a SAS token ${name} signs in with ${expected.length} warnings`, async () => {
    const { warnings } = chooseCredential(
      await input({ storageAccountSASTokenEnvVar: "TOKEN" }, { TOKEN: token }),
    );
    assert.equal(warnings.length, expected.length, warnings.join("\n"));
    for (const [index, words] of expected.entries()) {
      assert.match(warnings[index] ?? "", words);
    }
    noSecret(warnings);
  });
}

test("a SAS token for https alone is warned of at a plain http endpoint", async () => {
  const config = {
    storageAccountSASTokenEnvVar: "TOKEN",
    storageAccountBlobEndpoint: "http://127.0.0.1:10000/x",
  };
  const { warnings } = chooseCredential(await input(config, { TOKEN: SAS }));
  assert.match(warnings.join(), /https alone/);
});

const badKeys: readonly [string, string, RegExp][] = [
  ["words", "hunter2 hunter2", /is not base64 .*space or tab/],
  ["a key cut short by a letter", KEY.slice(0, -3), /is not base64 .*whole key/],
  ["half a key", KEY.slice(0, 16), /has 12 bytes where Azure's have 64/],
  ["three keys", Buffer.alloc(192, "hunter2").toString("base64"), /has 192 bytes/],
  [
    "a connection string",
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${KEY};`,
    /connection string/,
  ],
  ["a SAS token", SAS, /storageAccountSASTokenEnvVar/],
  ["the URL form of base64", KEY.replaceAll("V", "-"), /is not base64/],
];
for (const [name, key, words] of badKeys) {
  test(`${name} instead of an account key is refused by the name of its key`, async () => {
    for (const [config, variable] of [
      [{}, "AZURE_STORAGE_KEY"],
      [{ storageAccountKeyEnvVar: "MINE" }, "MINE"],
    ] as const) {
      const failure = failureOf(await input(config, { [variable]: key }));
      assert.equal(failure.code, "InvalidArgument");
      assert.match(describeFailure(failure), words);
      assert.ok(failure.message.includes(`"${variable}" in credentials file "/credentials/cloud"`));
    }
  });
}

test("an account key of an emulator, shorter than Azure's, is only warned of", async () => {
  const { warnings } = chooseCredential(
    await input({}, { AZURE_STORAGE_KEY: Buffer.alloc(32).toString("base64") }),
  );
  assert.match(warnings.join(), /32 bytes/);
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
const notYet: readonly [string, Values | undefined, Environment, string][] = [
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
for (const [name, values, env, method] of notYet) {
  test(`${name} means ${method}, which says that it does not work yet`, async () => {
    const direct = failureOf(await input({ useAAD: "true" }, values, env));
    assert.equal(direct.code, "Unimplemented");
    assert.ok(direct.message.endsWith(`: ${method} is not yet supported`), direct.message);
    assert.match(
      direct.hint ?? "",
      /AZURE_STORAGE_KEY.*storageAccountKeyEnvVar.*storageAccountSASTokenEnvVar/,
    );
    assert.match(failureOf(await input({}, values, env)).message, /would fetch the account key/);
    const explanation = explainSignIn(await input({}, values, env));
    assert.equal(explanation.method, method);
    assert.equal(explanation.throughListKeys, true);
    assert.equal(explanation.passedOver.length, 5);
    noSecret(explanation);
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
