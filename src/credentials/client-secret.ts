import type { ClientSecretProof } from "./identity.ts";
import type { IdentityClaim, IdentityRule, SignInInput } from "./method.ts";
import { applicationSources, identityOf, requireApplication } from "./service-principal.ts";
import { describeFile } from "./describe-file.ts";
import { signInFailure } from "./values.ts";

const KEY = "AZURE_CLIENT_SECRET";

/** A service principal that proves itself by a secret of the credentials file. */
export const clientSecret: IdentityRule = {
  method: "client secret",
  consider(input): IdentityClaim {
    return input.values.secret(KEY) === undefined
      ? { taken: false, why: `${KEY} is not in ${describeFile(input.values)}` }
      : { taken: true, sources: applicationSources(input, KEY), identity: identityOf(input, read) };
  },
};

function read(input: SignInInput): ClientSecretProof {
  const secret = input.values.secret(KEY);
  if (secret === undefined) {
    throw signInFailure(input, "InvalidArgument", `${KEY} is not in ${describeFile(input.values)} any more`);
  }
  return { method: "client secret", ...requireApplication(input, KEY), secret };
}
