import type { Call } from "./caller.ts";
import { Refusal } from "./refusal.ts";

const MIB = 1024 * 1024;
/** Of a Put Block List: 50,000 entries of the longest IDs are some 6 MB. */
const MAX_LIST_BYTES = 16 * MIB;
const MAX_BLOCKS = 50_000;
const MAX_ID_BYTES = 64;

/**
 * Bodies and lists beyond the service's limits. Blocks already sent are counted and compared by Azurite.
 * Source: learn.microsoft.com/rest/api/storageservices, Put Blob, Put Block and Put Block List, "Remarks".
 */
export function checkSize({ request, operation, address }: Call): void {
  const limit = sizeLimit(operation.name, request.headers["x-ms-version"] ?? "9");
  if (limit === undefined || request.headers["x-ms-blob-type"] === "PageBlob") {
    return;
  }
  const length = request.headers["content-length"];
  if (length === undefined) {
    throw new Refusal("MissingContentLengthHeader");
  }
  if (Number(length) > limit) {
    throw new Refusal("RequestBodyTooLarge", { elements: { MaxLimit: String(limit) } });
  }
  if (operation.name === "PutBlock") {
    checkBlockId(address.query.get("blockid") ?? "");
  }
}

function sizeLimit(operation: string, version: string): number | undefined {
  const [blob, block] =
    version >= "2019-12-12" ? [5000, 4000] : version >= "2016-05-31" ? [256, 100] : [64, 4];
  switch (operation) {
    case "PutBlob":
      return blob * MIB;
    case "PutBlock":
      return block * MIB;
    case "AppendBlock":
      return (version >= "2022-11-02" ? 100 : 4) * MIB;
    default:
      return undefined;
  }
}

function checkBlockId(id: string): void {
  const bytes = Buffer.from(id, "base64");
  if (bytes.length === 0 || bytes.length > MAX_ID_BYTES || bytes.toString("base64") !== id) {
    const elements = { QueryParameterName: "blockid", QueryParameterValue: id };
    throw new Refusal("InvalidQueryParameterValue", {
      elements: { ...elements, Reason: "Not a valid base64 string." },
    });
  }
}

/** Reads a block list whole, counts and compares its IDs, and gives it on. */
export async function checkedBlockList(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size > MAX_LIST_BYTES) {
      throw new Refusal("RequestBodyTooLarge", { elements: { MaxLimit: String(MAX_LIST_BYTES) } });
    }
  }
  const list = Buffer.concat(parts);
  const ids = [...list.toString("utf8").matchAll(/<(Latest|Committed|Uncommitted)>\s*([^<]*?)\s*<\/\1>/g)];
  if (ids.length > MAX_BLOCKS) {
    throw new Refusal("BlockListTooLong");
  }
  const lengths = new Set(ids.map(([, , id = ""]) => Buffer.byteLength(id, "base64")));
  if (lengths.size > 1) {
    throw new Refusal("InvalidBlobOrBlock");
  }
  return list;
}
