import { accountKey } from "./account-key.ts";
import { clientCertificate } from "./client-certificate.ts";
import { clientSecret } from "./client-secret.ts";
import { managedIdentity } from "./managed-identity.ts";
import type { Claim, CredentialChoice, MethodRule, SignInExplanation, SignInInput } from "./method.ts";
import { sasToken } from "./sas-token.ts";
import { signInFailure } from "./values.ts";
import { workloadIdentity } from "./workload-identity.ts";

/** The order of the official plugin (Velero's pkg/util/azure: NewStorageClient, NewCredential), SAS before all. */
const RULES: readonly MethodRule[] = [
  sasToken,
  accountKey,
  clientSecret,
  clientCertificate,
  workloadIdentity,
  managedIdentity,
];

/** These sign for the account itself; the others are identities, which useAAD is about. */
const OF_THE_ACCOUNT: ReadonlySet<MethodRule> = new Set([sasToken, accountKey]);

type Taken = Extract<Claim, { taken: true }>;

/**
 * How the location would sign in, whether or not that works yet. Pure. Throws InvalidArgument for a method that is
 * meant but misses a value.
 */
export function explainSignIn(input: SignInInput): SignInExplanation {
  return decide(input).explanation;
}

/**
 * Chooses how a location signs in and makes its credential. Pure.
 *
 * Throws Failure: InvalidArgument for a value that is missing or unusable; for a SAS token, Unauthenticated when it
 * is not valid now and PermissionDenied when it can do nothing for Velero; Unimplemented for a method that does not
 * work yet.
 */
export function chooseCredential(input: SignInInput): CredentialChoice {
  const { claim, explanation } = decide(input);
  if (claim.use === undefined) {
    const how = explanation.throughListKeys
      ? `${explanation.method} (which would fetch the account key, as useAAD is not true)`
      : explanation.method;
    const hint =
      "what works today is an account key (AZURE_STORAGE_KEY in the credentials file, or the key that storageAccountKeyEnvVar names) or a SAS token (storageAccountSASTokenEnvVar)";
    throw signInFailure(input, "Unimplemented", `${how} is not yet supported`, hint);
  }
  return { ...claim.use(), explanation };
}

function decide(input: SignInInput): { readonly claim: Taken; readonly explanation: SignInExplanation } {
  const passedOver: { method: MethodRule["method"]; why: string }[] = [];
  for (const [index, rule] of RULES.entries()) {
    const claim = rule.consider(input);
    if (!claim.taken) {
      passedOver.push({ method: rule.method, why: claim.why });
      continue;
    }
    const after = RULES.slice(index + 1).map(({ method }) => ({
      method,
      why: `not looked at: ${rule.method} goes before it`,
    }));
    const explanation: SignInExplanation = {
      account: input.config.storageAccount,
      method: rule.method,
      throughListKeys: !OF_THE_ACCOUNT.has(rule) && !input.config.useAAD,
      sources: claim.sources,
      passedOver: [...passedOver, ...after],
    };
    return { claim, explanation };
  }
  throw signInFailure(input, "Internal", "no method was found, though a managed identity is always one");
}
