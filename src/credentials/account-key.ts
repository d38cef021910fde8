import { decodeBase64 } from "../config/base64.ts";
import { quote } from "../config/quote.ts";
import { Secret } from "../secret/secret.ts";
import type { CredentialValues } from "../config/credentials-file.ts";
import type { ObjectStoreConfig } from "../config/location-keys.ts";
import { remade } from "./live-credentials.ts";
import type { AccountRule, Claim, SignInInput, UsableCredential } from "./method.ts";
import { describeFile } from "./describe-file.ts";
import { fromFile, requireNamedSecret, signInFailure } from "./values.ts";

type Input = SignInInput<ObjectStoreConfig>;

/** What Azure gives: 512 bits, 88 characters of base64. */
const KEY_BYTES = 64;
const PLAUSIBLE_BYTES = { least: 16, most: 128 };

/**
 * The storage account's access key: of the key that storageAccountKeyEnvVar names, else of AZURE_STORAGE_KEY; both
 * in the credentials file, whatever the config says of useAAD. The official plugin does the same, but that it
 * throws AZURE_STORAGE_KEY away and asks Resource Manager for the key when useAAD is not true: a request for
 * something that is at hand.
 */
export const accountKey: AccountRule = {
  method: "account key",
  consider(input): Claim {
    const named = input.config.storageAccountKeyEnvVar;
    if (named !== undefined) {
      const secret = requireNamedSecret(input, "storageAccountKeyEnvVar", named);
      return claim(input, named, secret);
    }
    const secret = input.values.secret("AZURE_STORAGE_KEY");
    return secret === undefined
      ? {
          taken: false,
          why: `the config has no storageAccountKeyEnvVar and AZURE_STORAGE_KEY is not in ${describeFile(input.values)}`,
        }
      : claim(input, "AZURE_STORAGE_KEY", secret);
  },
};

function claim(input: Input, name: string, secret: Secret): Claim {
  return {
    taken: true,
    sources: [fromFile("account key", name, input.values)],
    use: () => useKey(input, name, secret),
  };
}

function useKey(input: Input, name: string, secret: Secret): UsableCredential {
  const { key, warnings } = readKey(input, name, secret);
  const again = (values: CredentialValues): Secret => {
    const named = requireNamedSecret({ ...input, values }, "the choice of this location", name);
    return readKey({ ...input, values }, name, named).key;
  };
  const credential = { kind: "account key", account: input.config.storageAccount, key } as const;
  return { credential: { ...credential, fresh: remade(input, key, again) }, warnings };
}

function readKey(
  input: Input,
  name: string,
  secret: Secret,
): { readonly key: Secret; readonly warnings: readonly string[] } {
  const text = secret.reveal();
  const where = `the account key of ${quote(name)} in ${describeFile(input.values)}`;
  const bytes = decodeBase64(text)?.length;
  if (bytes === undefined || text === "") {
    throw signInFailure(input, "InvalidArgument", `${where} is not base64`, mistakenFor(text));
  }
  if (bytes < PLAUSIBLE_BYTES.least || bytes > PLAUSIBLE_BYTES.most) {
    const reason = `${where} has ${bytes} bytes where Azure's have ${KEY_BYTES}`;
    throw signInFailure(
      input,
      "InvalidArgument",
      reason,
      "copy the whole key, 88 characters that end with ==",
    );
  }
  const warnings: string[] = [];
  if (bytes !== KEY_BYTES) {
    warnings.push(`${where} has ${bytes} bytes where Azure's have ${KEY_BYTES}`);
  }
  if (input.config.useAAD) {
    warnings.push(`useAAD has no effect: ${where} goes before it`);
  }
  return { key: new Secret(text.replaceAll(/[\r\n]/g, "")), warnings };
}

/** What people paste instead of a key. */
function mistakenFor(text: string): string {
  if (/AccountKey=/i.test(text)) {
    return "it looks like a connection string: take what stands between AccountKey= and the next semicolon";
  }
  if (/(^|[?&])sig=/.test(text)) {
    return "it looks like a SAS token: name its key by storageAccountSASTokenEnvVar instead";
  }
  if (/\s/.test(text)) {
    return "it holds a space or tab";
  }
  return "copy the whole key, 88 characters that end with ==";
}
