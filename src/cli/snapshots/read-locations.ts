import { access, constants, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { quote } from "../../config/quote.ts";
import { Failure } from "../../errors/error.ts";
import { WrongCall } from "../wrong-call.ts";
import { type Locations, locationsOf } from "./locations.ts";
import { parseLocations } from "./locations-file.ts";

/** The options that every command has. */
export const LOCATION_OPTIONS = {
  locations: { type: "string" },
  location: { type: "string" },
  "credentials-file": { type: "string", multiple: true },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** They, for the commands' help. */
export const LOCATION_HELP = `  --locations FILE          Velero's locations, YAML or JSON; - reads stdin
  --location NAME           the snapshot location, if FILE has several
  --credentials-file FILE   the credentials file of all locations, or NAME=FILE of one (vsl/NAME=FILE and bsl/NAME=FILE
                            where a snapshot and a backup location share a name); may be repeated. Default: the file
                            that AZURE_CREDENTIALS_FILE names
  --json                    JSON instead of text
  --help                    this text`;

export interface LocationOptions {
  readonly locations?: string | undefined;
  readonly "credentials-file"?: readonly string[] | undefined;
}

export async function readLocations(options: LocationOptions): Promise<Locations> {
  const file = options.locations;
  if (file === undefined) {
    throw new WrongCall(
      "--locations is missing",
      "kubectl -n velero get volumesnapshotlocations,backupstoragelocations -o yaml > locations.yaml writes the file that it takes",
    );
  }
  const name = file === "-" ? "standard input" : file;
  const content = file === "-" ? await text(process.stdin) : await readText(file);
  const locations = locationsOf(name, parseLocations(content, name), options["credentials-file"] ?? []);
  for (const { path } of locations.credentials) await requireFile("credentials file", path);
  return locations;
}

/** Whoever reads it later speaks to Velero's users, whose Secret is wrong where a path is. */
async function requireFile(what: string, path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    throw unreadable(what, path, cause);
  }
}

/** A pipe is as good as a file: `--locations <(kubectl …)`. */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw unreadable("locations file", file, cause);
  }
}

function unreadable(what: string, file: string, cause: unknown): Failure {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const absent = code === "ENOENT" || code === "ENOTDIR";
  const reason = absent ? "there is no such file" : `it cannot be read (${code})`;
  return new Failure(
    absent ? "NotFound" : "PermissionDenied",
    `cannot read ${what} ${quote(file)}: ${reason}`,
    { cause },
  );
}
