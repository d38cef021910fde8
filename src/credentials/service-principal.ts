import type { CredentialValues } from "../config/credentials-file.ts";
import type { SignInInput, ValueSource } from "./method.ts";
import { requireKey } from "./values.ts";

/** What both kinds of service principal need besides their proof. Throws InvalidArgument that names what is missing. */
export function requireApplication(input: SignInInput, because: string): ValueSource[] {
  return [requireKey(input, "AZURE_TENANT_ID", because), requireKey(input, "AZURE_CLIENT_ID", because)];
}

/** The first of the keys that has a value. */
export function firstPresent(values: CredentialValues, names: readonly string[]): string | undefined {
  return names.find((name) => values.secret(name) !== undefined);
}
