import type { IncomingMessage } from "node:http";
import { canceled } from "../../src/errors/error.ts";
import type { ByteSource, CallOptions, ObjectStore } from "../../src/store/object-store.ts";
import { HostFailure, type HostError, type Query } from "./host-client.ts";
import type { HostedPlugin } from "./host.ts";

const PIECE_BYTES = 256 * 1024;

/** An object store as Velero sees it: every call goes through Velero's framework client and the plugin's process. */
export class HostObjectStore implements ObjectStore {
  readonly #plugin: HostedPlugin;
  readonly #name: string | undefined;

  constructor(plugin: HostedPlugin, name?: string) {
    this.#plugin = plugin;
    this.#name = name;
  }

  async put(container: string, key: string, body: ByteSource, options: CallOptions): Promise<void> {
    await this.#json("PUT", "object", { bucket: container, key }, options, piecesOf(body));
  }

  async exists(container: string, key: string, options: CallOptions): Promise<boolean> {
    const query = { bucket: container, key };
    return (await this.#json<{ exists: boolean }>("GET", "exists", query, options)).exists;
  }

  async get(container: string, key: string, { signal }: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const query = { bucket: container, key, name: this.#name };
    const answer = await this.#plugin.client.send({
      method: "GET",
      path: this.#plugin.route("object"),
      query,
      signal,
    });
    return readAnswer(answer, signal);
  }

  async listCommonPrefixes(
    container: string,
    prefix: string,
    delimiter: string,
    options: CallOptions,
  ): Promise<string[]> {
    const query = { bucket: container, prefix, delimiter };
    return (await this.#json<{ prefixes: string[] }>("GET", "prefixes", query, options)).prefixes;
  }

  async list(container: string, prefix: string, options: CallOptions): Promise<string[]> {
    return (await this.#json<{ keys: string[] }>("GET", "list", { bucket: container, prefix }, options)).keys;
  }

  async delete(container: string, key: string, options: CallOptions): Promise<void> {
    await this.#json("DELETE", "object", { bucket: container, key }, options);
  }

  async createSignedUrl(
    container: string,
    key: string,
    ttlMilliseconds: number,
    options: CallOptions,
  ): Promise<string> {
    const query = { bucket: container, key, ttlSeconds: ttlMilliseconds / 1000 };
    return (await this.#json<{ url: string }>("GET", "signed-url", query, options)).url;
  }

  async close(): Promise<void> {}

  #json<T>(
    method: string,
    route: string,
    query: Query,
    { signal }: CallOptions,
    body?: AsyncIterable<Uint8Array>,
  ): Promise<T> {
    const path = this.#plugin.route(route);
    return this.#plugin.client.json<T>({ method, path, query: { ...query, name: this.#name }, body, signal });
  }
}

async function* piecesOf(body: ByteSource): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const length = await body.fill(piece);
    if (length > 0) {
      yield piece.subarray(0, length);
    }
    if (length < PIECE_BYTES) {
      return;
    }
  }
}

async function* readAnswer(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* answer as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw signal.aborted ? canceled("cannot read an object", error) : error;
  } finally {
    answer.destroy();
  }
  const failure = answer.trailers["plugin-error"];
  if (failure !== undefined) {
    throw new HostFailure(JSON.parse(decodeURIComponent(failure.replaceAll("+", " "))) as HostError);
  }
}
