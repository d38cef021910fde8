import type { AccessTokenClaims } from "../core/access-tokens.ts";
import type { Inventory } from "./inventory.ts";
import type { Json, JsonObject } from "./json.ts";
import type { OperationPace } from "./operations.ts";
import type { PathVariables } from "./resource-id.ts";
import type { ResourceManagerState } from "./state.ts";

/** One operation of Resource Manager. */
export interface Route {
  /** The name that faults are queued by, such as `storageAccounts/listKeys`. */
  readonly operation: string;
  readonly method: "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** Such as `/subscriptions/{subscription}`; `{scope}` at its start stands for any resource. */
  readonly path: string;
  /** What the caller's roles must allow; absent when everyone in the tenant may. */
  readonly action?: string;
  /** Answered although the resource group is not there. */
  readonly withoutGroup?: boolean;
  readonly answer: (request: ManagementRequest) => Answer | Promise<Answer>;
}

/** A request that was let through: signed in, allowed, its subscription and resource group there. */
export interface ManagementRequest {
  readonly method: string;
  readonly origin: string;
  readonly apiVersion: string;
  readonly query: URLSearchParams;
  /** The path's variables, as sent. */
  readonly path: PathVariables;
  /** The path, decoded and without a slash at the end. */
  readonly id: string;
  readonly caller: AccessTokenClaims;
  /** Settled. */
  readonly state: ResourceManagerState;
  /** Milliseconds since 1970 by the simulated clock. */
  readonly now: number;
  /** The body; fails with InvalidRequestContent when it is no JSON object. */
  body(): Promise<JsonObject>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
}

/** The containers' side of Resource Manager; they exist in the blob service only. */
export interface BlobContainers {
  /** Names, in order. */
  list(account: string): Promise<readonly string[]>;
  exists(account: string, container: string): Promise<boolean>;
  /** Creating what exists, and deleting what does not, changes nothing. */
  create(account: string, container: string): Promise<void>;
  delete(account: string, container: string): Promise<void>;
}

/** The world's addresses, as `/metadata/endpoints` and the accounts' endpoints tell them. */
export interface CloudEndpoints {
  /** Such as `AzureCloud`. */
  readonly name: string;
  /** Without a slash at the end; with `/adfs` for AD FS. */
  readonly login: string;
  /** What access tokens for Resource Manager are for. */
  readonly audiences: readonly string[];
  /** Such as `core.windows.net`. */
  readonly storageSuffix: string;
  /** `primaryEndpoints.blob` of an account, with a slash at the end. */
  readonly blob: (account: string) => string;
}

/** What the resource kinds need beyond the request. */
export interface Surroundings {
  readonly inventory: Inventory;
  readonly endpoints: () => CloudEndpoints;
  readonly containers: BlobContainers;
  readonly pace: OperationPace;
  /** Whether the directory has a service principal of that object ID, managed identities apart. */
  readonly directoryHas: (tenantId: string, objectId: string) => boolean;
}

export const GROUP = "/subscriptions/{subscription}/resourceGroups/{group}";

export function listOf(value: readonly Json[], more: JsonObject = {}): Answer {
  return { status: 200, body: { value, ...more } };
}

/** A path variable that the route's template has. */
export function variable(request: ManagementRequest, name: string): string {
  const value = request.path[name];
  if (value === undefined) {
    throw new Error(`the route has no variable "${name}"`);
  }
  return value;
}
