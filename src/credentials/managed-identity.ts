import { Secret } from "../secret/secret.ts";
import type { ManagedIdentityProof } from "./identity.ts";
import type { IdentityClaim, IdentityRule, SignInInput } from "./method.ts";
import { identityOf } from "./service-principal.ts";
import { fromFile, requireId } from "./values.ts";

/** Source: "Azure Instance Metadata Service": the address is the same on every machine. */
const IMDS = "http://169.254.169.254";

/** The identity of the machine; what is left when nothing else is there. AZURE_CLIENT_ID chooses among several. */
export const managedIdentity: IdentityRule = {
  method: "managed identity",
  consider(input): IdentityClaim {
    const { values } = input;
    const chosen = values.get("AZURE_CLIENT_ID") !== undefined;
    const source = chosen
      ? fromFile("AZURE_CLIENT_ID", "AZURE_CLIENT_ID", values)
      : { value: "identity", from: "the machine (system-assigned)" };
    const identity = identityOf(input, read);
    const { endpoint } = read(input);
    const from =
      endpoint.kind === "App Service"
        ? "IDENTITY_ENDPOINT of the environment"
        : endpoint.origin === IMDS
          ? "the machine's metadata service"
          : "AZURE_POD_IDENTITY_AUTHORITY_HOST of the environment";
    return { taken: true, sources: [source, { value: "tokens", from }], identity };
  },
};

/** Variables as in Azure's identity libraries. */
function read(input: SignInInput): ManagedIdentityProof {
  const { values, env } = input;
  const client = values.get("AZURE_CLIENT_ID");
  const url = env["IDENTITY_ENDPOINT"] ?? "";
  const header = env["IDENTITY_HEADER"] ?? "";
  const host = (env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] ?? "").trim().replace(/\/+$/, "");
  return {
    method: "managed identity",
    client: client === undefined ? undefined : requireId(input, "AZURE_CLIENT_ID", client),
    endpoint:
      url !== "" && header !== ""
        ? { kind: "App Service", url, header: new Secret(header) }
        : { kind: "IMDS", origin: host === "" ? IMDS : host },
  };
}
