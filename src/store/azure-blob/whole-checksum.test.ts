import assert from "node:assert/strict";
import { test } from "node:test";
import { WholeChecksum } from "./whole-checksum.ts";

function ofParts(...parts: string[]): WholeChecksum {
  const checksum = new WholeChecksum();
  for (const part of parts) checksum.add(Buffer.from(part));
  return checksum;
}

test("the checksum of 123456789 is the check value that the CRC catalogue gives for CRC-32/ISO-HDLC", () => {
  assert.deepEqual(ofParts("123456789").metadata, { veleroazurecrc32: "cbf43926" });
});

test("it does not matter in which parts the bytes came", () => {
  assert.deepEqual(ofParts("12", "", "3456", "789").metadata, ofParts("123456789").metadata);
});

test("bytes match the metadata they were stored with, and no other; without any, they match", () => {
  const stored = ofParts("content").metadata;
  assert.equal(ofParts("content").matches(stored), true);
  assert.equal(ofParts("contenu").matches(stored), false);
  assert.equal(ofParts("").matches(stored), false);
  assert.equal(ofParts("content").matches({}), true);
  assert.equal(ofParts().matches(ofParts("").metadata), true);
});
