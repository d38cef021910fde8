import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure } from "../errors/error.ts";
import { chooseCredential } from "./choose.ts";
import { failureOf, input, KEY, noSecret, SAS } from "./sign-in.fixture.ts";

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
