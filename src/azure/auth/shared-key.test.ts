import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { failureCode } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import type { HttpRequest } from "../http/transport.ts";
import { AccountKey, sharedKeyAuthorizer, stringToSign } from "./shared-key.ts";

const origin = "https://myaccount.blob.core.windows.net";
const base: HttpRequest = { method: "GET", origin, path: "/mycontainer", query: "", headers: {} };
const dated = { "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21" };

// The first four are the examples of Azure's page "Authorize with Shared Key".
const cases: ReadonlyArray<readonly [string, HttpRequest, string, string]> = [
  [
    "parameters in any order",
    { ...base, query: "restype=container&comp=metadata&timeout=20", headers: dated },
    "myaccount",
    "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20",
  ],
  [
    "several values of one parameter",
    {
      ...base,
      query: "restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
    },
    "myaccount",
    "GET\n\n\n\n\n\n\n\n\n\n\n\n/myaccount/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container",
  ],
  [
    "a blob without parameters",
    { ...base, path: "/mycontainer/myblob" },
    "myaccount",
    "GET\n\n\n\n\n\n\n\n\n\n\n\n/myaccount/mycontainer/myblob",
  ],
  [
    "the account in the path, as the emulator has it",
    { ...base, path: "/devstoreaccount1/mycontainer/myblob" },
    "devstoreaccount1",
    "GET\n\n\n\n\n\n\n\n\n\n\n\n/devstoreaccount1/devstoreaccount1/mycontainer/myblob",
  ],
  [
    "a body, its checksum and its type",
    {
      ...base,
      method: "PUT",
      headers: { "content-md5": "m==", "content-type": "a/b" },
      body: Buffer.from("12345"),
    },
    "myaccount",
    "PUT\n\n\n5\nm==\na/b\n\n\n\n\n\n\n/myaccount/mycontainer",
  ],
  [
    "a body of no bytes",
    { ...base, method: "PUT", body: Buffer.of() },
    "myaccount",
    "PUT\n\n\n\n\n\n\n\n\n\n\n\n/myaccount/mycontainer",
  ],
  [
    "an ETag, and headers with blanks",
    { ...base, headers: { "if-match": '"0x1"', "x-ms-meta-b": " a   b ", "x-ms-meta-a": "1", accept: "x" } },
    "myaccount",
    'GET\n\n\n\n\n\n\n\n"0x1"\n\n\n\nx-ms-meta-a:1\nx-ms-meta-b:a b\n/myaccount/mycontainer',
  ],
  [
    "a parameter that is encoded, in a path that stays so",
    { ...base, path: "/c/a%20b%2F", query: "comp=block&blockid=YQ%3D%3D" },
    "myaccount",
    "GET\n\n\n\n\n\n\n\n\n\n\n\n/myaccount/c/a%20b%2F\nblockid:YQ==\ncomp:block",
  ],
];

for (const [what, request, account, expected] of cases) {
  test(`the text to sign covers ${what}`, () => {
    assert.equal(stringToSign(request, account), expected);
  });
}

test("a request is signed with the date of the attempt, and the request given stays as it was", async () => {
  const secret = Buffer.from("a key").toString("base64");
  const times = [0, 60_000];
  const authorizer = sharedKeyAuthorizer(
    new AccountKey("myaccount", new Secret(secret)),
    origin,
    () => times.shift() ?? 0,
  );
  const { signal } = new AbortController();
  const first = await authorizer.authorize(base, signal);
  const second = await authorizer.authorize(base, signal);
  assert.equal(first.headers["x-ms-date"], "Thu, 01 Jan 1970 00:00:00 GMT");
  assert.equal(second.headers["x-ms-date"], "Thu, 01 Jan 1970 00:01:00 GMT");
  const signature = createHmac("sha256", "a key").update(stringToSign(first, "myaccount")).digest("base64");
  assert.equal(first.headers["authorization"], `SharedKey myaccount:${signature}`);
  assert.notEqual(second.headers["authorization"], first.headers["authorization"]);
  assert.deepEqual(base.headers, {});
});

test("a key signs nothing for another origin", () => {
  const key = new AccountKey("myaccount", new Secret("YQ=="));
  const authorizer = sharedKeyAuthorizer(key, origin, () => 0);
  const elsewhere = { ...base, origin: "https://evil.example" };
  assert.throws(() => authorizer.authorize(elsewhere, new AbortController().signal), { code: "Internal" });
});

for (const text of ["", "not base64!", "YQ=", "YQ==YQ=="]) {
  test(`the key ${JSON.stringify(text)} is refused without being shown`, () => {
    assert.throws(
      () => new AccountKey("myaccount", new Secret(text)),
      (error: unknown) =>
        failureCode(error) === "InvalidArgument" && (text === "" || !String(error).includes(text)),
    );
  });
}
