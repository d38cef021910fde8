import { Failure } from "../errors/error.ts";
import { kinds } from "./kinds.ts";
import { type LocationConfig, type LocationKey, type LocationType, locationKeys } from "./location-keys.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./quote.ts";
import type { Reading } from "./reading.ts";

/** The config as Velero hands it over: spec.config and what Velero adds. */
export type RawConfig = Readonly<Record<string, string>>;

export interface ParsedConfig<C> {
  /** Frozen. */
  readonly config: C;
  /** What was wrong and overlooked, as the official plugin does; to be logged at warn. */
  readonly warnings: readonly string[];
}

/** What is wrong with a config, or odd, beyond what one key alone can tell. */
export interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** The table's rows that a location of this type may have, in the table's order. */
export function keysOf(type: LocationType): [string, LocationKey][] {
  return Object.entries<LocationKey>(locationKeys)
    .filter(([, row]) => row.locations.includes(type))
    .map(([key, row]) => [key, type === "volume snapshotter" ? { ...row, ...row.forSnapshotter } : row]);
}

/**
 * Reads a location's config by the table; `check` looks at the keys together. Throws one Failure (InvalidArgument) that tells all problems, on one line, since Velero shows no more.
 */
export function parseLocationConfig<L extends LocationType>(
  type: L,
  raw: RawConfig,
  check: (config: LocationConfig<L>) => Findings,
): ParsedConfig<LocationConfig<L>> {
  const rows = keysOf(type);
  const problems: string[] = [...unknownKeys(rows, raw)];
  const warnings: string[] = [];
  const fields: Record<string, unknown> = {};
  for (const [key, row] of rows) {
    const reading = readKey(key, row, raw);
    const failed = "problem" in reading;
    // What cannot be read counts as absent, so that the check of the whole finds its problems in the same go.
    fields[key] = failed
      ? (kinds[row.kind].absent ?? (row.required === true ? "" : undefined))
      : reading.value;
    if (failed) {
      problems.push(reading.problem);
    } else if (reading.warning !== undefined) {
      warnings.push(`${key}: ${reading.warning}`);
    }
  }
  if (!isComplete<L>(fields, rows)) {
    throw new Failure("Internal", `cannot use the config of the ${type}: the table and its reader disagree`);
  }
  const findings = check(fields);
  problems.push(...findings.problems);
  if (problems.length > 0) {
    throw new Failure("InvalidArgument", `cannot use the config of the ${type}: ${problems.join("; ")}`);
  }
  return { config: Object.freeze(fields), warnings: [...warnings, ...findings.warnings] };
}

/** Holds by construction: each row's field is there, and its kind's reader decided its type. */
function isComplete<L extends LocationType>(
  fields: object,
  rows: readonly [string, LocationKey][],
): fields is LocationConfig<L> {
  return rows.every(([key]) => key in fields);
}

/** What the row's key holds in the config under its name or another spelling. A problem tells its key. */
function readKey(key: string, row: LocationKey, raw: RawConfig): Reading<unknown> {
  const spellings = [key, ...(row.aliases ?? [])].filter((name) => valueOf(raw, name) !== undefined);
  const [name, ...others] = spellings;
  const text = name === undefined ? undefined : valueOf(raw, name);
  if (name === undefined || text === undefined) {
    return row.required === true ? { problem: `${key} is required` } : { value: kinds[row.kind].absent };
  }
  if (others.length > 0) {
    return { problem: `${spellings.join(" and ")} mean the same: keep one of them` };
  }
  const reading: Reading<unknown> = kinds[row.kind].read(text, raw);
  return "problem" in reading ? { problem: `${name}: ${reading.problem}` } : reading;
}

/** Own properties alone: a key called `constructor` must not find one. Empty counts as absent. */
function valueOf(raw: RawConfig, name: string): string | undefined {
  const text = Object.hasOwn(raw, name) ? raw[name] : undefined;
  return text === "" ? undefined : text;
}

function unknownKeys(rows: readonly [string, LocationKey][], raw: RawConfig): string[] {
  const valid = rows.map(([key]) => key);
  const known = new Set(rows.flatMap(([key, row]) => [key, ...(row.aliases ?? [])]));
  const invalid = Object.keys(raw)
    .filter((key) => !known.has(key))
    .toSorted();
  if (invalid.length === 0) {
    return [];
  }
  const named = invalid.map((key) => {
    const meant = nearest(key, valid);
    return meant === undefined ? quote(key) : `${quote(key)} (did you mean ${meant}?)`;
  });
  const words = invalid.length === 1 ? "invalid key" : "invalid keys";
  return [`${words} ${named.join(", ")}, valid keys are ${valid.join(", ")}`];
}
