import type { BlobProperties, TransferChecksum } from "./blob-client.ts";
import type { HttpResponse } from "../http/transport.ts";

export function checksumHeader(checksum: TransferChecksum | undefined): Record<string, string> {
  if (checksum === undefined) {
    return {};
  }
  return { [checksum.kind === "md5" ? "content-md5" : "x-ms-content-crc64"]: checksum.base64 };
}

export function metadataHeaders(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-ms-meta-${name.toLowerCase()}`, value]),
  );
}

export function wireBlockId(blockId: string): string {
  return Buffer.from(blockId).toString("base64");
}

export function rangeText({ offset, length }: { offset: number; length?: number | undefined }): string {
  return `bytes=${offset}-${length === undefined ? "" : offset + length - 1}`;
}

export function properties({ headers }: HttpResponse, size: number): BlobProperties {
  const prefix = "x-ms-meta-";
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const);
  return { etag: headers["etag"] ?? "", size, metadata: Object.fromEntries(metadata) };
}
