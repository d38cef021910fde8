import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { Failure } from "../../errors/error.ts";
import type { Secret } from "../../secret/secret.ts";
import type { HttpRequest } from "../http/transport.ts";
import type { Authorizer } from "./authorizer.ts";

/** A storage account's key, ready to sign; made once for a location. */
export class AccountKey {
  readonly account: string;
  readonly #key: KeyObject;

  /** Throws `Failure` InvalidArgument when the text is not base64. */
  constructor(account: string, key: Secret) {
    const text = key.reveal().trim();
    if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
      throw new Failure(
        "InvalidArgument",
        `cannot use the key of storage account "${account}": it is not base64`,
        {
          hint: "copy the whole access key, with the = signs at its end, as the Azure portal or `az storage account keys list` shows it",
        },
      );
    }
    this.account = account;
    this.#key = createSecretKey(Buffer.from(text, "base64"));
  }

  /** HMAC-SHA256 of the text, in base64. */
  sign(text: string): string {
    return createHmac("sha256", this.#key).update(text, "utf8").digest("base64");
  }
}

/**
 * Signs requests with an account key (source: "Authorize with Shared Key", version 2015-02-21 and later). The key
 * itself never travels; the signature covers method, address, date and the headers that matter.
 *
 * A function is asked for each request: it returns the same key until there is another, and a refused request is sent
 * again if there is.
 */
export function sharedKeyAuthorizer(
  key: AccountKey | (() => AccountKey),
  origin: string,
  now: () => number,
): Authorizer {
  const current = typeof key === "function" ? key : () => key;
  const used = new WeakMap<HttpRequest, AccountKey>();
  return {
    authorize(request) {
      if (request.origin !== origin) {
        throw new Failure(
          "Internal",
          `cannot sign a request to "${request.origin}": the key is for "${origin}"`,
        );
      }
      const dated = {
        ...request,
        headers: { ...request.headers, "x-ms-date": new Date(now()).toUTCString() },
      };
      const signer = current();
      const signature = signer.sign(stringToSign(dated, signer.account));
      const authorized = {
        ...dated,
        headers: { ...dated.headers, authorization: `SharedKey ${signer.account}:${signature}` },
      };
      used.set(authorized, signer);
      return authorized;
    },
    refused: async (authorized) => (used.get(authorized) ?? current()) !== current(),
  };
}

/** The account's key as the credentials file holds it from time to time; `fresh` as of a `StorageCredential`. */
export function liveAccountKey(account: string, fresh: () => Secret): () => AccountKey {
  let secret = fresh();
  let key = new AccountKey(account, secret);
  return () => {
    const now = fresh();
    if (now !== secret) {
      key = new AccountKey(account, now);
      secret = now;
    }
    return key;
  };
}

const signedHeaders = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
] as const;

/** What the service signs as well, and compares. Exported for tests against Azure's published examples. */
export function stringToSign(request: HttpRequest, account: string): string {
  const length = request.body?.byteLength ?? 0;
  const values = signedHeaders.map((name) => {
    if (name === "content-length") {
      return length === 0 ? "" : String(length);
    }
    return request.headers[name] ?? "";
  });
  return [request.method, ...values, ...canonicalHeaders(request), canonicalResource(request, account)].join(
    "\n",
  );
}

/** The service sorts by code unit as far as the names in use go: letters, digits and hyphens in lower case. */
function canonicalHeaders(request: HttpRequest): string[] {
  return Object.entries(request.headers)
    .filter(([name]) => name.startsWith("x-ms-"))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.replaceAll(/\s+/g, " ").trim()}`);
}

/** The account stands before the path even where the path begins with it (path-style addresses, as Azurite's). */
function canonicalResource(request: HttpRequest, account: string): string {
  const parameters = new Map<string, string[]>();
  for (const pair of request.query === "" ? [] : request.query.split("&")) {
    const split = pair.indexOf("=");
    const name = decodeURIComponent(split < 0 ? pair : pair.slice(0, split)).toLowerCase();
    const value = split < 0 ? "" : decodeURIComponent(pair.slice(split + 1));
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  const lines = [...parameters]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => `${name}:${values.toSorted().join(",")}`);
  return [`/${account}${request.path}`, ...lines].join("\n");
}
