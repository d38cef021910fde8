import { Failure } from "../errors/error.ts";
import type { ObjectStoreConfig } from "./location-keys.ts";

export interface ParsedConfig<C> {
  /** Frozen. */
  readonly config: C;
  /** What was wrong and overlooked, as the official plugin does; to be logged at warn. */
  readonly warnings: readonly string[];
}

/**
 * Reads the config that Velero's Init brings for an object store.
 *
 * Throws one Failure (InvalidArgument) that tells all problems at once, on one line.
 */
export function parseObjectStoreConfig(
  _raw: Readonly<Record<string, string>>,
): ParsedConfig<ObjectStoreConfig> {
  throw new Failure("Unimplemented", "cannot read the location's config: not yet written");
}
