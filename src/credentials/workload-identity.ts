import type { PublicCredentialKey } from "../config/credential-keys.ts";
import type { Claim, MethodRule, SignInInput, ValueSource } from "./method.ts";
import { describeFile, fromFile, signInFailure } from "./values.ts";

const TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE";

/**
 * A Kubernetes service account's token, exchanged for one of Microsoft Entra. Each of its three values is taken
 * from the location's credentials file first, then from the environment, so that each location can have its own.
 */
export const workloadIdentity: MethodRule = {
  method: "workload identity",
  consider(input): Claim {
    const tokenFile = find(input, TOKEN_FILE);
    if (tokenFile === undefined) {
      return {
        taken: false,
        why: `${TOKEN_FILE} is neither in ${describeFile(input.values)} nor in the environment`,
      };
    }
    return {
      taken: true,
      sources: [require(input, "AZURE_TENANT_ID"), require(input, "AZURE_CLIENT_ID"), tokenFile],
    };
  },
};

function find(input: SignInInput, name: PublicCredentialKey): ValueSource | undefined {
  if (input.values.get(name) !== undefined) {
    return fromFile(name, name, input.values);
  }
  return (input.env[name] ?? "") === "" ? undefined : { value: name, from: "the environment" };
}

function require(input: SignInInput, name: PublicCredentialKey): ValueSource {
  const source = find(input, name);
  if (source === undefined) {
    const reason = `${name} is neither in ${describeFile(input.values)} nor in the environment, though ${TOKEN_FILE} is`;
    const hint = "put it into the credentials file, or label the pod with azure.workload.identity/use";
    throw signInFailure(input, "InvalidArgument", reason, hint);
  }
  return source;
}
