import { Failure } from "../errors/error.ts";
import type { ListedBlob, ListPage } from "./blob-client.ts";

type XmlNode = { readonly [name: string]: unknown };

/**
 * Reads the answer of List Blobs. The XML parser is loaded by the first listing only: most of the plugin's starts
 * list nothing. Throws `Failure` DataLoss for what is no such answer.
 */
export async function parseListPage(xml: string): Promise<ListPage> {
  const { XMLParser } = await import("fast-xml-parser");
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    // Keys are text: "007", "true" and " x " stay what they are.
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    // Each key may hold many; the parser's own limits are against entities that a document declares.
    processEntities: {
      enabled: true,
      maxTotalExpansions: Number.MAX_SAFE_INTEGER,
      maxExpandedLength: Number.MAX_SAFE_INTEGER,
    },
    isArray: (name) => name === "Blob" || name === "BlobPrefix",
  });
  const results = child(parser.parse(xml), "EnumerationResults");
  if (results === undefined) {
    throw new Failure("DataLoss", "cannot read a listing: the answer is not one", { retryable: true });
  }
  const list = child(results, "Blobs");
  const marker = results["NextMarker"];
  return {
    blobs: children(list, "Blob").map(readBlob),
    prefixes: children(list, "BlobPrefix").map(readName),
    nextMarker: text(marker) || undefined,
  };
}

function readBlob(blob: XmlNode): ListedBlob {
  const size = Number(text(child(blob, "Properties")?.["Content-Length"]) ?? Number.NaN);
  return { key: readName(blob), size: Number.isNaN(size) ? 0 : size };
}

/** A name with characters that XML cannot hold comes percent-encoded and says so. */
function readName(node: XmlNode): string {
  const name = node["Name"];
  const encoded = isNode(name) && text(name["@Encoded"]) === "true";
  const value = text(name);
  if (value === undefined) {
    throw new Failure("DataLoss", "cannot read a listing: an entry has no name", { retryable: true });
  }
  return encoded ? decodeURIComponent(value) : value;
}

function text(value: unknown): string | undefined {
  if (typeof value === "string") {
    return value;
  }
  return isNode(value) && typeof value["#text"] === "string" ? value["#text"] : undefined;
}

function child(node: unknown, name: string): XmlNode | undefined {
  const value = isNode(node) ? node[name] : undefined;
  return isNode(value) ? value : value === "" ? {} : undefined;
}

function children(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  const value: unknown = node?.[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function isNode(value: unknown): value is XmlNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
