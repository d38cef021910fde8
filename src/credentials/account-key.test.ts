import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure } from "../errors/error.ts";
import { chooseCredential } from "./choose.ts";
import { failureOf, input, KEY, SAS } from "./sign-in.fixture.ts";

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
