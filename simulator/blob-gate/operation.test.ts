import assert from "node:assert/strict";
import { test } from "node:test";
import type { SimulatedRequest } from "../http/message.ts";
import { covers, letsIn } from "./accounts.ts";
import { blobAddress } from "./address.ts";
import { operationOf } from "./operation.ts";

async function* nothing(): AsyncIterable<Uint8Array> {
  // No body.
}

function request(line: string, headers: Record<string, string> = {}): SimulatedRequest {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  return { method, origin: "https://acct.blob.localhost:1", path, query, headers, body: nothing() };
}

const copy = { "x-ms-copy-source": "https://acct.blob.localhost/c/d" };
const operations: readonly [line: string, name: string | undefined, headers?: Record<string, string>][] = [
  ["GET /?comp=list", "ListContainers"],
  ["POST /?restype=service&comp=userdelegationkey", "GetUserDelegationKey"],
  ["GET /?restype=account&comp=properties", "GetAccountInformation"],
  ["PUT /c?restype=container", "CreateContainer"],
  ["HEAD /c?restype=container", "GetContainerProperties"],
  ["GET /c/?restype=container&comp=list&prefix=a", "ListBlobs"],
  ["PUT /c?restype=container&comp=acl", "SetContainerAcl"],
  ["GET /c/a/b", "GetBlob"],
  ["HEAD /c/b", "GetBlobProperties"],
  ["PUT /c/b", "PutBlob", { "x-ms-blob-type": "BlockBlob" }],
  ["PUT /c/b", "CopyBlob", copy],
  ["PUT /c/b", "CopyBlobFromURL", { ...copy, "x-ms-requires-sync": "true" }],
  ["PUT /c/b", "PutBlobFromURL", { ...copy, "x-ms-blob-type": "BlockBlob" }],
  ["PUT /c/b?comp=block&blockid=AAAA", "PutBlock"],
  ["PUT /c/b?comp=block&blockid=AAAA", "PutBlockFromURL", copy],
  ["PUT /c/b?comp=blocklist", "PutBlockList"],
  ["GET /c/b?comp=blocklist", "GetBlockList"],
  ["PUT /c/b?comp=metadata", "SetBlobMetadata"],
  ["PUT /c/b?comp=undelete", "UndeleteBlob"],
  ["DELETE /c/b", "DeleteBlob"],
  ["DELETE /c/b?comp=nothing", undefined],
  ["POST /", undefined],
];

for (const [line, name, headers] of operations) {
  test(`${line}${headers === undefined ? "" : ` with ${Object.keys(headers).join(", ")}`} is ${name}`, () => {
    const asked = request(line, headers);
    assert.equal(operationOf(asked, blobAddress(asked))?.name, name);
  });
}

const addresses: readonly [
  origin: string,
  path: string,
  account: string,
  container?: string,
  blob?: string,
][] = [
  ["https://acct.blob.core.windows.net", "/c/a%2Fb", "acct", "c", "a/b"],
  ["https://acct.privatelink.blob.core.windows.net", "/c", "acct", "c"],
  ["https://acct.blob.localhost:8443", "/", "acct"],
  ["https://ACCT.blob.localhost:8443", "/c/", "acct", "c"],
  ["http://127.0.0.1:10000", "/acct/c/../b", "acct", "c", "../b"],
  ["http://[::1]:10000", "/acct", "acct"],
  ["http://localhost:10000", "/acct-secondary/c/b", "acct", "c", "b"],
  ["https://blob", "/acct/c", "acct", "c"],
];

for (const [origin, path, account, container, blob] of addresses) {
  test(`${origin}${path} names ${[account, container, blob].filter(Boolean).join(", ")}`, () => {
    const found = blobAddress({ ...request("GET /"), origin, path });
    assert.deepEqual([found.account, found.container, found.blob], [account, container, blob]);
  });
}

const rules: readonly [rule: string, address: string, covered: boolean][] = [
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "::ffff:10.1.2.3", true],
  ["10.1.2.3", "10.1.2.4", false],
  ["10.1.2.3-10.1.2.9", "10.1.2.5", true],
  ["10.1.2.3-10.1.2.9", "10.1.2.10", false],
  ["10.1.2.0/24", "10.1.2.200", true],
  ["10.1.2.0/24", "10.1.3.1", false],
  ["fd00::/8", "fd00::1", true],
  ["nonsense", "10.1.2.3", false],
];

for (const [rule, address, covered] of rules) {
  test(`the rule ${rule} ${covered ? "lets" : "does not let"} ${address} in`, () => {
    assert.equal(covers(rule, address), covered);
    assert.equal(letsIn({ defaultAction: "Deny", ipRules: [rule] }, address), covered);
    assert.ok(letsIn({ defaultAction: "Allow", ipRules: [] }, address));
  });
}
