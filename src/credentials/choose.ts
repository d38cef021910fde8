import { accountKey } from "./account-key.ts";
import { clientCertificate } from "./client-certificate.ts";
import { clientSecret } from "./client-secret.ts";
import { chooseCloud, type CloudChoice, isWellKnownAuthority } from "./cloud.ts";
import { managedIdentity } from "./managed-identity.ts";
import type {
  AccountRule,
  CredentialChoice,
  IdentityChoice,
  IdentityClaim,
  IdentityRule,
  SignInExplanation,
  SignInInput,
  SignInMethod,
  ValueSource,
} from "./method.ts";
import { sasToken } from "./sas-token.ts";
import { signInFailure } from "./values.ts";
import { workloadIdentity } from "./workload-identity.ts";

/** The order of the official plugin (Velero's pkg/util/azure: NewStorageClient, NewCredential), SAS before all. */
const ACCOUNT_RULES: readonly AccountRule[] = [sasToken, accountKey];
const IDENTITY_RULES: readonly IdentityRule[] = [
  clientSecret,
  clientCertificate,
  workloadIdentity,
  managedIdentity,
];
const ORDER: readonly SignInMethod[] = [...ACCOUNT_RULES, ...IDENTITY_RULES].map(({ method }) => method);

type Taken = IdentityClaim & { readonly taken: true };
type Passed = SignInExplanation["passedOver"][number];

/** How the location signs in. Pure. Throws InvalidArgument for a method that is meant but misses a value. */
export function explainSignIn(input: SignInInput): SignInExplanation {
  return chooseCredential(input).explanation;
}

/**
 * Chooses how a location signs in and makes its credential. Pure: reads no file, makes no request. What it returns
 * looks at the credentials file later, by `input.current`.
 *
 * Throws Failure: InvalidArgument for a value that is missing or unusable, and for a cloud that is unknown; for a SAS
 * token, Unauthenticated when it is not valid now and PermissionDenied when it can do nothing for Velero.
 */
export function chooseCredential(input: SignInInput): CredentialChoice {
  const { config } = input;
  if (config.storageAccount === undefined) {
    return chooseIdentity({ ...input, config });
  }
  const cloud = chooseCloud(input);
  const passedOver: Passed[] = [];
  for (const rule of ACCOUNT_RULES) {
    const claim = rule.consider({ ...input, config });
    if (claim.taken) {
      return { ...claim.use(), cloud, explanation: explain(input, cloud, rule.method, claim, passedOver) };
    }
    passedOver.push({ method: rule.method, why: claim.why });
  }
  return decide(input, cloud, !config.useAAD, passedOver);
}

/**
 * The identity of a location, whatever its storage account has besides: Resource Manager takes neither account keys
 * nor SAS tokens. Otherwise as `chooseCredential`.
 */
export function chooseIdentity(input: SignInInput): IdentityChoice {
  const why = "not looked at: Azure Resource Manager takes identities alone";
  const passedOver = ACCOUNT_RULES.map(({ method }) => ({ method, why }));
  return decide(input, chooseCloud(input), false, passedOver);
}

function decide(
  input: SignInInput,
  cloud: CloudChoice,
  throughListKeys: boolean,
  accountRules: readonly Passed[],
): IdentityChoice {
  const passedOver = [...accountRules];
  for (const rule of IDENTITY_RULES) {
    const claim = rule.consider(input);
    if (!claim.taken) {
      passedOver.push({ method: rule.method, why: claim.why });
      continue;
    }
    return {
      credential: { kind: "identity", identity: claim.identity, throughListKeys },
      warnings: foreignAuthority(cloud, claim),
      cloud,
      explanation: {
        ...explain(input, cloud, rule.method, claim, passedOver),
        throughListKeys,
        authority: authoritySource(cloud, claim),
        audience: audienceSource(input, cloud, throughListKeys),
      },
    };
  }
  throw signInFailure(input, "Internal", "no method was found, though a managed identity is always one");
}

function explain(
  input: SignInInput,
  cloud: CloudChoice,
  method: SignInMethod,
  { sources }: { readonly sources: readonly ValueSource[] },
  passedOver: readonly Passed[],
): SignInExplanation {
  const after = ORDER.slice(ORDER.indexOf(method) + 1).map((other) => ({
    method: other,
    why: `not looked at: ${method} goes before it`,
  }));
  return {
    account: input.config.storageAccount,
    method,
    throughListKeys: false,
    sources,
    passedOver: [...passedOver, ...after],
    cloud: { value: cloud.name, from: cloud.from },
  };
}

/** As for a foreign endpoint of storage: it works, and what is sent there is better known to be meant. */
function foreignAuthority({ where, authority }: CloudChoice, { identity }: Taken): string[] {
  const foreign = where.kind === "known" && authority !== undefined && !isWellKnownAuthority(authority.url);
  return foreign && identity.method !== "managed identity"
    ? [
        `the authority "${authority.url}" (${authority.from}) is none of Microsoft Entra's own: make sure that it is meant, since sign-ins go there`,
      ]
    : [];
}

function authoritySource(cloud: CloudChoice, claim: Taken): ValueSource {
  if (claim.identity.method === "managed identity") {
    return { value: "none", from: "a managed identity's tokens come from the machine" };
  }
  if (cloud.authority !== undefined) {
    return { value: cloud.authority.url, from: cloud.authority.from };
  }
  return cloud.where.kind === "known"
    ? { value: cloud.where.cloud.authority, from: `cloud ${cloud.name}` }
    : toldLater(cloud);
}

function audienceSource({ config }: SignInInput, cloud: CloudChoice, throughListKeys: boolean): ValueSource {
  const service = throughListKeys || config.storageAccount === undefined ? "resourceManager" : "storage";
  return cloud.where.kind === "known"
    ? { value: cloud.where.cloud.audiences[service], from: `cloud ${cloud.name}` }
    : toldLater(cloud);
}

/** Neither a file nor a service is asked for an explanation. */
function toldLater({ where }: CloudChoice): ValueSource {
  const from =
    where.kind === "file"
      ? `file ${JSON.stringify(where.path)}`
      : where.kind === "asked"
        ? `${where.resourceManager}/metadata/endpoints`
        : "the cloud";
  return { value: "the custom cloud's own", from };
}
