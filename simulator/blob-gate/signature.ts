import { createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 with a key in base64, as base64. */
export function signature(key: string, text: string): string {
  return createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest("base64");
}

/** Whether one of the keys makes this signature of one of the texts. */
export function isSignedBy(keys: readonly string[], texts: readonly string[], given: string): boolean {
  const presented = Buffer.from(given);
  return keys.some((key) =>
    texts.some((text) => {
      const expected = Buffer.from(signature(key, text));
      return expected.length === presented.length && timingSafeEqual(expected, presented);
    }),
  );
}
