import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { Secret } from "../../secret/secret.ts";
import { parseSasToken } from "../auth/sas-token.ts";
import { AccountKey } from "../auth/shared-key.ts";
import { parseEndpoint } from "../account/endpoint.ts";
import { accountKeySigner, sasTokenSigner } from "./sas.ts";
import { SERVICE_VERSION } from "./service-version.ts";

const now = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
const endpoint = parseEndpoint("storageAccountURI", "https://acc.blob.core.windows.net");
const key = Buffer.from("the account's key").toString("base64");

for (const blob of ["backups/b1/b1.tar.gz", "a b/č+%#?&=//", "../x"]) {
  test(`the URL for "${blob}" carries what Azure's own client signs`, () => {
    const url = accountKeySigner(endpoint, new AccountKey("acc", new Secret(key)), () => now)(
      "con",
      blob,
      600_000,
    );
    const expected = generateBlobSASQueryParameters(
      {
        containerName: "con",
        blobName: blob,
        permissions: BlobSASPermissions.parse("r"),
        protocol: SASProtocol.Https,
        startsOn: new Date(now - 600_000),
        expiresOn: new Date(now + 600_000),
        version: SERVICE_VERSION,
      },
      new StorageSharedKeyCredential("acc", key),
    );
    const query = new URLSearchParams(url.slice(url.indexOf("?")));
    const wanted = new URLSearchParams(expected.toString());
    query.sort();
    wanted.sort();
    assert.equal(query.toString(), wanted.toString());
    assert.equal(query.get("st"), "2026-11-22T11:50:00Z");
    assert.equal(query.get("se"), "2026-11-22T12:10:00Z");
  });
}

test("with a SAS token, the URL carries the token", () => {
  const token = parseSasToken(new Secret("sv=2022-11-02&sr=c&sp=rl&se=2030-01-01&sig=x%3D"));
  const url = sasTokenSigner(endpoint, token, () => now)("con", "a/b c", 1);
  assert.equal(
    url,
    "https://acc.blob.core.windows.net/con/a/b%20c?sv=2022-11-02&sr=c&sp=rl&se=2030-01-01&sig=x%3D",
  );
});

const useless: ReadonlyArray<readonly [string, string]> = [
  ["may not read", "sv=2022-11-02&sr=c&sp=cwl&se=2030-01-01&sig=x"],
  ["has expired", "sv=2022-11-02&sr=c&sp=r&se=2020-01-01T00:00:00Z&sig=x"],
  [
    "was signed with a lent key that has expired",
    "sv=2022-11-02&sr=c&sp=r&se=2030-01-01&ske=2020-01-01&sig=x",
  ],
];

for (const [what, query] of useless) {
  test(`a SAS token that ${what} makes no URL`, () => {
    const sign = sasTokenSigner(endpoint, parseSasToken(new Secret(query)), () => now);
    assert.throws(() => sign("con", "blob", 1), { code: "FailedPrecondition" });
  });
}
