import type { ClientCertificateProof } from "./identity.ts";
import type { IdentityClaim, IdentityRule, SignInInput } from "./method.ts";
import { applicationSources, firstPresent, identityOf, requireApplication } from "./service-principal.ts";
import { describeFile } from "./describe-file.ts";
import { requirePath, signInFailure } from "./values.ts";

const CERTIFICATE = "AZURE_CLIENT_CERTIFICATE";
const CERTIFICATE_PATH = "AZURE_CLIENT_CERTIFICATE_PATH";
const PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const SEND_CHAIN = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
/** Keys that mean a service principal but are none: the official plugin fails on a user name, too. */
const INCOMPLETE = [PASSWORD, "AZURE_USERNAME"] as const;

/** A service principal that proves itself by a certificate, given in the credentials file or by its path there. */
export const clientCertificate: IdentityRule = {
  method: "client certificate",
  consider(input): IdentityClaim {
    const { values } = input;
    const key = firstPresent(values, [CERTIFICATE, CERTIFICATE_PATH]);
    if (key !== undefined) {
      const optional = [PASSWORD, SEND_CHAIN].filter((name) => values.secret(name) !== undefined);
      return {
        taken: true,
        sources: applicationSources(input, key, ...optional),
        identity: identityOf(input, read),
      };
    }
    const file = describeFile(values);
    const lonely = firstPresent(values, INCOMPLETE);
    if (lonely !== undefined) {
      const reason = `${lonely} is in ${file}, but neither AZURE_CLIENT_SECRET nor a certificate`;
      const hint = `add AZURE_CLIENT_SECRET, ${CERTIFICATE} or ${CERTIFICATE_PATH}, or remove ${lonely}`;
      throw signInFailure(input, "InvalidArgument", reason, hint);
    }
    return { taken: false, why: `neither ${CERTIFICATE} nor ${CERTIFICATE_PATH} is in ${file}` };
  },
};

function read(input: SignInInput): ClientCertificateProof {
  const { values } = input;
  const pem = values.secret(CERTIFICATE);
  const path = values.get(CERTIFICATE_PATH);
  if (pem === undefined && path === undefined) {
    throw signInFailure(
      input,
      "InvalidArgument",
      `${CERTIFICATE} is not in ${describeFile(values)} any more`,
    );
  }
  const key = pem === undefined ? CERTIFICATE_PATH : CERTIFICATE;
  return {
    method: "client certificate",
    ...requireApplication(input, key),
    certificate: pem === undefined ? { path: requirePath(input, CERTIFICATE_PATH, path ?? "") } : { pem },
    password: values.secret(PASSWORD),
    // The official plugin knows these two words alone.
    sendChain: /^(1|true)$/i.test((values.get(SEND_CHAIN) ?? "").trim()),
    key,
  };
}
