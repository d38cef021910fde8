import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The executable under test: VELERO_AZURE_EXECUTABLE, else what `npm run build` made for this processor. */
export function executableUnderTest(): string {
  const processor = process.arch === "arm64" ? "arm64" : "amd64";
  const built = fileURLToPath(new URL(`../../dist/linux-${processor}/velero-azure`, import.meta.url));
  const path = process.env["VELERO_AZURE_EXECUTABLE"] ?? built;
  if (!existsSync(path)) {
    throw new Error(`cannot test "${path}": there is no such file; run "npm run build" first`);
  }
  return path;
}
