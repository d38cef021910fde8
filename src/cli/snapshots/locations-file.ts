import { parseAllDocuments } from "yaml";
import { quote } from "../../config/quote.ts";
import { Failure } from "../../errors/error.ts";

/** A VolumeSnapshotLocation or BackupStorageLocation, as far as it is used. Source: Velero's pkg/apis/velero/v1. */
export interface LocationObject {
  readonly kind: "VolumeSnapshotLocation" | "BackupStorageLocation";
  readonly name: string;
  readonly namespace: string | undefined;
  readonly provider: string;
  readonly config: Readonly<Record<string, string>>;
  /** Whether it names a Secret with its credentials file. */
  readonly hasCredential: boolean;
  /** Of a BackupStorageLocation. */
  readonly objectStorage: ObjectStorage | undefined;
}

export interface ObjectStorage {
  /** Without slashes around them, as Velero trims them. */
  readonly bucket: string;
  readonly prefix: string;
  /** PEM. */
  readonly caCert: string | undefined;
  /** Whether it names a Secret with the authority's certificate. */
  readonly hasCaCertRef: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * All locations in a text: Velero's objects, or a List of them, as YAML or JSON, in several documents if need be. Objects of
 * other kinds are passed over. Throws `Failure` InvalidArgument that names the file, and object and field where it can.
 */
export function parseLocations(text: string, file: string): readonly LocationObject[] {
  const documents = parseAllDocuments(text, { prettyErrors: true });
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw unusable(file, `it is not YAML: ${firstLine(error.message)}`);
    let value: unknown;
    try {
      value = document.toJS();
    } catch (cause) {
      throw unusable(file, `it is not YAML: ${firstLine(cause instanceof Error ? cause.message : "")}`);
    }
    return objectsIn(value, file);
  });
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/:$/, "");
}

function objectsIn(value: unknown, file: string): readonly LocationObject[] {
  // An empty document, as before the first `---`.
  if (value === null || value === undefined) return [];
  if (!isFields(value)) throw unusable(file, "it holds something that is no Kubernetes object");
  const items = value["items"];
  if (items !== undefined) {
    if (!Array.isArray(items)) throw unusable(file, "the items of a list are none");
    return items.flatMap((item: unknown) => objectsIn(item, file));
  }
  const { kind, apiVersion } = value;
  const isVelero = typeof apiVersion === "string" && apiVersion.startsWith("velero.io/");
  return isVelero && (kind === "VolumeSnapshotLocation" || kind === "BackupStorageLocation")
    ? [locationOf(kind, value, file)]
    : [];
}

function locationOf(kind: LocationObject["kind"], object: Fields, file: string): LocationObject {
  const metadata = isFields(object["metadata"]) ? object["metadata"] : {};
  const { name, namespace } = metadata;
  if (typeof name !== "string" || name === "") throw unusable(file, `a ${kind} has no metadata.name`);
  const wrong = (field: string, reason: string): Failure =>
    unusable(file, `${kind} ${quote(name)}: ${field} ${reason}`);
  const { spec } = object;
  if (!isFields(spec)) throw wrong("spec", "is not there");
  const { provider, credential, config } = spec;
  if (typeof provider !== "string" || provider === "") throw wrong("spec.provider", "is not there");
  return {
    kind,
    name,
    namespace: typeof namespace === "string" ? namespace : undefined,
    provider,
    config: configOf(config ?? {}, wrong),
    hasCredential: credential !== undefined && credential !== null,
    objectStorage: kind === "BackupStorageLocation" ? storageOf(spec["objectStorage"], wrong) : undefined,
  };
}

type Wrong = (field: string, reason: string) => Failure;

function configOf(config: unknown, wrong: Wrong): Readonly<Record<string, string>> {
  if (!isFields(config)) throw wrong("spec.config", "is no map");
  const entries = Object.entries(config).map(([key, value]) => {
    if (typeof value !== "string") throw wrong(`spec.config.${key}`, "is no text: put it in quotes");
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}

function storageOf(storage: unknown, wrong: Wrong): ObjectStorage {
  if (!isFields(storage)) throw wrong("spec.objectStorage", "is not there");
  const { bucket, prefix, caCert, caCertRef } = storage;
  if (typeof bucket !== "string" || bucket === "") throw wrong("spec.objectStorage.bucket", "is not there");
  if (prefix !== undefined && typeof prefix !== "string")
    throw wrong("spec.objectStorage.prefix", "is no text");
  if (caCert !== undefined && typeof caCert !== "string")
    throw wrong("spec.objectStorage.caCert", "is no text");
  return {
    bucket: trim(bucket),
    prefix: trim(prefix ?? ""),
    caCert: caCert === undefined ? undefined : Buffer.from(caCert, "base64").toString("utf8"),
    hasCaCertRef: caCertRef !== undefined && caCertRef !== null,
  };
}

function trim(text: string): string {
  return text.replaceAll(/^\/+|\/+$/g, "");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unusable(file: string, reason: string): Failure {
  return new Failure("InvalidArgument", `cannot use locations file ${quote(file)}: ${reason}`, {
    hint: "write one with: kubectl -n velero get volumesnapshotlocations,backupstoragelocations -o yaml",
  });
}
