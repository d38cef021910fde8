import type { PublicCredentialKey } from "../config/credential-keys.ts";
import type { WorkloadIdentityProof } from "./identity.ts";
import type { IdentityClaim, IdentityRule, SignInInput, ValueSource } from "./method.ts";
import { additionalTenants, identityOf, tenantsKey } from "./service-principal.ts";
import { describeFile } from "./describe-file.ts";
import { fromFile, requireId, requirePath, signInFailure } from "./values.ts";

const TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE";

/**
 * A Kubernetes service account's token, exchanged for one of Microsoft Entra. Each of its three values is taken
 * from the location's credentials file first, then from the environment, so that each location can have its own.
 */
export const workloadIdentity: IdentityRule = {
  method: "workload identity",
  consider(input): IdentityClaim {
    const { values } = input;
    const tokenFile = find(input, TOKEN_FILE);
    if (tokenFile === undefined) {
      return {
        taken: false,
        why: `${TOKEN_FILE} is neither in ${describeFile(values)} nor in the environment`,
      };
    }
    const identity = identityOf(input, read);
    return {
      taken: true,
      sources: [
        ...[require(input, "AZURE_TENANT_ID"), require(input, "AZURE_CLIENT_ID"), tokenFile].map(
          ({ source }) => source,
        ),
        ...tenantsKey(values).map((name) => fromFile(name, name, values)),
      ],
      identity,
    };
  },
};

function read(input: SignInInput): WorkloadIdentityProof {
  return {
    method: "workload identity",
    tenant: requireId(input, "AZURE_TENANT_ID", require(input, "AZURE_TENANT_ID").value),
    client: requireId(input, "AZURE_CLIENT_ID", require(input, "AZURE_CLIENT_ID").value),
    additionalTenants: additionalTenants(input.values),
    tokenFile: requirePath(input, TOKEN_FILE, require(input, TOKEN_FILE).value),
  };
}

interface Found {
  readonly value: string;
  readonly source: ValueSource;
}

function find({ values, env }: SignInInput, name: PublicCredentialKey): Found | undefined {
  const own = values.get(name);
  if (own !== undefined) {
    return { value: own, source: fromFile(name, name, values) };
  }
  const inherited = env[name] ?? "";
  return inherited === ""
    ? undefined
    : { value: inherited, source: { value: name, from: "the environment" } };
}

function require(input: SignInInput, name: PublicCredentialKey): Found {
  const found = find(input, name);
  if (found === undefined) {
    const reason = `${name} is neither in ${describeFile(input.values)} nor in the environment, though ${TOKEN_FILE} is`;
    const hint = "put it into the credentials file, or label the pod with azure.workload.identity/use";
    throw signInFailure(input, "InvalidArgument", reason, hint);
  }
  return found;
}
