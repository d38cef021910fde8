import assert from "node:assert/strict";
import { test } from "node:test";
import { blobAddress } from "./address.ts";
import type { Call } from "./caller.ts";
import { account } from "./gate.fixture.ts";
import { operationOf } from "./operation.ts";
import { uncommittedBlocks } from "./uncommitted.ts";

async function* nothing(): AsyncIterable<Uint8Array> {
  // No body.
}

function call(method: string, path: string, query: string): Call {
  const request = { method, origin: "http://127.0.0.1", path, query, headers: {}, body: nothing() };
  const address = blobAddress(request);
  const operation = operationOf(request, address) ?? assert.fail("no such operation");
  return { request, address, operation, account, now: 0, clientAddress: "127.0.0.1", expireToken: false };
}

test("a blob takes so many uncommitted blocks and no more, until they are committed", () => {
  const blocks = uncommittedBlocks(2);
  const put = (id: string, blob = "b"): void => {
    const block = call("PUT", `/gateaccount/c/${blob}`, `comp=block&blockid=${id}`);
    blocks.check(block);
    blocks.done(block);
  };
  put("AAAA");
  put("AAAB");
  put("AAAB");
  put("AAAC", "other");
  assert.throws(() => put("AAAC"), { code: "BlockCountExceedsLimit", status: 409 });
  blocks.done(call("PUT", "/gateaccount/c/b", "comp=blocklist"));
  put("AAAC");
});
