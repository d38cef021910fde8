import type { CredentialValues } from "../config/credentials-file.ts";
import { quote } from "../config/quote.ts";

/** `credentials file "PATH"`, for messages and explanations. */
export function describeFile(values: CredentialValues): string {
  return values.path === undefined ? "no credentials file" : `credentials file ${quote(values.path)}`;
}
