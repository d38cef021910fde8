import type { RawConfig } from "../../config/location-config.ts";
import { Failure, failureCode } from "../../errors/error.ts";
import { idKey } from "../../snapshot/upkeep/inventory.ts";
import type { ReadBackupLocation } from "../../snapshot/upkeep/orphans.ts";
import { openObjectStore } from "../../store/open-object-store.ts";
import { readBackupReferences } from "../../store/velero-backups.ts";
import { proseLogger } from "../output.ts";
import type { CommandContext } from "./context.ts";
import type { LocationObject } from "./locations-file.ts";

/** What the backups of a location told. */
export interface ReadBackups extends ReadBackupLocation {
  /** How many there are. */
  readonly backups: number;
  /** The snapshots that they refer to, as `idKey` makes them. */
  readonly referred: ReadonlySet<string>;
}

/** Reads all backups of a location, as its sign-in allows. Throws `Failure` that names the location. */
export async function readBackups(
  { name, objectStorage }: LocationObject,
  config: RawConfig,
  { env, signal }: CommandContext,
): Promise<ReadBackups> {
  const logger = proseLogger();
  if (objectStorage === undefined)
    throw new Failure("Internal", `backup location "${name}" has no object storage`);
  if (objectStorage.hasCaCertRef && objectStorage.caCert === undefined) {
    logger.log(
      "warn",
      `the caCertRef of backup location "${name}" names a Secret: trust its certificate with SSL_CERT_FILE`,
    );
  }
  try {
    const store = await openObjectStore(config, env, logger);
    try {
      const folder = { container: objectStorage.bucket, prefix: objectStorage.prefix };
      const { backups, incomplete, snapshotIds } = await readBackupReferences(store, folder, signal);
      return { name, backups, incomplete, referred: new Set([...snapshotIds].map(idKey)) };
    } finally {
      await store.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { hint } = error instanceof Failure ? error : {};
    throw new Failure(failureCode(error), `cannot read the backups of location "${name}": ${message}`, {
      hint,
      cause: error,
    });
  }
}
