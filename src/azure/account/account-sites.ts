import type { StorageCredential } from "../../credentials/method.ts";
import type { Logger } from "../../log/logger.ts";
import type { Secret } from "../../secret/secret.ts";
import { liveSasToken, sasAuthorizer } from "../auth/sas-token.ts";
import { liveAccountKey, sharedKeyAuthorizer } from "../auth/shared-key.ts";
import { type BlobEndpoint, refusePlainHttp } from "./endpoint.ts";
import { Lookup } from "./lookup.ts";
import { accountKeySigner, sasTokenSigner } from "../blob/sas.ts";
import { onlySite, type Site, type SiteFinder } from "./site.ts";

type AccountCredential = Exclude<StorageCredential, { kind: "identity" }>;

export interface AccountSiteSettings {
  readonly account: string;
  readonly credential: AccountCredential;
  readonly allowInsecureEndpoint?: boolean | undefined;
  /** The endpoint, if it is known without a request; checked at once. */
  readonly known: BlobEndpoint | undefined;
  readonly find: (signal: AbortSignal) => Promise<BlobEndpoint>;
  readonly now: () => number;
  readonly logger: Logger;
}

/** The site of an account that is signed in to with something of its own: its key, or a SAS token. */
export function accountSites(settings: AccountSiteSettings): SiteFinder {
  const { known, find } = settings;
  if (known !== undefined) {
    return onlySite(siteAt(known, settings));
  }
  const found = new Lookup(async (signal) => siteAt(await find(signal), settings));
  return { find: (signal) => found.get(signal), another: () => Promise.resolve(undefined) };
}

function siteAt(endpoint: BlobEndpoint, settings: AccountSiteSettings): Site {
  const { credential } = settings;
  return credential.kind === "SAS token"
    ? sasSite(endpoint, credential.fresh ?? (() => credential.token), settings)
    : keySite(endpoint, credential.fresh ?? (() => credential.key), settings);
}

function sasSite(
  endpoint: BlobEndpoint,
  fresh: () => Secret,
  { allowInsecureEndpoint = false, now }: AccountSiteSettings,
): Site {
  refusePlainHttp(endpoint, "a SAS token", allowInsecureEndpoint);
  const token = liveSasToken(fresh);
  return {
    endpoint,
    authorizer: sasAuthorizer(token, endpoint.origin),
    sign: (container, key, ttl) => sasTokenSigner(endpoint, token(), now)(container, key, ttl),
    signIn: {
      kind: "sas",
      get expires() {
        return token().expires;
      },
      get permissions() {
        return token().permissions;
      },
    },
  };
}

function keySite(
  endpoint: BlobEndpoint,
  fresh: () => Secret,
  { account, now, logger }: AccountSiteSettings,
): Site {
  if (!endpoint.secure) {
    logger.log("warn", "the endpoint is plain http: anyone on the way can read and change backups", {
      endpoint: endpoint.origin,
    });
  }
  const key = liveAccountKey(account, fresh);
  return {
    endpoint,
    authorizer: sharedKeyAuthorizer(key, endpoint.origin, now),
    sign: (container, blob, ttl) => accountKeySigner(endpoint, key(), now)(container, blob, ttl),
    signIn: { kind: "sharedKey" },
  };
}
