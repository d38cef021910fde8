import { Failure } from "../errors/error.ts";
import type { Secret } from "../secret/secret.ts";

/** Environment variables, given by the caller: nothing below main reads process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The keys of the credentials file whose values may be seen. */
export type PublicCredentialKey =
  | "AZURE_SUBSCRIPTION_ID"
  | "AZURE_RESOURCE_GROUP"
  | "AZURE_TENANT_ID"
  | "AZURE_CLIENT_ID"
  | "AZURE_CLIENT_CERTIFICATE_PATH"
  | "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"
  | "AZURE_ADDITIONALLY_ALLOWED_TENANTS"
  | "AZURE_FEDERATED_TOKEN_FILE"
  | "AZURE_CLOUD_NAME";

/**
 * What a credentials file holds. Every value is a secret unless its key is known to hold none; an empty value
 * counts as absent. Reading a value that is not UTF-8 throws InvalidArgument.
 */
export interface CredentialValues {
  /** Where the values come from; undefined when no file was named. */
  readonly path: string | undefined;
  /** Every key of the file, sorted, also those with empty values. */
  readonly names: readonly string[];
  get(name: PublicCredentialKey): string | undefined;
  secret(name: string): Secret | undefined;
}

/**
 * Reads the file that the config names, else the one of AZURE_CREDENTIALS_FILE; neither: no values, no error.
 *
 * Throws Failure: NotFound, PermissionDenied or InvalidArgument, each naming the path and what to do.
 */
export async function loadCredentials(
  _config: { readonly credentialsFile: string | undefined },
  _env: Environment,
): Promise<CredentialValues> {
  throw new Failure("Unimplemented", "cannot read the credentials file: not yet written");
}
