import { createHash } from "node:crypto";
import { Failure } from "../../errors/error.ts";
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
} from "./blob-client.ts";
import { checksumHeader, metadataHeaders, properties, rangeText, wireBlockId } from "./blob-headers.ts";
import { blobPath } from "../account/endpoint.ts";
import { networkFailure, serviceFailure } from "../errors/errors.ts";
import { describeOperation, type Operation, type Subject } from "./operation.ts";
import type { Answer, Pipeline } from "../http/pipeline.ts";
import { type HttpMethod, type HttpTransport, TransportError } from "../http/transport.ts";
import { parseListPage } from "./list-page.ts";
import { readServiceError } from "../errors/service-error.ts";
import type { Site, SiteFinder } from "../account/site.ts";

export interface RestBlobClientOptions {
  readonly account: string;
  readonly sites: SiteFinder;
  /** Sends what is signed in to this site, over the client's own transport. */
  readonly pipelineTo: (site: Site) => Pipeline;
  readonly close: () => void;
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
  readonly #pipelines = new WeakMap<Site, Pipeline>();
  /** The one that was used last. */
  #site: Site | undefined;

  constructor(options: RestBlobClientOptions) {
    this.#options = options;
  }

  over(transport: HttpTransport): BlobClient {
    return this.#options.over(transport);
  }

  async putBlob(container: string, key: string, body: Uint8Array, options: PutBlobOptions): Promise<Stored> {
    const subject = this.#subject("put", container, key);
    const headers = {
      "x-ms-blob-type": "BlockBlob",
      "x-ms-blob-content-type": options.contentType ?? "application/octet-stream",
      ...checksumHeader(options.checksum),
      ...metadataHeaders(options.metadata),
    };
    const answer = await this.#send(subject, "PUT", { headers, body }, options, [201]);
    return { etag: answer.headers["etag"] ?? "" };
  }

  async putBlock(
    container: string,
    key: string,
    blockId: string,
    body: Uint8Array,
    options: PutBlockOptions,
  ): Promise<void> {
    const subject = this.#subject("put", container, key);
    const query = `comp=block&blockid=${encodeURIComponent(wireBlockId(blockId))}`;
    const headers = checksumHeader(options.checksum);
    await this.#send(subject, "PUT", { query, headers, body }, options, [201]);
  }

  async putBlockList(
    container: string,
    key: string,
    blockIds: readonly string[],
    options: PutBlockListOptions,
  ): Promise<Stored> {
    const subject = this.#subject("put", container, key);
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
    const answer = await this.#send(subject, "PUT", parts, options, [201]);
    return { etag: answer.headers["etag"] ?? "" };
  }

  async getBlob(container: string, key: string, options: GetBlobOptions): Promise<DownloadedBlob> {
    const subject = this.#subject("get", container, key);
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
    const answer = await this.#send(subject, "GET", parts, options, [200, 206]);
    const contentLength = headerNumber(subject, answer, "content-length");
    if (range === undefined) {
      return { ...properties(answer, contentLength), contentLength, body: answer.body };
    }
    const sent = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers["content-range"] ?? "");
    // Whoever ignores ranges would have the caller take the blob's beginning for its middle.
    if (answer.status !== 206 || Number(sent?.[1]) !== range.offset) {
      answer.body.destroy();
      const message = `${describeOperation(subject)}: the answer does not hold the range that was asked for`;
      throw new Failure("DataLoss", message, { hint: NOT_THE_SERVICE });
    }
    const { body, received } = answer;
    return { ...properties(answer, Number(sent?.[2])), contentLength, body, received };
  }

  async headBlob(container: string, key: string, options: BlobCallOptions): Promise<BlobProperties> {
    const subject = this.#subject("look for", container, key);
    const answer = await this.#send(subject, "HEAD", {}, options, [200]);
    return properties(answer, headerNumber(subject, answer, "content-length"));
  }

  async deleteBlob(container: string, key: string, options: BlobCallOptions): Promise<void> {
    const subject = this.#subject("delete", container, key);
    const headers = { "x-ms-delete-snapshots": "include" };
    // The attempt whose answer was lost had deleted it.
    const done = (answer: Answer): boolean =>
      answer.uncertain && answer.headers["x-ms-error-code"] === "BlobNotFound";
    await this.#send(subject, "DELETE", { headers, done }, options, [202]);
  }

  async listPage(container: string, options: ListPageOptions): Promise<ListPage> {
    const subject = this.#subject("list", container, undefined);
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
    const answer = await this.#send(subject, "GET", { query }, options, [200]);
    try {
      return parseListPage(answer.content?.toString("utf8") ?? "");
    } catch (error) {
      const message = `${describeOperation(subject)}: the answer is no listing that can be read`;
      throw new Failure("DataLoss", message, { cause: error, retryable: true, hint: NOT_THE_SERVICE });
    }
  }

  async signedUrl(
    container: string,
    key: string,
    ttlMilliseconds: number,
    options: BlobCallOptions,
  ): Promise<string> {
    const { signal } = options;
    return await this.#at(this.#subject("sign a URL for", container, key), signal, async (site) =>
      site.sign(container, key, ttlMilliseconds, signal),
    );
  }

  bodyFailure(container: string, key: string, error: unknown, signal?: AbortSignal): Failure {
    return networkFailure(this.#operation(this.#subject("get", container, key)), error, signal);
  }

  close(): void {
    this.#options.close();
  }

  #subject(verb: string, container: string, key: string | undefined): Subject {
    return { verb, account: this.#options.account, container, key };
  }

  #operation(subject: Subject): Operation {
    const host = this.#site?.endpoint.host ?? subject.account;
    return { ...subject, host, signIn: this.#site?.signIn ?? { kind: "sharedKey" } };
  }

  #pipeline(site: Site): Pipeline {
    let pipeline = this.#pipelines.get(site);
    if (pipeline === undefined) {
      this.#pipelines.set(site, (pipeline = this.#options.pipelineTo(site)));
    }
    return pipeline;
  }

  /** Does something at the account's site; once more if its host has no address and another site is known. */
  async #at<T>(subject: Subject, signal: AbortSignal, act: (site: Site) => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      const { sites } = this.#options;
      const site = (this.#site = await sites.find(signal));
      try {
        return await act(site);
      } catch (error) {
        const lost = error instanceof TransportError && error.trouble === "resolve";
        const another = lost ? await sites.another(site, signal) : undefined;
        if (another === undefined) {
          throw error;
        }
        return await act((this.#site = another));
      }
    } catch (error) {
      const failure = networkFailure(this.#operation(subject), error, signal);
      // Something that signing in needs is not there; only the service may say that a blob is not.
      throw failure.code === "NotFound" ? absentOnTheWay(failure) : failure;
    }
  }

  async #send(
    subject: Subject,
    method: HttpMethod,
    parts: RequestParts,
    { signal }: BlobCallOptions,
    accepted: readonly number[],
  ): Promise<Answer> {
    const { container, key } = subject;
    const answer = await this.#at(subject, signal, async (site) =>
      this.#pipeline(site).send(
        {
          method,
          origin: site.endpoint.origin,
          path: blobPath(site.endpoint, container, key),
          query: parts.query ?? "",
          headers: parts.headers ?? {},
          body: parts.body,
          into: parts.into,
          deadlineMilliseconds: parts.deadlineMilliseconds ?? transferDeadline(parts.body?.byteLength ?? 0),
        },
        signal,
        { streamed: parts.streamed === true, fields: { container, ...(key === undefined ? {} : { key }) } },
      ),
    );
    if (accepted.includes(answer.status)) {
      return answer;
    }
    // Read in any case: its connection is free for others only then.
    const error = await readServiceError(answer);
    if (parts.done?.(answer) === true) {
      return answer;
    }
    const operation = this.#operation(subject);
    const failure = serviceFailure(operation, error, this.#options.now());
    // Reading the explanation may have been cut short by the signal.
    throw signal.aborted ? networkFailure(operation, signal.reason, signal) : failure;
  }
}

function absentOnTheWay({ message, hint, cause }: Failure): Failure {
  return new Failure("FailedPrecondition", message, { hint, cause });
}

function transferDeadline(bytes: number): number {
  return BASE_DEADLINE + Math.ceil(bytes / BYTES_PER_MILLISECOND);
}

function headerNumber(subject: Subject, { headers, body }: Answer, name: string): number {
  const value = Number(headers[name] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) {
    body.destroy();
    const message = `${describeOperation(subject)}: the answer has no ${name}`;
    throw new Failure("DataLoss", message, { hint: NOT_THE_SERVICE });
  }
  return value;
}
