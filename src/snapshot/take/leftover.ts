import type { Disk } from "../../azure/resource-manager/disk.ts";
import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { Failure } from "../../errors/error.ts";
import { hasFailed, lookUp } from "../waiting/completion.ts";
import { readRecord } from "../record/disk-record.ts";
import type { ComputeResource } from "../resource-id.ts";
import { purposeOf, snapshotName } from "../record/snapshot-name.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import type { SnapshotOfVolume } from "../snapshotter.ts";
import { apiLimit } from "../waiting/time-limit.ts";

/** Where a snapshot is to be, and what of it is there already. */
export interface ChosenPlace {
  readonly id: ComputeResource;
  /** What a process that was killed began for the same purpose; perhaps Azure could not take it. */
  readonly leftover: Snapshot | undefined;
}

export interface Purpose {
  readonly volume: ComputeResource;
  readonly disk: Disk;
  readonly request: SnapshotOfVolume;
}

/** However long apiTimeout is: a backup of the same name that is begun anew must not get the point in time of the last one. */
const LONGEST_TAKE_OVER = 10 * 60_000;

/** More backups of one name than anybody keeps the snapshots of. */
const MOST_ATTEMPTS = 50;

/**
 * A name for the snapshot, chosen once. With a purpose it follows from that, and what has the name is looked at: a
 * snapshot that is younger than apiTimeout (ten minutes at the most) was begun for this very purpose by a process that was killed, and is taken over.
 * An older one belongs to an earlier backup of the same name. To return it would be silent loss of data: its point in time
 * is not the one that is asked for. So it is left alone, and the next name is tried.
 */
export async function chosenPlace(
  parts: SnapshotterParts,
  { volume, disk, request }: Purpose,
  signal: AbortSignal,
): Promise<ChosenPlace> {
  const purpose = purposeOf(volume, request.tags, parts.veleroNamespace);
  const { subscriptionId, resourceGroup } = parts.snapshots;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const id = { subscriptionId, resourceGroup, name: snapshotName(volume, purpose, attempt) };
    const found = purpose === undefined ? undefined : await lookUp(parts, id, signal);
    if (found === undefined || isLeftover(parts, found, disk)) {
      return { id, leftover: found };
    }
    const fields = { volumeId: request.volumeId, snapshotId: found.id, phase: "name" };
    const message = `an earlier backup of the same name has snapshot "${id.name}": taking another`;
    parts.logger.log("warn", message, fields);
  }
  throw new Failure(
    "AlreadyExists",
    `cannot snapshot disk "${volume.name}": ${MOST_ATTEMPTS} backups of the same name have snapshots of it`,
    {
      hint: "give the backup another name; velero-azure snapshots gc finds snapshots that no backup has any more",
    },
  );
}

function isLeftover({ clock, config }: SnapshotterParts, found: Snapshot, disk: Disk): boolean {
  if (found.sourceResourceId?.toLowerCase() !== disk.id.toLowerCase() || !hasRecord(found)) {
    return false;
  }
  if (found.provisioningState === "Deleting") {
    return false;
  }
  // Without data it is in nobody's way.
  if (hasFailed(found)) {
    return true;
  }
  const { timeCreated } = found;
  const young = Math.min(apiLimit(config).milliseconds, LONGEST_TAKE_OVER);
  return timeCreated !== undefined && clock.now() - timeCreated < young;
}

/** Whether this project made it, and its record is whole. */
function hasRecord({ tags }: Snapshot): boolean {
  try {
    return readRecord(tags) !== undefined;
  } catch {
    return false;
  }
}
