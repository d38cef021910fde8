/** Put in by the build (esbuild's define); a run from the sources has neither. */
declare const VELERO_AZURE_VERSION: string | undefined;
declare const VELERO_AZURE_COMMIT: string | undefined;

/** The release, as in package.json. */
export const VERSION: string =
  typeof VELERO_AZURE_VERSION === "string" ? VELERO_AZURE_VERSION : "0.0.0-source";

/** The commit it was built from, with `-dirty` behind it when the tree had changes. */
export const COMMIT: string = typeof VELERO_AZURE_COMMIT === "string" ? VELERO_AZURE_COMMIT : "unknown";
