import assert from "node:assert/strict";
import { test } from "node:test";
import { Crc64Joiner, crc64FromBase64, crc64ToBase64, createCrc64 } from "./crc64.ts";

test("the checksum of 123456789 is the check value that the CRC catalogue gives for CRC-64/NVME", async () => {
  const crc64 = await createCrc64();
  assert.equal(crc64.of(Buffer.from("123456789")), 0xae8b14860a799888n);
});

test("the joined checksums of parts are the checksum of the whole, whatever the parts' lengths", async () => {
  const crc64 = await createCrc64();
  const whole = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 31 + (index >> 7)) & 0xff));
  for (const cuts of [[], [1], [5_000], [9_999], [10, 20, 30], [4_096, 8_192], [1, 2, 3, 4, 9_000]]) {
    const joiner = new Crc64Joiner();
    let from = 0;
    for (const to of [...cuts, whole.length]) {
      joiner.append(crc64.of(whole.subarray(from, to)), to - from);
      from = to;
    }
    assert.equal(joiner.value, crc64.of(whole), `cut at ${cuts.join(", ")}`);
  }
});

test("the joined checksum of nothing is that of no bytes", async () => {
  assert.equal(new Crc64Joiner().value, (await createCrc64()).of(new Uint8Array(0)));
});

test("a checksum survives its way through a header, and what is none is told apart", () => {
  assert.equal(crc64FromBase64(crc64ToBase64(0xae8b14860a799888n)), 0xae8b14860a799888n);
  for (const text of ["", "abc", "AAAAAAAAAAA", "AAAAAAAAAAAAAAAA", "not base64!!"]) {
    assert.equal(crc64FromBase64(text), undefined, text);
  }
});
