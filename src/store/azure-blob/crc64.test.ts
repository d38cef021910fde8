import assert from "node:assert/strict";
import { test } from "node:test";
import { crc64ToBase64, createCrc64 } from "./crc64.ts";

test("the checksum of 123456789 is the check value that the CRC catalogue gives for CRC-64/NVME", async () => {
  const crc64 = await createCrc64();
  for (let again = 0; again < 2; again++) {
    assert.equal(crc64.of(Buffer.from("123456789")), 0xae8b14860a799888n);
  }
});

test("in a header the least significant byte comes first", () => {
  assert.equal(crc64ToBase64(0xae8b14860a799888n), Buffer.from("8898790a86148bae", "hex").toString("base64"));
});
