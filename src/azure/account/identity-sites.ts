import type { IdentityCredential } from "../../credentials/method.ts";
import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { bearerAuthorizer } from "../auth/bearer.ts";
import { readClaims } from "../auth/jwt.ts";
import { openTokenSource } from "../auth/open-token-source.ts";
import type { AccessToken, TokenSource } from "../auth/token-source.ts";
import type { CloudSource } from "../cloud/clouds.ts";
import { type BlobEndpoint, findBlobEndpoint, parseEndpoint, refusePlainHttp } from "./endpoint.ts";
import { type Clock, Pipeline } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";
import { type KeptKey, ListedKey, listedKeyAuthorizer } from "./listed-key.ts";
import { Lookup } from "./lookup.ts";
import type { TokenOwner } from "../blob/operation.ts";
import { openResourceManager } from "../resource-manager/open.ts";
import type { ResourceManager } from "../resource-manager/resource-manager.ts";
import {
  findPrimaryBlobEndpoint,
  listAccountKey,
  type StorageAccountId,
} from "../resource-manager/storage-account.ts";
import { accountKeySigner } from "../blob/sas.ts";
import type { Site, SiteFinder } from "./site.ts";
import { delegationSigner } from "../blob/user-delegation.ts";

export interface IdentitySiteSettings {
  readonly account: string;
  readonly credential: IdentityCredential;
  readonly cloud: CloudSource;
  /** The one that the config names, which nothing else replaces. */
  readonly endpoint: BlobEndpoint | undefined;
  /** Undefined when subscription or resource group are not known; never so through ListKeys. */
  readonly accountId: StorageAccountId | undefined;
  readonly apiVersion: string | undefined;
  readonly cacheAccountKey: boolean;
  readonly temporaryFolder: string;
  readonly allowInsecureEndpoint: boolean;
  readonly transport: HttpTransport;
  /** Of each request to the blob service. */
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly retry: Partial<RetryPolicy> | undefined;
}

/**
 * The site of a location that signs in with an identity: with its token, or with the account key that it may list. The
 * endpoint is derived; Resource Manager is asked for it only where nothing derives it (a cloud that does not tell
 * where its storage is), or when the derived host has no address, as that of an account in a DNS zone of its own.
 */
export function identitySites(settings: IdentitySiteSettings): SiteFinder {
  const { account, cloud, accountId, credential, logger } = settings;
  const { tokens, who } = watchedTokens(openTokenSource(credential.identity, settings));
  const manager = openResourceManager({ ...settings, tokens });
  const { siteAt, prepare } = credential.throughListKeys
    ? listedKeySites(settings, manager)
    : bearerSites(settings, tokens, who);
  const ask = async (id: StorageAccountId, signal: AbortSignal): Promise<BlobEndpoint> => {
    const address = await findPrimaryBlobEndpoint(await manager.get(signal), id, signal);
    logger.log("debug", "the account's endpoint was looked up", { endpoint: address });
    return parseEndpoint("primaryEndpoints.blob", address);
  };
  const first = new Lookup(async (signal) => {
    if (settings.endpoint !== undefined) {
      return await siteAt(settings.endpoint, signal);
    }
    const found = await cloud.find(signal);
    if (found.storageSuffix !== undefined || accountId === undefined) {
      return await siteAt(findBlobEndpoint(account, found), signal);
    }
    // What the first request is signed with is asked for meanwhile.
    const [endpoint] = await Promise.all([ask(accountId, signal), prepare(signal)]);
    return await siteAt(endpoint, signal);
  });
  let told = false;
  const lookedUp = new Lookup(async (signal) => {
    if (accountId === undefined) {
      return undefined;
    }
    try {
      return await siteAt(await ask(accountId, signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      // What the user must see is that the name has no address; that this did not help either is for the log.
      logger.log("debug", "cannot look up the account's endpoint", { error });
      return undefined;
    }
  });
  return {
    find: async (signal) => (told ? lookedUp.found : undefined) ?? (await first.get(signal)),
    another: async (site, signal) => {
      if (settings.endpoint !== undefined || told) {
        return undefined;
      }
      const found = await lookedUp.get(signal);
      if (found === undefined || found.endpoint.origin === site.endpoint.origin) {
        return undefined;
      }
      told = true;
      return found;
    },
  };
}

/** How requests are signed in, wherever the account is. */
interface SiteMaker {
  readonly siteAt: (endpoint: BlobEndpoint, signal: AbortSignal) => Promise<Site>;
  /** Asks for what the first request is signed with. */
  readonly prepare: (signal: AbortSignal) => Promise<unknown>;
}

function bearerSites(settings: IdentitySiteSettings, tokens: TokenSource, who: () => TokenOwner): SiteMaker {
  const { account, cloud, allowInsecureEndpoint, transport, logger, headers, clock, retry } = settings;
  const audience = async (signal: AbortSignal) => (await cloud.find(signal)).audiences.storage;
  return {
    prepare: async (signal) => tokens.token(await audience(signal), signal),
    siteAt: async (endpoint, signal) => {
      refusePlainHttp(endpoint, "an identity's token", allowInsecureEndpoint);
      const { origin } = endpoint;
      transport.expect?.(origin);
      const authorizer = bearerAuthorizer({ source: tokens, audience: await audience(signal), origin });
      const pipeline = new Pipeline({ transport, authorizer, logger, headers, clock, retry });
      const signIn = { kind: "bearer", who: () => withConfiguredClient(settings, who()) } as const;
      const sign = delegationSigner({ account, endpoint, pipeline, signIn, now: clock.now });
      return { endpoint, authorizer, sign, signIn };
    },
  };
}

function listedKeySites(settings: IdentitySiteSettings, manager: Lookup<ResourceManager>): SiteMaker {
  const { account, accountId, transport, logger, clock } = settings;
  if (accountId === undefined) {
    throw new Failure(
      "Internal",
      `cannot list the keys of storage account "${account}": its group is not known`,
    );
  }
  const list = async (signal: AbortSignal) => listAccountKey(await manager.get(signal), accountId, signal);
  const keys = new ListedKey({ account, list, kept: keeper(settings, accountId), logger, now: clock.now });
  return {
    prepare: async (signal) => keys.get(signal),
    siteAt: async (endpoint) => {
      transport.expect?.(endpoint.origin);
      return {
        endpoint,
        authorizer: listedKeyAuthorizer(keys, endpoint.origin, clock.now),
        sign: async (container, key, ttl, signal) =>
          accountKeySigner(endpoint, await keys.get(signal), clock.now)(container, key, ttl),
        signIn: { kind: "sharedKey", listed: true },
      };
    },
  };
}

/** Loads what keeps keys with the first use, and only for identities that have something to seal them with. */
function keeper(settings: IdentitySiteSettings, id: StorageAccountId): KeptKey | undefined {
  const { identity } = settings.credential;
  const hasSecret = identity.method === "client secret" || identity.method === "client certificate";
  if (!settings.cacheAccountKey || !hasSecret) {
    return undefined;
  }
  const { cloud, temporaryFolder, clock, logger } = settings;
  const loaded = new Lookup(async (signal) => {
    const { keptKey } = await import("./kept-key.ts");
    const { resourceManager, authority } = await cloud.find(signal);
    const subject = [resourceManager, authority, id.subscriptionId, id.resourceGroup, id.account];
    return keptKey({ proof: () => identity.proof(), subject, temporaryFolder, now: clock.now, logger });
  });
  const { signal } = new AbortController();
  return {
    read: async () => (await loaded.get(signal)).read(),
    write: async (key) => (await loaded.get(signal)).write(key),
    drop: async () => (await loaded.get(signal)).drop(),
  };
}

/** Remembers the token that was handed out last: a refusal is explained by whose it was. */
function watchedTokens(source: TokenSource): { tokens: TokenSource; who: () => TokenOwner } {
  let last: AccessToken | undefined;
  const tokens: TokenSource = {
    token: async (audience, signal, tenant) => (last = await source.token(audience, signal, tenant)),
    refused: (audience, token) => source.refused(audience, token),
  };
  return { tokens, who: () => (last === undefined ? {} : ownerOf(last)) };
}

function ownerOf({ token }: AccessToken): TokenOwner {
  const claims = readClaims(token);
  const id = (name: string): string | undefined => {
    const value = claims?.[name];
    return typeof value === "string" && /^[0-9a-f-]{36}$/i.test(value) ? value : undefined;
  };
  return { objectId: id("oid"), clientId: id("appid") ?? id("azp"), tenantId: id("tid") };
}

/** What the location itself says of the client, where the token does not tell. */
function withConfiguredClient({ credential }: IdentitySiteSettings, owner: TokenOwner): TokenOwner {
  if (owner.clientId !== undefined) {
    return owner;
  }
  try {
    return { ...owner, clientId: credential.identity.proof().client };
  } catch {
    return owner;
  }
}
