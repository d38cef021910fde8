import dns from "node:dns";
import { mock } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { type Azurite, startAzurite } from "../../test/azurite.ts";
import type { AccessRequest } from "../core/access.ts";
import { type SimulatedClock, steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import type { FaultQueue } from "../core/faults.ts";
import type { Principal } from "../core/principals.ts";
import { type SignedAccessTokens, signedAccessTokens } from "../core/signed-access-tokens.ts";
import { certificateAuthority } from "../http/certificates.ts";
import { listen, type Listener } from "../http/listener.ts";
import type { BlobAccount } from "../core/blob-account.ts";
import { type AccountsInMemory, accountsInMemory } from "./accounts.ts";
import { blobGate } from "./gate.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "99999999-9999-4999-8999-999999999999";
export const VERSION = "2024-08-04";
export const RESOURCE_ID =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/gateaccount";

const keyOf = (letter: string): string => Buffer.from(letter.repeat(64)).toString("base64");

export const account: BlobAccount = {
  name: "gateaccount",
  resourceId: RESOURCE_ID,
  tenantId: TENANT,
  keys: [keyOf("a"), keyOf("b")],
  allowSharedKeyAccess: true,
  allowBlobPublicAccess: false,
  httpsOnly: false,
  network: { defaultAction: "Allow", ipRules: [] },
};

export const reader: Principal = {
  tenantId: TENANT,
  clientId: "22222222-2222-4222-8222-222222222222",
  objectId: "33333333-3333-4333-8333-333333333333",
  displayName: "someone",
  kind: "application",
};

/** What the gate knows, an Azurite behind it, and ports before it. */
export interface GateWorld {
  readonly azurite: Azurite;
  readonly clock: SimulatedClock;
  readonly faults: FaultQueue;
  readonly tokens: SignedAccessTokens;
  readonly accounts: AccountsInMemory;
  /** `https://gateaccount.blob.localhost:PORT` */
  readonly hostStyle: string;
  /** `https://127.0.0.1:PORT/gateaccount` */
  readonly pathStyle: string;
  /** The same over plain http. */
  readonly plain: string;
  /** Names after blobServices/ that the reader may do; everything at first. */
  allowed: (request: AccessRequest) => boolean;
  /** What was asked of access control. */
  readonly asked: AccessRequest[];
  /** An Authorization header for the reader. */
  bearer(audience?: string, principal?: Principal): Promise<string>;
  stop(): Promise<void>;
}

export async function startGate(): Promise<GateWorld> {
  const azurite = await startAzurite({ accounts: [account.name] });
  const clock = steerableClock();
  const faults = faultQueue();
  const tokens = await signedAccessTokens({ clock });
  const accounts = accountsInMemory(account);
  const asked: AccessRequest[] = [];
  const isAllowed = (request: AccessRequest): boolean => {
    asked.push(request);
    return world.allowed(request);
  };
  const gate = blobGate({
    ...{ clock, faults, accessTokens: tokens, accessControl: { isAllowed }, accounts },
    upstream: {
      origin: new URL(azurite.url).origin,
      account: (name) => (name === account.name ? { name, key: azurite.key } : undefined),
    },
    loginEndpoint: "https://login.test",
  });
  const authority = await certificateAuthority("gate tests");
  const tls = await authority.server(["*.blob.localhost", "127.0.0.1"]);
  setDefaultCACertificates([...getCACertificates("default"), authority.certificate]);
  const loopback = resolveLocalhost();
  const secure = await listen(gate, { tls });
  const plain = await listen(gate);
  const world: GateWorld = {
    ...{ azurite, clock, faults, tokens, accounts, asked },
    hostStyle: `https://${account.name}.blob.localhost:${secure.port}`,
    pathStyle: `${secure.origin}/${account.name}`,
    plain: `${plain.origin}/${account.name}`,
    allowed: () => true,
    bearer: async (audience = "https://storage.azure.com", principal = reader) =>
      `Bearer ${(await tokens.issue(principal, audience)).token}`,
    stop: () => stopAll([secure, plain], azurite, loopback),
  };
  return world;
}

async function stopAll(
  listeners: readonly Listener[],
  azurite: Azurite,
  loopback: () => void,
): Promise<void> {
  loopback();
  await Promise.all(listeners.map((listener) => listener.close()));
  await azurite.stop();
}

/** Names below `localhost` are this machine (RFC 6761), which not every resolver knows. */
function resolveLocalhost(): () => void {
  const original = dns.lookup;
  const lookup = mock.method(dns, "lookup", (name: string, ...rest: [never, never]) =>
    original(name.endsWith(".localhost") ? "127.0.0.1" : name, ...rest),
  );
  return () => lookup.mock.restore();
}

/** Azure's SDK with a key of the account. */
export function withKey(endpoint: string, key = account.keys[0] ?? ""): BlobServiceClient {
  return new BlobServiceClient(endpoint, sharedKey(key));
}

export function sharedKey(key = account.keys[0] ?? ""): StorageSharedKeyCredential {
  return new StorageSharedKeyCredential(account.name, key);
}

/** Azure's SDK as the reader. */
export function withToken(world: GateWorld, endpoint: string): BlobServiceClient {
  return new BlobServiceClient(endpoint, {
    getToken: async () => {
      const { token } = await world.tokens.issue(reader, "https://storage.azure.com");
      return { token, expiresOnTimestamp: Date.now() + 3_000_000 };
    },
  });
}

/** An answer of the gate, as raw as a test wants it. */
export interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly headers: Headers;
  readonly text: string;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    code: response.headers.get("x-ms-error-code"),
    headers: response.headers,
    text,
  };
}
