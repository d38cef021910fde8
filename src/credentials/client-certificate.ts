import type { Claim, MethodRule } from "./method.ts";
import { firstPresent, requireApplication } from "./service-principal.ts";
import { describeFile, fromFile, signInFailure } from "./values.ts";

const CERTIFICATE = "AZURE_CLIENT_CERTIFICATE";
const CERTIFICATE_PATH = "AZURE_CLIENT_CERTIFICATE_PATH";
/** Keys that mean a service principal but are none: the official plugin fails on a user name, too. */
const INCOMPLETE = ["AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_USERNAME"] as const;

/** A service principal that proves itself by a certificate, given in the credentials file or by its path there. */
export const clientCertificate: MethodRule = {
  method: "client certificate",
  consider(input): Claim {
    const proof = firstPresent(input.values, [CERTIFICATE, CERTIFICATE_PATH]);
    if (proof !== undefined) {
      return {
        taken: true,
        sources: [...requireApplication(input, proof), fromFile(proof, proof, input.values)],
      };
    }
    const file = describeFile(input.values);
    const lonely = firstPresent(input.values, INCOMPLETE);
    if (lonely !== undefined) {
      const reason = `${lonely} is in ${file}, but neither AZURE_CLIENT_SECRET nor a certificate`;
      const hint = `add AZURE_CLIENT_SECRET, ${CERTIFICATE} or ${CERTIFICATE_PATH}, or remove ${lonely}`;
      throw signInFailure(input, "InvalidArgument", reason, hint);
    }
    return { taken: false, why: `neither ${CERTIFICATE} nor ${CERTIFICATE_PATH} is in ${file}` };
  },
};
