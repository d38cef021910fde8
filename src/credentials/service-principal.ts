import type { CredentialValues } from "../config/credentials-file.ts";
import { describeFile } from "./describe-file.ts";
import type { Identity, IdentityProof } from "./identity.ts";
import { remade } from "./live-credentials.ts";
import type { SignInInput, ValueSource } from "./method.ts";
import { fromFile, requireId, requireKey, signInFailure } from "./values.ts";

/** What both kinds of service principal need besides their proof. Throws InvalidArgument that names what is missing. */
export function requireApplication(
  input: SignInInput,
  because: string,
): { readonly tenant: string; readonly client: string; readonly additionalTenants: readonly string[] } {
  return {
    tenant: requireId(input, "AZURE_TENANT_ID", requireKey(input, "AZURE_TENANT_ID", because)),
    client: requireId(input, "AZURE_CLIENT_ID", requireKey(input, "AZURE_CLIENT_ID", because)),
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

/** What makes an identity another one. */
const WHO = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"] as const;

/**
 * An identity whose proof is read again when the credentials file changed. Throws as `read` does.
 *
 * What the file said of who the location is, it must go on to say: Velero writes the file anew in place, and one that is
 * read at that moment, empty or cut, must not make the location sign in as the pod or the machine.
 */
export function identityOf(input: SignInInput, read: (input: SignInInput) => IdentityProof): Identity {
  const first = read(input);
  const own = WHO.filter((name) => input.values.get(name) !== undefined);
  const again = (values: CredentialValues): IdentityProof => {
    const gone = own.find((name) => values.get(name) === undefined);
    if (gone !== undefined) {
      throw signInFailure(input, "InvalidArgument", `${gone} is not in ${describeFile(values)} any more`);
    }
    return read({ ...input, values });
  };
  return { method: first.method, proof: remade(input, first, again) };
}

/** The first of the keys that has a value. */
export function firstPresent<N extends string>(values: CredentialValues, names: readonly N[]): N | undefined {
  return names.find((name) => values.secret(name) !== undefined);
}
