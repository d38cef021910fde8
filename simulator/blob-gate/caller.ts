import type { AccessControl } from "../core/access.ts";
import type { AccessTokens } from "../core/access-tokens.ts";
import type { SimulatedRequest } from "../http/message.ts";
import type { BlobAccount } from "../core/blob-account.ts";
import type { BlobAddress } from "./address.ts";
import type { DelegationKeys } from "./delegation-key.ts";
import type { Operation } from "./operation.ts";

/** A request on its way through the checks. */
export interface Call {
  readonly request: SimulatedRequest;
  readonly address: BlobAddress;
  readonly account: BlobAccount;
  readonly operation: Operation;
  /** By this service's clock, in milliseconds since 1970. */
  readonly now: number;
  readonly clientAddress: string;
  /** A token presented is taken for expired; a fault. */
  readonly expireToken: boolean;
}

/** What the checks ask. */
export interface Authorities {
  readonly accessTokens: AccessTokens;
  readonly accessControl: AccessControl;
  readonly delegationKeys: DelegationKeys;
  /** Where users sign in, such as `https://login.microsoftonline.com`: the challenge names it. */
  readonly loginEndpoint: string;
  /** Of the cloud, such as `blob.core.windows.net`: the account's own audience ends in it. */
  readonly blobSuffix: string;
  /** The container's stored access policies by ID, for SAS that name one. */
  readonly accessPolicies: (call: Call) => Promise<ReadonlyMap<string, AccessPolicy>>;
}

/** Of a container's stored access policies: what a SAS that names it need not say itself. */
export interface AccessPolicy {
  readonly start: string | undefined;
  readonly expiry: string | undefined;
  readonly permissions: string | undefined;
}

/** What a request that passed may do beyond its operation. */
export interface Admission {
  /** Who came, for those who sign in. */
  readonly principal?: { readonly objectId: string; readonly tenantId: string };
  /** May write a blob only where there is none. */
  readonly onlyNew: boolean;
  /** Not signed in: it depends on the container whether it may be read. */
  readonly anonymous: boolean;
}

/** The resource that roles are assigned at: the container, else the account. */
export function scopeOf({ account, address }: Call): string {
  return address.container === undefined
    ? account.resourceId
    : `${account.resourceId}/blobServices/default/containers/${address.container}`;
}

/** Which of the operation's rights the principal has by its roles: undefined for none. */
export function rightOf(
  call: Call,
  accessControl: AccessControl,
  principalId: string,
): { readonly onlyNew: boolean } | undefined {
  for (const right of call.operation.rights) {
    const action = `Microsoft.Storage/storageAccounts/blobServices/${right.action}`;
    if (accessControl.isAllowed({ principalId, scope: scopeOf(call), action, data: right.data })) {
      return { onlyNew: right.onlyNew === true };
    }
  }
  return undefined;
}
