import { quote } from "../../config/quote.ts";
import { nearest } from "../../config/nearest.ts";
import type { RawConfig } from "../../config/location-config.ts";
import { Failure } from "../../errors/error.ts";
import type { LocationObject } from "./locations-file.ts";
import { WrongCall } from "../wrong-call.ts";

/** What of the locations file a command works on. */
export interface Locations {
  readonly file: string;
  readonly objects: readonly LocationObject[];
  readonly credentials: readonly CredentialsOption[];
}

/** One `--credentials-file`: for all locations, for those of a name, or, `vsl/NAME` and `bsl/NAME`, for one of the kinds. */
interface CredentialsOption {
  readonly kind: LocationObject["kind"] | undefined;
  readonly name: string | undefined;
  readonly path: string;
}

/** The short names that kubectl has for the kinds. */
const SHORT: ReadonlyMap<string, LocationObject["kind"]> = new Map([
  ["vsl", "VolumeSnapshotLocation"],
  ["bsl", "BackupStorageLocation"],
]);

/** Reads `--credentials-file PATH` and `--credentials-file [vsl/|bsl/]NAME=PATH`. */
export function readCredentialsOption(text: string): CredentialsOption {
  const [, short = "", name, path = text] = /^(?:(vsl|bsl)\/)?([a-z0-9][a-z0-9.-]*)=(.*)$/s.exec(text) ?? [];
  if (path === "") throw new WrongCall(`cannot use --credentials-file ${quote(text)}: it names no file`);
  return { kind: SHORT.get(short), name, path };
}

export function locationsOf(
  file: string,
  objects: readonly LocationObject[],
  credentialsOptions: readonly string[],
): Locations {
  const credentials = credentialsOptions.map(readCredentialsOption);
  for (const { kind, name } of credentials) {
    const meant = objects.some((object) => (kind ?? object.kind) === object.kind && object.name === name);
    if (name !== undefined && !meant) throw unknownName("use --credentials-file", name, file, objects, kind);
  }
  return { file, objects, credentials };
}

/** The snapshot location of that name, or the only one that there is. */
export function snapshotLocation({ objects, file }: Locations, name: string | undefined): LocationObject {
  const kind = "VolumeSnapshotLocation";
  const all = objects.filter((object) => object.kind === kind);
  const found = name === undefined ? all : all.filter((object) => object.name === name);
  const [only, ...more] = found;
  if (only === undefined) {
    if (name !== undefined) throw unknownName("use --location", name, file, objects, kind);
    throw new Failure("InvalidArgument", `cannot use locations file ${quote(file)}: it has no ${kind}`, {
      hint: "write one with: kubectl -n velero get volumesnapshotlocations,backupstoragelocations -o yaml",
    });
  }
  if (more.length > 0) {
    if (name !== undefined) {
      const reason = `${quote(file)} has ${found.length} of that name, in namespaces ${namesOf(found, "namespace")}`;
      throw new WrongCall(
        `cannot use --location ${quote(name)}: ${reason}`,
        "put the locations of one Velero into the file",
      );
    }
    throw new WrongCall(
      `cannot choose a snapshot location: ${quote(file)} has ${namesOf(found, "name")}`,
      "name one with --location",
    );
  }
  requireAzure(only);
  return only;
}

/** The backup locations of those names, or all. Empty only when there are none. */
export function backupLocations(
  { objects, file }: Locations,
  names: readonly string[],
): readonly LocationObject[] {
  const kind = "BackupStorageLocation";
  const all = objects.filter((object) => object.kind === kind);
  for (const name of names) {
    if (!all.some((object) => object.name === name)) {
      throw unknownName("use --backup-location", name, file, objects, kind);
    }
  }
  const found = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  for (const location of found) requireAzure(location);
  return found;
}

/** What Velero would give to Init: its own keys, and the credentials file that stands for the Secret. */
export function configFor(location: LocationObject, { credentials }: Locations): RawConfig {
  const { config, objectStorage, kind, name } = location;
  const storage =
    objectStorage === undefined
      ? {}
      : {
          bucket: objectStorage.bucket,
          prefix: objectStorage.prefix,
          ...(objectStorage.caCert === undefined ? {} : { caCert: objectStorage.caCert }),
        };
  const path = credentialsPath(location, credentials);
  if (path === undefined && location.hasCredential) {
    throw new WrongCall(
      `cannot sign in for ${kind} ${quote(name)}: its spec.credential names a Secret, which is in the cluster`,
      `name a file with the Secret's content: --credentials-file ${name}=FILE, or --credentials-file FILE for all locations`,
    );
  }
  return { ...config, ...storage, ...(path === undefined ? {} : { credentialsFile: path }) };
}

/** The one that says most precisely which location it is for. */
function credentialsPath(
  { kind, name }: LocationObject,
  credentials: readonly CredentialsOption[],
): string | undefined {
  const fitting = credentials.filter(
    (option) => (option.kind ?? kind) === kind && (option.name ?? name) === name,
  );
  const precision = (option: CredentialsOption): number =>
    (option.kind === undefined ? 0 : 1) + (option.name === undefined ? 0 : 1);
  return fitting.toSorted((a, b) => precision(b) - precision(a))[0]?.path;
}

/** Velero puts `velero.io/` before a provider without a slash. Source: its pkg/plugin/clientmgmt/manager.go. */
function requireAzure({ kind, name, provider }: LocationObject): void {
  if (provider === "velero.io/azure" || provider === "azure") return;
  const hint =
    kind === "BackupStorageLocation"
      ? "name the locations to read with --backup-location; snapshots of the others' backups are kept then"
      : undefined;
  throw new Failure(
    "FailedPrecondition",
    `cannot use ${kind} ${quote(name)}: its provider is ${quote(provider)}, not "velero.io/azure"`,
    { hint },
  );
}

function namesOf(objects: readonly LocationObject[], field: "name" | "namespace"): string {
  return objects.map((object) => quote(object[field] ?? "none")).join(", ");
}

function unknownName(
  what: string,
  name: string,
  file: string,
  objects: readonly LocationObject[],
  kind: LocationObject["kind"] | undefined,
): WrongCall {
  const known = objects
    .filter((object) => (kind ?? object.kind) === object.kind)
    .map((object) => object.name);
  const meant = nearest(name, known);
  const hint =
    meant === undefined
      ? `it has ${[...new Set(known)].map(quote).join(", ") || "none"}`
      : `did you mean ${quote(meant)}?`;
  return new WrongCall(
    `cannot ${what} ${quote(name)}: ${quote(file)} has no ${kind ?? "location"} of that name`,
    hint,
  );
}
