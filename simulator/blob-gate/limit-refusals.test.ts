import { bearer, type Given, table } from "./refusals.fixture.ts";

const MIB = 1024 * 1024;
async function put(
  bytes: number | undefined,
  query: string,
  more: Record<string, string> = {},
): Promise<Given> {
  const { headers } = await bearer();
  const length = bytes === undefined ? {} : { "content-length": String(bytes) };
  return { method: "PUT", query, allowed: true, headers: { ...headers, ...length, ...more } };
}

async function blockList(...ids: readonly string[]): Promise<Given> {
  const body = `<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
  return { ...(await put(body.length, "comp=blocklist")), body };
}

table([
  {
    name: "a blob of more than 5,000 MiB",
    given: () => put(5000 * MIB + 1, "", { "x-ms-blob-type": "BlockBlob" }),
    status: 413,
    code: "RequestBodyTooLarge",
    detail: /<MaxLimit>5242880000<\/MaxLimit>/,
  },
  {
    name: "a block of more than 4,000 MiB",
    given: () => put(4000 * MIB + 1, "comp=block&blockid=AAAA"),
    status: 413,
    code: "RequestBodyTooLarge",
  },
  {
    name: "a block without a length",
    given: () => put(undefined, "comp=block&blockid=AAAA"),
    status: 411,
    code: "MissingContentLengthHeader",
  },
  {
    name: "a block ID that is no base64",
    given: () => put(1, "comp=block&blockid=A-1"),
    status: 400,
    code: "InvalidQueryParameterValue",
  },
  {
    name: "a list of more than 50,000 blocks",
    given: () => blockList(...Array.from({ length: 50_001 }, () => "AAAA")),
    status: 400,
    code: "BlockListTooLong",
  },
  {
    name: "a list of IDs of several lengths",
    given: () => blockList("AAAA", "AAAAAAAA"),
    status: 400,
    code: "InvalidBlobOrBlock",
  },
  {
    name: "a body with both checksums",
    given: () => put(1, "comp=block&blockid=AAAA", { "content-md5": "x", "x-ms-content-crc64": "y" }),
    status: 400,
    code: "BothCrc64AndMd5HeaderPresent",
  },
  {
    name: "a batch",
    given: async () => ({ ...(await bearer()), method: "POST", path: "/", query: "comp=batch" }),
    status: 501,
    code: "NotImplemented",
  },
]);
