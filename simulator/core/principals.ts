/** Who a token speaks of: a service principal of an application, or of a managed identity. */
export interface Principal {
  /** Lower-case GUID of the tenant. */
  readonly tenantId: string;
  /** The application's (client) ID; lower-case GUID. */
  readonly clientId: string;
  /** The service principal's object ID: what role assignments name; lower-case GUID. */
  readonly objectId: string;
  readonly displayName: string;
  readonly kind: "application" | "user-assigned identity" | "system-assigned identity";
  /** Resource ID of a managed identity. */
  readonly resourceId?: string | undefined;
}

/** A trust in another issuer's tokens, of an application or a user-assigned identity. */
export interface FederatedCredential {
  readonly name: string;
  /** Compared exactly, as Entra does: a slash too many makes another issuer. */
  readonly issuer: string;
  readonly subject: string;
  /** Exactly one in Entra, by convention `api://AzureADTokenExchange`. */
  readonly audiences: readonly string[];
}

/** Where Entra looks principals up. Applications live in the tenant, managed identities in Resource Manager. */
export interface PrincipalSource {
  /** Undefined when the tenant has no such application or identity. */
  find(tenantId: string, clientId: string): Principal | undefined;
  federatedCredentials(principal: Principal): readonly FederatedCredential[];
}
