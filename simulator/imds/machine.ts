import type { Principal } from "../core/principals.ts";

/** The identities of the machine, or App Service instance, that asks. */
export interface Machine {
  readonly systemAssigned?: Principal | undefined;
  readonly userAssigned: readonly Principal[];
}

/** By which of its IDs a request names an identity; none of them for the machine's own. */
export interface IdentityName {
  readonly clientId?: string | undefined;
  readonly objectId?: string | undefined;
  readonly resourceId?: string | undefined;
}

export type Found = { readonly principal: Principal } | { readonly absent: "none" | "several" };

/**
 * Which identity is meant: that of the ID, without one the system-assigned, without that the only user-assigned one.
 * Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq, "What identity
 * will IMDS default to".
 */
export function identityOf(machine: Machine, name: IdentityName): Found {
  const { systemAssigned, userAssigned } = machine;
  const all = systemAssigned === undefined ? userAssigned : [systemAssigned, ...userAssigned];
  const isNamed = name.clientId ?? name.objectId ?? name.resourceId;
  if (isNamed !== undefined) {
    const found = all.find(
      (principal) =>
        (name.clientId === undefined || isSame(name.clientId, principal.clientId)) &&
        (name.objectId === undefined || isSame(name.objectId, principal.objectId)) &&
        (name.resourceId === undefined || isSame(name.resourceId, principal.resourceId ?? "")),
    );
    return found === undefined ? { absent: "none" } : { principal: found };
  }
  const [only, ...others] = systemAssigned === undefined ? userAssigned : [systemAssigned];
  if (only === undefined) return { absent: "none" };
  return others.length > 0 ? { absent: "several" } : { principal: only };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
