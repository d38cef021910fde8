import type { PublicCredentialKey } from "../config/credential-keys.ts";
import type { CredentialValues } from "../config/credentials-file.ts";
import { quote } from "../config/quote.ts";
import { describeFile } from "./describe-file.ts";
import { type ErrorCode, Failure } from "../errors/error.ts";
import type { Secret } from "../secret/secret.ts";
import type { SignInInput, ValueSource } from "./method.ts";

/** The Failure of a sign-in; `reason` may name keys and files, never values. */
export function signInFailure(input: SignInInput, code: ErrorCode, reason: string, hint?: string): Failure {
  const { storageAccount } = input.config;
  const where =
    storageAccount === undefined ? "Azure Resource Manager" : `storage account ${quote(storageAccount)}`;
  return new Failure(code, `cannot sign in to ${where}: ${reason}`, { hint });
}

/** `key "NAME" of credentials file "PATH"`, for explanations. */
export function fromFile(value: string, name: string, values: CredentialValues): ValueSource {
  return { value, from: `key ${quote(name)} of ${describeFile(values)}` };
}

/** A secret that the config names by its key in the credentials file. Throws InvalidArgument if it is not there. */
export function requireNamedSecret(input: SignInInput, configKey: string, name: string): Secret {
  const { values, env } = input;
  const secret = values.secret(name);
  if (secret !== undefined) {
    return secret;
  }
  const key = `key ${quote(name)}, which ${configKey} names,`;
  if (values.path === undefined) {
    throw signInFailure(
      input,
      "InvalidArgument",
      `${key} is looked for in the credentials file, and none is named`,
      "give the location a credential, or set AZURE_CREDENTIALS_FILE",
    );
  }
  if (values.names.includes(name)) {
    throw signInFailure(input, "InvalidArgument", `${key} is empty in ${describeFile(values)}`);
  }
  const hints = [`the file has ${listNames(values.names)}`];
  if (values.names.includes(`\ufeff${name}`)) {
    hints.push("it begins with a byte order mark, which makes its first key another one: save it without");
  }
  if (env[name] !== undefined) {
    hints.push(`an environment variable of that name is not looked at, despite the words ${configKey}`);
  }
  throw signInFailure(input, "InvalidArgument", `${key} is not in ${describeFile(values)}`, hints.join("; "));
}

/** A key that the method cannot do without. Throws InvalidArgument that names it and the key that asked for it. */
export function requireKey(input: SignInInput, name: PublicCredentialKey, because: string): string {
  const value = input.values.get(name);
  if (value === undefined) {
    throw signInFailure(
      input,
      "InvalidArgument",
      `${name} is missing in ${describeFile(input.values)}, though ${because} is there`,
      `a service principal needs AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or a certificate`,
    );
  }
  return value;
}

/**
 * The ID of a tenant or an application, which messages show. Throws InvalidArgument for what can be none: people put
 * secrets into the wrong line, and Microsoft Entra's own hold characters that no ID has.
 */
export function requireId(input: SignInInput, name: PublicCredentialKey, text: string): string {
  const id = text.trim();
  if (!/^[\w.:/-]{1,128}$/.test(id)) {
    throw signInFailure(
      input,
      "InvalidArgument",
      `the value of ${name} is not an ID`,
      "it is a GUID, or the domain of a tenant; what is there now is not shown, since it may be a secret",
    );
  }
  return id;
}

/** A path, which messages show. Throws InvalidArgument for what looks like the content of the file that is meant. */
export function requirePath(input: SignInInput, name: PublicCredentialKey, text: string): string {
  const path = text.trim();
  if (/[\r\n]|-----BEGIN|^(MII|eyJ)[\w+/=.-]{60}/.test(path)) {
    throw signInFailure(
      input,
      "InvalidArgument",
      `${name} holds what looks like the content of a file`,
      "write the path of the file there; what is there now is not shown, since it may be a secret",
    );
  }
  return path;
}

/**
 * The names of a credentials file's keys, as far as they look like names: in a file of another form, a secret may
 * stand where a name should.
 */
export function listNames(names: readonly string[]): string {
  const shown = names.filter(
    (name) => /^[A-Za-z_]\w{0,63}$/.test(name) && (name.includes("_") || name.length <= 20),
  );
  const hidden = names.length - shown.length;
  const parts = [...shown.toSorted(), ...(hidden === 0 ? [] : [`${hidden} more whose names are not shown`])];
  return parts.length === 0 ? "no keys" : parts.join(", ");
}
