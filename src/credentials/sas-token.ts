import type { CredentialValues } from "../config/credentials-file.ts";
import { configuredEndpoint } from "../config/object-store-config.ts";
import { quote } from "../config/quote.ts";
import { Secret } from "../secret/secret.ts";
import type { ObjectStoreConfig } from "../config/location-keys.ts";
import { remade } from "./live-credentials.ts";
import type { AccountRule, Claim, SignInInput, UsableCredential } from "./method.ts";
import { type SasFields, cannotReach, missingPermissions, readSas } from "./sas-fields.ts";
import { describeFile } from "./describe-file.ts";
import { fromFile, requireNamedSecret, signInFailure } from "./values.ts";

type Input = SignInInput<ObjectStoreConfig>;

const DAY = 24 * 60 * 60 * 1000;
/** Long enough before the end for a person to notice the warning and make another token. */
const WARN_BEFORE = 7 * DAY;
/** How far this machine's clock may be behind the one that wrote the token's start. */
const CLOCK_SKEW = 15 * 60 * 1000;

/** A shared access signature, of the key that storageAccountSASTokenEnvVar names; no other method is looked at then. */
export const sasToken: AccountRule = {
  method: "SAS token",
  consider(input): Claim {
    const name = input.config.storageAccountSASTokenEnvVar;
    if (name === undefined) {
      return { taken: false, why: "the config has no storageAccountSASTokenEnvVar" };
    }
    const secret = requireNamedSecret(input, "storageAccountSASTokenEnvVar", name);
    return {
      taken: true,
      sources: [fromFile("SAS token", name, input.values)],
      use: () => useToken(input, name, secret),
    };
  },
};

function useToken(input: Input, name: string, secret: Secret): UsableCredential {
  const { token, where, fields } = readToken(input, name, secret);
  requireValidNow(input, where, fields);
  // Whether a token that came later is valid, the service knows best: the time of the choice is past.
  const again = (values: CredentialValues): Secret => {
    const named = requireNamedSecret({ ...input, values }, "storageAccountSASTokenEnvVar", name);
    return readToken({ ...input, values }, name, named).token;
  };
  return {
    credential: { kind: "SAS token", token, fresh: remade(input, token, again) },
    warnings: warningsOf(input, where, fields),
  };
}

function readToken(
  input: Input,
  name: string,
  secret: Secret,
): { readonly token: Secret; readonly where: string; readonly fields: SasFields } {
  const token = secret.reveal().trim().replace(/^\?/, "");
  const where = `the SAS token of ${quote(name)} in ${describeFile(input.values)}`;
  const fields = readSas(token);
  if (fields === undefined) {
    throw signInFailure(input, "InvalidArgument", `${where} is not a SAS token`, mistakenFor(token));
  }
  const unreachable = cannotReach(fields);
  if (unreachable !== undefined) {
    const hint =
      "make a SAS token for the container, or an account SAS for blobs with the types container and object";
    throw signInFailure(input, "PermissionDenied", `${where} ${unreachable}`, hint);
  }
  const { fatal } = missingPermissions(fields);
  if (fatal.length > 0) {
    const reason = `${where} does not allow to ${fatal.join(" and to ")}`;
    throw signInFailure(
      input,
      "PermissionDenied",
      reason,
      "make one with the permissions racwdl (sp=racwdl)",
    );
  }
  return { token: new Secret(token), where, fields };
}

function requireValidNow(input: Input, where: string, { starts, expires }: SasFields): void {
  const clock = `it is now ${showTime(input.now)} by this machine's clock`;
  if (expires !== undefined && expires <= input.now) {
    const reason = `${where} expired at ${showTime(expires)} (${clock})`;
    throw signInFailure(input, "Unauthenticated", reason, "make a new SAS token and put it into the Secret");
  }
  if (starts !== undefined && starts > input.now + CLOCK_SKEW) {
    throw signInFailure(
      input,
      "Unauthenticated",
      `${where} is not valid before ${showTime(starts)} (${clock})`,
    );
  }
}

function warningsOf(input: Input, where: string, fields: SasFields): string[] {
  const warnings = missingPermissions(fields).tolerable.map(
    (action) => `${where} does not allow to ${action}`,
  );
  const left = fields.expires === undefined ? Infinity : fields.expires - input.now;
  if (fields.expires !== undefined && left <= WARN_BEFORE) {
    const days = Math.floor(left / DAY);
    const time = days === 0 ? "within a day" : `in ${days} day${days === 1 ? "" : "s"}`;
    warnings.push(`${where} expires ${time}, at ${showTime(fields.expires)}`);
  }
  if (fields.httpsOnly && configuredEndpoint(input.config)?.url.startsWith("http:") === true) {
    warnings.push(`${where} is for https alone (spr=https), and the endpoint is plain http`);
  }
  if (fields.forDirectory) {
    warnings.push(`${where} is for a directory (sr=d): listing the container may be refused`);
  }
  return warnings;
}

function mistakenFor(text: string): string {
  if (/^https?:/i.test(text)) {
    return "it looks like a whole address: take what stands after the question mark";
  }
  if (/AccountKey=|SharedAccessSignature=/i.test(text)) {
    return "it looks like a connection string: take the token alone, which begins with sv= or the like";
  }
  if (!text.includes("=")) {
    return "a SAS token has parts like sv=…&se=…&sig=…; an account key is named by storageAccountKeyEnvVar instead";
  }
  return "copy the whole token, with its sv= and sig= parts, and put it in single quotes if it holds $ or #";
}

function showTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
