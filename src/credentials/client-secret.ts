import type { Claim, MethodRule } from "./method.ts";
import { requireApplication } from "./service-principal.ts";
import { describeFile, fromFile } from "./values.ts";

const KEY = "AZURE_CLIENT_SECRET";

/** A service principal that proves itself by a secret of the credentials file. */
export const clientSecret: MethodRule = {
  method: "client secret",
  consider(input): Claim {
    if (input.values.secret(KEY) === undefined) {
      return { taken: false, why: `${KEY} is not in ${describeFile(input.values)}` };
    }
    return { taken: true, sources: [...requireApplication(input, KEY), fromFile(KEY, KEY, input.values)] };
  },
};
