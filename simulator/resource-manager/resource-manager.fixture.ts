import { steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import type { Principal } from "../core/principals.ts";
import { signedAccessTokens } from "../core/signed-access-tokens.ts";
import { Inventory } from "./inventory.ts";
import { resourceManager } from "./resource-manager.ts";
import type { ResourceManagerOptions } from "./resource-manager.ts";
import type { BlobContainers } from "./routes.ts";
import type { ResourceManagerState } from "./state.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/backups`;
export const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/velero1`;
export const STORAGE = "api-version=2024-01-01";
export const COMPUTE = "api-version=2024-03-02";
const AUDIENCE = "https://management.azure.com";

/** One key for all worlds: making one takes longer than a test. */
const signer = signedAccessTokens({ clock: steerableClock() });

/** Owner of the subscription. */
export const OWNER = application("aaaaaaaa-0000-4000-8000-000000000001");
/** Has no role at all. */
export const STRANGER = application("aaaaaaaa-0000-4000-8000-000000000002");

export interface Call {
  /** Default: the owner; null for nobody. */
  readonly as?: Principal | null;
  readonly audience?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The code in the body, if the body is an error. */
  readonly code: string | undefined;
  /** The error's message. */
  readonly message: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A world with one subscription, one group, one account, and an owner. */
export async function simulatedWorld(
  options: Partial<ResourceManagerOptions> & { state?: ResourceManagerState } = {},
) {
  const clock = steerableClock();
  const inventory = new Inventory({ clock, ...(options.state ? { state: options.state } : {}) });
  if (options.state === undefined) {
    inventory.addSubscription({ subscriptionId: SUBSCRIPTION, tenantId: TENANT });
    inventory.addResourceGroup({ subscriptionId: SUBSCRIPTION, name: "backups" });
    inventory.addStorageAccount({ subscriptionId: SUBSCRIPTION, resourceGroup: "backups", name: "velero1" });
    grant(inventory, OWNER, "Owner", `/subscriptions/${SUBSCRIPTION}`);
  }
  const { signingKey } = await signer;
  const tokens = await signedAccessTokens({ clock, signingKey });
  const faults = faultQueue();
  const handler = resourceManager({
    inventory,
    tokens,
    faults,
    clock,
    containers: containersInMemory(),
    endpoints: () => ({
      name: "AzureSimulated",
      login: "https://login.test",
      audiences: [AUDIENCE, "https://management.core.windows.net"],
      storageSuffix: "core.test",
      blob: (account) => `https://${account}.blob.core.test/`,
    }),
    ...options,
  });

  async function call(method: string, target: string, options: Call = {}): Promise<CallResult> {
    const [path = "", query = ""] = target.split("?");
    const principal = options.as === undefined ? OWNER : options.as;
    const audience = options.audience ?? AUDIENCE;
    const bearer =
      principal === null
        ? {}
        : { authorization: `Bearer ${(await tokens.issue(principal, audience)).token}` };
    const sent = options.body === undefined ? "" : JSON.stringify(options.body);
    const response = await handler({
      method,
      origin: "https://management.test",
      path,
      query,
      headers: { ...bearer, ...options.headers },
      body: (async function* () {
        yield Buffer.from(sent);
      })(),
    });
    const text = typeof response.body === "string" ? response.body : "";
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const error = body["error"] as { code?: string; message?: string } | undefined;
    return { ...response, text, body, code: error?.code, message: error?.message };
  }
  return { call, clock, inventory, tokens, faults, handler };
}

export function grant(inventory: Inventory, principal: Principal, role: string, scope: string): string {
  return inventory.assignRole({ principalId: principal.objectId, role, scope }).id;
}

export function application(objectId: string, tenantId: string = TENANT): Principal {
  return {
    tenantId,
    clientId: objectId.replace("0000-", "cccc-"),
    objectId,
    displayName: "app",
    kind: "application",
  };
}

function containersInMemory(): BlobContainers {
  const names = new Set<string>();
  return {
    list: async (account) =>
      [...names].filter((name) => name.startsWith(`${account}/`)).map((name) => name.split("/")[1] ?? ""),
    exists: async (account, container) => names.has(`${account}/${container}`),
    create: async (account, container) => void names.add(`${account}/${container}`),
    delete: async (account, container) => void names.delete(`${account}/${container}`),
  };
}
