/** What is written for a text before its bytes: field number 1, of a length that follows. */
const TAG = (1 << 3) | 2;

/**
 * A message of nothing but `repeated string … = 1`, as the lists of ObjectStore are. A bucket of a million keys makes one
 * message of them all: written straight to its size, it needs no more memory than itself, where the general writer,
 * which grows and copies, took 150 MiB more.
 */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  let size = 0;
  for (const text of texts) {
    const length = Buffer.byteLength(text);
    size += 1 + varintSize(length) + length;
  }
  const message = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const text of texts) {
    message[at++] = TAG;
    at = writeVarint(message, at, Buffer.byteLength(text));
    at += message.write(text, at);
  }
  return message;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) size++;
  return size;
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) target[position++] = (rest & 0x7f) | 0x80;
  target[position++] = rest;
  return position;
}
