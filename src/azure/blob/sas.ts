import { Failure } from "../../errors/error.ts";
import type { AccountKey } from "../auth/shared-key.ts";
import type { SasToken } from "../auth/sas-token.ts";
import { type BlobEndpoint, blobPath } from "../account/endpoint.ts";
import { SERVICE_VERSION } from "./service-version.ts";

/** A clock that is a little ahead must not make an address that is not valid yet. */
export const START_BEFORE_MILLISECONDS = 10 * 60 * 1000;

/** Makes addresses that let anyone read one blob. With an identity it makes a request; `signal` is for that. */
export type UrlSigner = (
  container: string,
  key: string,
  ttlMilliseconds: number,
  signal: AbortSignal,
) => string | Promise<string>;

/** One that has everything it needs at hand. */
export type LocalUrlSigner = (container: string, key: string, ttlMilliseconds: number) => string;

/** Signs with the account key: a service SAS for this blob alone, to read it over https. */
export function accountKeySigner(endpoint: BlobEndpoint, key: AccountKey, now: () => number): LocalUrlSigner {
  return (container, blob, ttl) => {
    const path = blobPath(endpoint, container, blob);
    const start = sasTime(now() - START_BEFORE_MILLISECONDS);
    const expiry = sasTime(now() + ttl);
    const resource = `/blob/${key.account}/${container}/${blob}`;
    const signature = key.sign(blobSasText({ start, expiry, resource, version: SERVICE_VERSION }));
    const query = new URLSearchParams({
      sv: SERVICE_VERSION,
      spr: "https",
      st: start,
      se: expiry,
      sr: "b",
      sp: "r",
      sig: signature,
    });
    return `${endpoint.origin}${path}?${query.toString()}`;
  };
}

interface BlobSasFields {
  readonly start: string;
  readonly expiry: string;
  /** `/blob/ACCOUNT/CONTAINER/BLOB`, not encoded. */
  readonly resource: string;
  readonly version: string;
}

/** What is signed for reading one blob (source: "Create a service SAS", string-to-sign of 2020-12-06 and later). */
function blobSasText({ start, expiry, resource, version }: BlobSasFields): string {
  const identifier = "";
  const addresses = "";
  const snapshot = "";
  const encryptionScope = "";
  const responseHeaders = ["", "", "", "", ""];
  const fields = ["r", start, expiry, resource, identifier, addresses, "https", version, "b", snapshot];
  return [...fields, encryptionScope, ...responseHeaders].join("\n");
}

/** ISO 8601 in seconds: the service takes no other fractions than seven digits. */
export function sasTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/**
 * With a SAS token nothing can be signed: the address carries the token itself, as the official plugin does it.
 * Whoever gets the address can do with the container all that the token allows.
 */
export function sasTokenSigner(endpoint: BlobEndpoint, token: SasToken, now: () => number): LocalUrlSigner {
  return (container, blob) => {
    const reason = whyUnreadable(token, now());
    if (reason !== undefined) {
      throw new Failure("FailedPrecondition", `cannot make a signed URL for "${blob}": ${reason}`, {
        hint: "use a SAS token that has not expired and whose permissions include read (r)",
      });
    }
    return `${endpoint.origin}${blobPath(endpoint, container, blob)}?${token.query.reveal()}`;
  };
}

function whyUnreadable(token: SasToken, now: number): string | undefined {
  if (token.permissions !== undefined && !token.permissions.includes("r")) {
    return `the SAS token does not allow to read (its permissions are "${token.permissions}")`;
  }
  if (token.expires !== undefined && token.expires <= now) {
    return `the SAS token expired at ${new Date(token.expires).toISOString()}`;
  }
  return undefined;
}
