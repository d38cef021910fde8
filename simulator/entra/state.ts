import type { JSONWebKeySet } from "jose";
import type { FederatedCredential } from "../core/principals.ts";

/** All that the simulated Entra keeps: plain JSON. It holds secrets. */
export interface EntraState {
  readonly tenants: TenantRecord[];
  readonly applications: ApplicationRecord[];
  readonly issuers: IssuerTrust[];
}

export interface TenantRecord {
  /** Lower-case GUID. */
  readonly tenantId: string;
  /** `NAME.onmicrosoft.com` and others that requests may name it by. */
  readonly domains: readonly string[];
  /** The tenant that an authority in the form of AD FS (`/adfs`) stands for. */
  readonly adfs: boolean;
}

export interface ApplicationRecord {
  readonly tenantId: string;
  readonly clientId: string;
  /** Of the service principal. */
  readonly objectId: string;
  readonly displayName: string;
  readonly secrets: ClientSecret[];
  /** PEM. */
  readonly certificates: string[];
  readonly subjectNames: TrustedSubject[];
  readonly federatedCredentials: FederatedCredential[];
}

export interface ClientSecret {
  readonly keyId: string;
  readonly value: string;
  /** Milliseconds since 1970 of the simulated clock; absent for never. */
  readonly expires?: number | undefined;
}

/** Any certificate of this subject that the authority issued signs in, when its chain is sent along. */
export interface TrustedSubject {
  /** The common name. */
  readonly subject: string;
  /** PEM of the authority. */
  readonly authority: string;
}

/**
 * How the keys of an issuer of federated tokens are found. Not a part of Entra: there an issuer is public, here it may be
 * an API server with a certificate of its own, under a name that only its cluster resolves.
 */
export interface IssuerTrust {
  readonly issuer: string;
  /** Where `/.well-known/openid-configuration` is asked for; default: the issuer. */
  readonly address?: string | undefined;
  /** PEM of who vouches for the address. */
  readonly ca?: string | undefined;
  /** The keys themselves; nothing is asked then. */
  readonly jwks?: JSONWebKeySet | undefined;
}

export function emptyEntraState(): EntraState {
  return { tenants: [], applications: [], issuers: [] };
}
