import assert from "node:assert/strict";
import { test } from "node:test";
import { ListCommonPrefixesResponse, ListObjectsResponse } from "../gen/velero/object_store.ts";
import { encodeTexts } from "./texts-message.ts";

const lists: Readonly<Record<string, readonly string[]>> = {
  "no text": [],
  "empty ones": ["", ""],
  "every length around a byte more of length": [126, 127, 128, 129, 16_383, 16_384, 3_000_000].map((length) =>
    "k".repeat(length),
  ),
  "any script": ["backups/ä/日本語/🚢", "a b%20?#//", "\u0001", "é".repeat(100)],
};

for (const [name, texts] of Object.entries(lists)) {
  test(`the message is what the generated codec writes and reads: ${name}`, () => {
    const keys = [...texts];
    const message = encodeTexts(texts);
    assert.deepEqual(new Uint8Array(message), ListObjectsResponse.encode({ keys }).finish());
    assert.deepEqual(ListObjectsResponse.decode(message).keys, keys);
    assert.deepEqual(ListCommonPrefixesResponse.decode(message).prefixes, keys);
  });
}
