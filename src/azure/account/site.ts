import type { Authorizer } from "../auth/authorizer.ts";
import type { BlobEndpoint } from "./endpoint.ts";
import type { SignIn } from "../blob/operation.ts";
import type { UrlSigner } from "../blob/sas.ts";

/** Where a storage account's blob service is, and how requests to it are signed in. */
export interface Site {
  readonly endpoint: BlobEndpoint;
  /** Bound to the endpoint's origin. */
  readonly authorizer: Authorizer;
  readonly sign: UrlSigner;
  readonly signIn: SignIn;
}

/** Finds the site of an account. Nothing is asked before the first request needs it. */
export interface SiteFinder {
  /**
   * The site to use now, the same object until it changes. Rejects with `Failure`, never NotFound; or with
   * `signal.reason`.
   */
  find(signal: AbortSignal): Promise<Site>;
  /** Another site, after the host of this one turned out to have no address; undefined when nothing knows one. */
  another(site: Site, signal: AbortSignal): Promise<Site | undefined>;
}

/** A site that is known, and the only one. */
export function onlySite(site: Site): SiteFinder {
  return { find: () => Promise.resolve(site), another: () => Promise.resolve(undefined) };
}
