import { createHash } from "node:crypto";
import { Failure } from "../errors/error.ts";
import type {
  BlobCallOptions,
  BlobClient,
  BlobProperties,
  DownloadedBlob,
  GetBlobOptions,
  ListPage,
  ListPageOptions,
  PutBlobOptions,
  PutBlockListOptions,
  PutBlockOptions,
  Stored,
  TransferChecksum,
} from "./blob-client.ts";
import { type BlobEndpoint, blobPath } from "./endpoint.ts";
import { networkFailure, serviceFailure } from "./errors.ts";
import { describeOperation, type Operation, type SignIn } from "./operation.ts";
import type { Answer, Pipeline } from "./http/pipeline.ts";
import type { HttpMethod, HttpRequest, HttpTransport } from "./http/transport.ts";
import { parseListPage } from "./list-page.ts";
import type { UrlSigner } from "./sas.ts";
import { readServiceError } from "./service-error.ts";

export interface RestBlobClientOptions {
  readonly account: string;
  readonly endpoint: BlobEndpoint;
  readonly pipeline: Pipeline;
  readonly sign: UrlSigner;
  readonly signIn: SignIn;
  readonly now: () => number;
  readonly over: (transport: HttpTransport) => BlobClient;
}

/** Time for a request apart from its bytes. */
const BASE_DEADLINE = 120_000;
/** The slowest connection on which bytes are still worth waiting for: 64 KiB a second. */
const BYTES_PER_MILLISECOND = 64;
/** For a body whose length is not known beforehand; a stalled one ends by the idle timeout long before. */
const OPEN_END_DEADLINE = 3_600_000;

const NOT_THE_SERVICE = "check the endpoint: this is not how a blob service answers";

/** What a request has beyond method and address. */
interface RequestParts {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly into?: Uint8Array | undefined;
  readonly deadlineMilliseconds?: number;
  /** The answer's body is for the caller to read; otherwise it comes whole with the answer. */
  readonly streamed?: boolean;
  /** Whether an answer that is an error still means success. */
  readonly done?: (answer: Answer) => boolean;
}

/** The blob service's REST operations over a pipeline. */
export class RestBlobClient implements BlobClient {
  readonly #options: RestBlobClientOptions;

  constructor(options: RestBlobClientOptions) {
    this.#options = options;
  }

  over(transport: HttpTransport): BlobClient {
    return this.#options.over(transport);
  }

  async putBlob(container: string, key: string, body: Uint8Array, options: PutBlobOptions): Promise<Stored> {
    const operation = this.#operation("put", container, key);
    const headers = {
      "x-ms-blob-type": "BlockBlob",
      "x-ms-blob-content-type": options.contentType ?? "application/octet-stream",
      ...checksumHeader(options.checksum),
      ...metadataHeaders(options.metadata),
    };
    const answer = await this.#send(operation, "PUT", { headers, body }, options, [201]);
    return { etag: answer.headers["etag"] ?? "" };
  }

  async putBlock(
    container: string,
    key: string,
    blockId: string,
    body: Uint8Array,
    options: PutBlockOptions,
  ): Promise<void> {
    const operation = this.#operation("put", container, key);
    const query = `comp=block&blockid=${encodeURIComponent(wireBlockId(blockId))}`;
    const headers = checksumHeader(options.checksum);
    await this.#send(operation, "PUT", { query, headers, body }, options, [201]);
  }

  async putBlockList(
    container: string,
    key: string,
    blockIds: readonly string[],
    options: PutBlockListOptions,
  ): Promise<Stored> {
    const operation = this.#operation("put", container, key);
    // `Latest` and not `Uncommitted`: when an answer got lost, the second attempt finds its blocks committed.
    const entries = blockIds.map((id) => `<Latest>${wireBlockId(id)}</Latest>`);
    const xml = `<?xml version="1.0" encoding="utf-8"?><BlockList>${entries.join("")}</BlockList>`;
    const body = Buffer.from(xml);
    const headers = {
      "content-type": "application/xml",
      "content-md5": createHash("md5").update(body).digest("base64"),
      "x-ms-blob-content-type": options.contentType ?? "application/octet-stream",
      ...metadataHeaders(options.metadata),
    };
    const parts = { query: "comp=blocklist", headers, body };
    const answer = await this.#send(operation, "PUT", parts, options, [201]);
    return { etag: answer.headers["etag"] ?? "" };
  }

  async getBlob(container: string, key: string, options: GetBlobOptions): Promise<DownloadedBlob> {
    const operation = this.#operation("get", container, key);
    const { range, ifMatch, into } = options;
    const headers = {
      ...(range === undefined ? {} : { "x-ms-range": rangeText(range) }),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    };
    const length = range?.length;
    const parts = {
      headers,
      into,
      deadlineMilliseconds: length === undefined ? OPEN_END_DEADLINE : transferDeadline(length),
      streamed: true,
    };
    const answer = await this.#send(operation, "GET", parts, options, [200, 206]);
    const contentLength = headerNumber(operation, answer, "content-length");
    if (range === undefined) {
      return { ...properties(answer, contentLength), contentLength, body: answer.body };
    }
    const sent = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers["content-range"] ?? "");
    // Whoever ignores ranges would have the caller take the blob's beginning for its middle.
    if (answer.status !== 206 || Number(sent?.[1]) !== range.offset) {
      answer.body.destroy();
      const message = `${describeOperation(operation)}: the answer does not hold the range that was asked for`;
      throw new Failure("DataLoss", message, { hint: NOT_THE_SERVICE });
    }
    const { body, received } = answer;
    return { ...properties(answer, Number(sent?.[2])), contentLength, body, received };
  }

  async headBlob(container: string, key: string, options: BlobCallOptions): Promise<BlobProperties> {
    const operation = this.#operation("look for", container, key);
    const answer = await this.#send(operation, "HEAD", {}, options, [200]);
    return properties(answer, headerNumber(operation, answer, "content-length"));
  }

  async deleteBlob(container: string, key: string, options: BlobCallOptions): Promise<void> {
    const operation = this.#operation("delete", container, key);
    const headers = { "x-ms-delete-snapshots": "include" };
    // The attempt whose answer was lost had deleted it.
    const done = (answer: Answer): boolean =>
      answer.uncertain && answer.headers["x-ms-error-code"] === "BlobNotFound";
    await this.#send(operation, "DELETE", { headers, done }, options, [202]);
  }

  async listPage(container: string, options: ListPageOptions): Promise<ListPage> {
    const operation = this.#operation("list", container, undefined);
    const { prefix, delimiter, marker, maxResults = 5000 } = options;
    const parameters = [
      ["restype", "container"],
      ["comp", "list"],
      ["prefix", prefix],
      ["delimiter", delimiter ?? ""],
      ["marker", marker ?? ""],
      ["maxresults", String(maxResults)],
    ] as const;
    const query = parameters
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join("&");
    const answer = await this.#send(operation, "GET", { query }, options, [200]);
    try {
      return parseListPage(answer.content?.toString("utf8") ?? "");
    } catch (error) {
      const message = `${describeOperation(operation)}: the answer is no listing that can be read`;
      throw new Failure("DataLoss", message, { cause: error, retryable: true, hint: NOT_THE_SERVICE });
    }
  }

  async signedUrl(
    container: string,
    key: string,
    ttlMilliseconds: number,
    options: BlobCallOptions,
  ): Promise<string> {
    if (options.signal.aborted) {
      throw networkFailure(this.#operation("sign a URL for", container, key), undefined, options.signal);
    }
    return this.#options.sign(container, key, ttlMilliseconds);
  }

  bodyFailure(container: string, key: string, error: unknown, signal?: AbortSignal): Failure {
    return networkFailure(this.#operation("get", container, key), error, signal);
  }

  close(): void {
    this.#options.pipeline.close();
  }

  #operation(verb: string, container: string, key: string | undefined): Operation {
    const { account, endpoint, signIn } = this.#options;
    return { verb, account, container, key, host: endpoint.host, signIn };
  }

  async #send(
    operation: Operation,
    method: HttpMethod,
    parts: RequestParts,
    { signal }: BlobCallOptions,
    accepted: readonly number[],
  ): Promise<Answer> {
    if (signal.aborted) {
      throw networkFailure(operation, signal.reason, signal);
    }
    const { endpoint, pipeline, now } = this.#options;
    const request: HttpRequest = {
      method,
      origin: endpoint.origin,
      path: blobPath(endpoint, operation.container, operation.key),
      query: parts.query ?? "",
      headers: parts.headers ?? {},
      body: parts.body,
      into: parts.into,
      deadlineMilliseconds: parts.deadlineMilliseconds ?? transferDeadline(parts.body?.byteLength ?? 0),
    };
    let answer: Answer;
    try {
      const { container, key } = operation;
      answer = await pipeline.send(request, signal, {
        streamed: parts.streamed === true,
        fields: { container, ...(key === undefined ? {} : { key }) },
      });
    } catch (error) {
      throw networkFailure(operation, error, signal);
    }
    if (accepted.includes(answer.status)) {
      return answer;
    }
    // Read in any case: its connection is free for others only then.
    const error = await readServiceError(answer);
    if (parts.done?.(answer) === true) {
      return answer;
    }
    const failure = serviceFailure(operation, error, now());
    // Reading the explanation may have been cut short by the signal.
    throw signal.aborted ? networkFailure(operation, signal.reason, signal) : failure;
  }
}

function transferDeadline(bytes: number): number {
  return BASE_DEADLINE + Math.ceil(bytes / BYTES_PER_MILLISECOND);
}

function checksumHeader(checksum: TransferChecksum | undefined): Record<string, string> {
  if (checksum === undefined) {
    return {};
  }
  return { [checksum.kind === "md5" ? "content-md5" : "x-ms-content-crc64"]: checksum.base64 };
}

function metadataHeaders(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-ms-meta-${name.toLowerCase()}`, value]),
  );
}

function wireBlockId(blockId: string): string {
  return Buffer.from(blockId).toString("base64");
}

function rangeText({ offset, length }: { offset: number; length?: number | undefined }): string {
  return `bytes=${offset}-${length === undefined ? "" : offset + length - 1}`;
}

function properties({ headers }: Answer, size: number): BlobProperties {
  const prefix = "x-ms-meta-";
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const);
  return { etag: headers["etag"] ?? "", size, metadata: Object.fromEntries(metadata) };
}

function headerNumber(operation: Operation, { headers, body }: Answer, name: string): number {
  const value = Number(headers[name] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) {
    body.destroy();
    const message = `${describeOperation(operation)}: the answer has no ${name}`;
    throw new Failure("DataLoss", message, { hint: NOT_THE_SERVICE });
  }
  return value;
}
