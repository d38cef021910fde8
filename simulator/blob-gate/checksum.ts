import { createHash } from "node:crypto";
import hashWasm from "hash-wasm/dist/crc64.umd.min.js";
import { Refusal } from "./refusal.ts";

/** Azure's CRC-64 is CRC-64/NVME; this is its polynomial, bits reversed. On the wire its least significant byte comes first. */
const POLYNOMIAL = "9a6c9329ac4bc9b5";

/** Computes a digest over what streams by; base64 as headers have it. */
interface Digest {
  update(bytes: Uint8Array): void;
  end(): string;
}

/**
 * The body as it comes, its last piece held back until the checksum that the headers tell is right. So what is wrong
 * is never whole upstream. Throws 400 Md5Mismatch or Crc64Mismatch.
 */
export async function checkedBody(
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  const crc64 = headers["x-ms-content-crc64"];
  const md5 = headers["content-md5"];
  if (crc64 !== undefined && md5 !== undefined) {
    throw new Refusal("BothCrc64AndMd5HeaderPresent");
  }
  if (crc64 !== undefined) {
    return verified(body, await crc64Digest(), (computed) => {
      if (computed !== crc64) {
        const elements = { UserSpecifiedCrc: crc64, ServerCalculatedCrc: computed };
        throw new Refusal("Crc64Mismatch", { elements });
      }
    });
  }
  if (md5 !== undefined) {
    return verified(body, md5Digest(), (computed) => {
      if (computed !== md5) {
        const elements = { UserSpecifiedMd5: md5, ServerCalculatedMd5: computed };
        throw new Refusal("Md5Mismatch", { elements });
      }
    });
  }
  return body;
}

async function* verified(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
  check: (computed: string) => void,
): AsyncIterable<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const piece of body) {
    digest.update(piece);
    if (held !== undefined) {
      yield held;
    }
    held = piece;
  }
  check(digest.end());
  if (held !== undefined) {
    yield held;
  }
}

function md5Digest(): Digest {
  const hash = createHash("md5");
  return { update: (bytes) => hash.update(bytes), end: () => hash.digest("base64") };
}

/** A hasher of its own for each body: they stream side by side. */
async function crc64Digest(): Promise<Digest> {
  const hasher = await hashWasm.createCRC64(POLYNOMIAL);
  hasher.init();
  return {
    update: (bytes) => hasher.update(bytes),
    end: () => Buffer.from(hasher.digest("binary")).reverse().toString("base64"),
  };
}
