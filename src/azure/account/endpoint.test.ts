import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../../errors/error.ts";
import { findCloud } from "../cloud/clouds.ts";
import {
  blobPath,
  encodeKey,
  findBlobEndpoint,
  isLoopback,
  parseEndpoint,
  refusePlainHttp,
} from "./endpoint.ts";

test("the account's host name in its cloud is its endpoint", () => {
  const endpoint = findBlobEndpoint("acc", findCloud("AzureChinaCloud"));
  assert.equal(endpoint.origin, "https://acc.blob.core.chinacloudapi.cn");
});

for (const storageSuffix of ["evil.example/?", "x@evil.example", "a b"]) {
  test(`a cloud's storage suffix ${JSON.stringify(storageSuffix)} makes no endpoint`, () => {
    const cloud = { ...findCloud(""), storageSuffix };
    assert.throws(() => findBlobEndpoint("acc", cloud), { code: "InvalidArgument" });
  });
}

const addresses: ReadonlyArray<readonly [string, string, string]> = [
  ["https://acc.blob.core.windows.net/", "https://acc.blob.core.windows.net", ""],
  ["acc.blob.core.windows.net", "https://acc.blob.core.windows.net", ""],
  [" HTTPS://ACC.blob.core.windows.net:443// ", "https://acc.blob.core.windows.net", ""],
  ["http://127.0.0.1:10000/devstoreaccount1", "http://127.0.0.1:10000", "/devstoreaccount1"],
  ["http://[::1]:10000/devstoreaccount1/", "http://[::1]:10000", "/devstoreaccount1"],
];

for (const [text, origin, basePath] of addresses) {
  test(`the address ${JSON.stringify(text)} is read as ${origin} and ${JSON.stringify(basePath)}`, () => {
    const endpoint = parseEndpoint("storageAccountURI", text);
    assert.deepEqual([endpoint.origin, endpoint.basePath], [origin, basePath]);
    assert.equal(endpoint.secure, origin.startsWith("https"));
  });
}

for (const text of [
  "ftp://a",
  "https://",
  "https://user:hunter2@a",
  "https://a?sig=hunter2",
  "https://a#hunter2",
  "a b",
]) {
  test(`the address ${JSON.stringify(text)} is refused without being shown`, () => {
    assert.throws(
      () => parseEndpoint("storageAccountURI", text),
      (error: unknown) => failureCode(error) === "InvalidArgument" && !String(error).includes("hunter2"),
    );
  });
}

const encodings: ReadonlyArray<readonly [string, string]> = [
  ["backups/b1/velero-backup.json", "backups/b1/velero-backup.json"],
  ["a b%?#", "a%20b%25%3F%23"],
  ["!'()*+~_-.", "%21%27%28%29%2A%2B~_-."],
  ["ž🐎", "%C5%BE%F0%9F%90%8E"],
  ["a//b", "a%2F%2Fb"],
  ["/a", "%2Fa"],
  ["a/", "a%2F"],
  ["a/../b", "a%2F%2E%2E%2Fb"],
  [".", "%2E"],
];

for (const [key, path] of encodings) {
  test(`the key ${JSON.stringify(key)} travels as ${path}`, () => {
    assert.equal(encodeKey(key), path);
    assert.equal(decodeURIComponent(path), key);
  });
}

test("a key that is not valid Unicode is refused", () => {
  assert.throws(() => encodeKey("a\ud800"), { code: "InvalidArgument" });
});

test("a path begins with the endpoint's own", () => {
  const endpoint = parseEndpoint("storageAccountURI", "http://127.0.0.1:10000/devstoreaccount1");
  assert.equal(blobPath(endpoint, "con", "k"), "/devstoreaccount1/con/k");
  assert.equal(blobPath(endpoint, "con"), "/devstoreaccount1/con");
});

const hosts: ReadonlyArray<readonly [string, boolean]> = [
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["localhost", true],
  ["LocalHost.", true],
  ["[::1]", true],
  ["128.0.0.1", false],
  ["127.0.0.1.example", false],
  ["localhost.example", false],
  ["acc.blob.core.windows.net", false],
];

for (const [host, loopback] of hosts) {
  test(`a SAS token ${loopback ? "may" : "must not"} go to http://${host}`, () => {
    assert.equal(isLoopback(host), loopback);
    const endpoint = parseEndpoint("storageAccountURI", `http://${host}`);
    const check = (): void => refusePlainHttp(endpoint, "a SAS token", false);
    if (loopback) {
      check();
    } else {
      assert.throws(check, { code: "InvalidArgument" });
      refusePlainHttp(endpoint, "a SAS token", true);
    }
  });
}
