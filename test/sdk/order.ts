import type { ComputeOperations } from "./compute-orders.ts";

/**
 * What Azure's own SDKs are asked to do. Both clients, `test/python/client` and `test/go/azure/client`, take the same
 * orders: one JSON object a line on stdin, an `Answer` a line on stdout.
 */
export interface Order<O extends Operation = Operation> {
  readonly do: O;
  readonly with?: Operations[O]["with"];
  readonly signIn?: SignIn;
  /** The SDK's own idea of the public cloud when absent. */
  readonly cloud?: Cloud;
  /** The SDK's own when absent. */
  readonly retries?: { readonly max: number; readonly delaySeconds?: number };
  /** All that the client's environment has. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Fields that are absent are left to the SDK: it finds some in the environment. */
export interface SignIn {
  readonly method: "client-secret" | "certificate" | "workload-identity" | "managed-identity" | "default";
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly certificatePath?: string;
  readonly certificatePassword?: string;
  readonly sendCertificateChain?: boolean;
  readonly tokenFilePath?: string;
  /** Of a managed identity, instead of its client ID. */
  readonly resourceId?: string;
  readonly additionallyAllowedTenants?: readonly string[];
  readonly disableInstanceDiscovery?: boolean;
}

export interface Cloud {
  readonly authority?: string;
  readonly resourceManager?: string;
  readonly resourceManagerAudience?: string;
  readonly storageAudience?: string;
}

/** Signed with the SAS or the account key when there is one, else with the order's way to sign in, else anonymous. */
interface Storage {
  /** `https://HOST`, or `https://HOST/ACCOUNT`. */
  readonly endpoint: string;
  readonly account?: string;
  /** Base64. */
  readonly accountKey?: string;
  /** Without `?`. */
  readonly sas?: string;
}

interface Blob extends Storage {
  readonly container: string;
  readonly name: string;
}

/** In Unix seconds. */
interface Lifetime {
  readonly starts: number;
  readonly expires: number;
}

interface KeySas extends Lifetime {
  readonly account: string;
  readonly accountKey: string;
  /** In Azure's letters and order, such as `rwdl`. */
  readonly permissions: string;
}

interface DelegationSas extends Storage, Lifetime {
  readonly account: string;
  readonly container: string;
  readonly name?: string;
  readonly permissions: string;
  /** Of the user delegation key; the SAS's own when absent. */
  readonly keyExpires?: number;
}

interface InSubscription {
  readonly subscriptionId: string;
}

interface InGroup extends InSubscription {
  readonly group: string;
}

interface Named extends InGroup {
  readonly name: string;
}

interface AccountSettings {
  readonly allowSharedKeyAccess?: boolean;
  readonly defaultAction?: "Allow" | "Deny";
  readonly ipRules?: readonly string[];
}

interface Scoped extends InSubscription {
  readonly scope: string;
  /** OData, as Resource Manager takes it. */
  readonly filter?: string;
}

interface Names {
  readonly names: readonly string[];
}

interface Account {
  readonly id: string;
  readonly location: string;
  readonly state: string;
  /** The primary blob endpoint. */
  readonly blob: string;
  readonly allowSharedKeyAccess: boolean;
}

interface Keys {
  readonly keys: readonly { readonly name: string; readonly value: string; readonly permissions: string }[];
}

interface Identity {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

interface Sas {
  readonly sas: string;
}

/** What each operation wants to know, and brings. */
export interface Operations extends ComputeOperations {
  token: {
    with: { scope: string; tenantId?: string };
    result: { readonly token: string; readonly expiresOn: number };
  };
  "container.create": { with: Storage & { container: string }; result: null };
  "blob.put": { with: Blob & { text: string }; result: { readonly etag: string } };
  "blob.putBlocks": { with: Blob & { blocks: readonly string[] }; result: null };
  "blob.get": { with: Blob; result: { readonly text: string } };
  "blob.list": { with: Storage & { container: string; prefix?: string }; result: Names };
  "blob.delete": { with: Blob; result: null };
  "blob.properties": { with: Blob; result: { readonly size: number } };
  "sas.account": { with: KeySas; result: Sas };
  "sas.service": { with: KeySas & { container: string; name?: string }; result: Sas };
  "sas.delegation": { with: DelegationSas; result: Sas };
  "subscriptions.list": { with: undefined; result: Names };
  "groups.list": { with: InSubscription; result: Names };
  "groups.create": { with: InGroup & { location: string }; result: { readonly id: string } };
  "groups.get": { with: InGroup; result: { readonly id: string; readonly state: string } };
  "groups.delete": { with: InGroup; result: null };
  "accounts.create": { with: Named & { location: string } & AccountSettings; result: Account };
  "accounts.get": { with: Named; result: Account };
  "accounts.update": { with: Named & AccountSettings; result: Account };
  "accounts.delete": { with: Named; result: null };
  "accounts.keys": { with: Named; result: Keys };
  "accounts.regenerate": { with: Named & { keyName: string }; result: Keys };
  "roleDefinitions.list": {
    with: Scoped;
    result: { readonly roles: readonly { readonly id: string; readonly name: string }[] };
  };
  "roleAssignments.create": {
    with: Scoped & { name: string; role: string; principalId: string };
    result: { readonly id: string; readonly principalId: string };
  };
  "roleAssignments.list": { with: Scoped; result: Names };
  "roleAssignments.delete": { with: Scoped & { name: string }; result: null };
  "identities.create": { with: Named & { location: string }; result: Identity };
  "identities.get": { with: Named; result: Identity };
  "identities.delete": { with: Named; result: null };
  "federations.create": {
    with: Named & { federation: string; issuer: string; subject: string; audience: string };
    result: { readonly id: string };
  };
  "federations.list": { with: Named; result: Names };
  "federations.delete": { with: Named & { federation: string }; result: null };
}

export type Operation = keyof Operations;

/** Why an order could not be carried out. */
export interface Failed {
  /** Who refused: Entra or IMDS, a service, or the SDK itself before it asked anybody. */
  readonly kind: "sign-in" | "service" | "client";
  /** HTTP's, where there was an answer. */
  readonly status?: number;
  /** `AADSTS…` of a sign-in, the error code of a service. */
  readonly code?: string;
  readonly message: string;
}

export type Answer = { readonly result: unknown } | { readonly failed: Failed };
