import type { CredentialValues } from "../config/credentials-file.ts";
import type { Identity, IdentityProof } from "./identity.ts";
import { remade } from "./live-credentials.ts";
import type { SignInInput, ValueSource } from "./method.ts";
import { fromFile, requireKey } from "./values.ts";

/** What both kinds of service principal need besides their proof. Throws InvalidArgument that names what is missing. */
export function requireApplication(
  input: SignInInput,
  because: string,
): { readonly tenant: string; readonly client: string; readonly additionalTenants: readonly string[] } {
  return {
    tenant: requireKey(input, "AZURE_TENANT_ID", because).trim(),
    client: requireKey(input, "AZURE_CLIENT_ID", because).trim(),
    additionalTenants: additionalTenants(input.values),
  };
}

/** Where a service principal's values come from. */
export function applicationSources({ values }: SignInInput, ...more: readonly string[]): ValueSource[] {
  return ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", ...more, ...tenantsKey(values)].map((name) =>
    fromFile(name, name, values),
  );
}

/** AZURE_ADDITIONALLY_ALLOWED_TENANTS: tenants with `;` between them, as the official plugin reads it. */
export function additionalTenants(values: CredentialValues): readonly string[] {
  return (values.get("AZURE_ADDITIONALLY_ALLOWED_TENANTS") ?? "")
    .split(";")
    .map((tenant) => tenant.trim().toLowerCase())
    .filter((tenant) => tenant !== "");
}

/** For the sources of an explanation: the key, where it is set. */
export function tenantsKey(values: CredentialValues): string[] {
  return additionalTenants(values).length === 0 ? [] : ["AZURE_ADDITIONALLY_ALLOWED_TENANTS"];
}

/** An identity whose proof is read again when the credentials file changed. Throws as `read` does. */
export function identityOf(input: SignInInput, read: (input: SignInInput) => IdentityProof): Identity {
  const first = read(input);
  return { method: first.method, proof: remade(input, first, (values) => read({ ...input, values })) };
}

/** The first of the keys that has a value. */
export function firstPresent<N extends string>(values: CredentialValues, names: readonly N[]): N | undefined {
  return names.find((name) => values.secret(name) !== undefined);
}
