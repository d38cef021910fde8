import type { Claim, MethodRule } from "./method.ts";
import { fromFile } from "./values.ts";

/** The identity of the machine; what is left when nothing else is there. AZURE_CLIENT_ID chooses among several. */
export const managedIdentity: MethodRule = {
  method: "managed identity",
  consider({ values }): Claim {
    const chosen = values.get("AZURE_CLIENT_ID") !== undefined;
    const source = chosen
      ? fromFile("AZURE_CLIENT_ID", "AZURE_CLIENT_ID", values)
      : { value: "identity", from: "the machine (system-assigned)" };
    return { taken: true, sources: [source] };
  },
};
