import { Failure } from "../errors/error.ts";
import { boundTo, cachedAs, type RestoredDisk } from "./restore/volume-place.ts";
import {
  type ComputePlace,
  type ComputeResource,
  formatResourceId,
  isSamePlace,
  parseResourceId,
} from "./resource-id.ts";

/**
 * A PersistentVolume as Kubernetes writes it in JSON. What its source says decides, `spec.csi` or `spec.azureDisk`; annotations
 * tell who made it (`pv.kubernetes.io/provisioned-by`) or who serves it now (`pv.kubernetes.io/migrated-to`: an in-tree volume
 * that the CSI driver serves keeps its in-tree source), and its mode, filesystem or block, says nothing of the disk.
 */
export type PersistentVolume = Readonly<Record<string, unknown>>;

/** The Azure Disk CSI driver; PersistentVolumes of any other are not disks of ours. */
const DISK_DRIVER = "disk.csi.azure.com";

/**
 * The volume ID of a PersistentVolume: the disk's name, as the official plugin has it, where the disk is in the place that
 * the credentials name; otherwise its whole resource ID, so that a disk elsewhere is found again. Empty for
 * volumes that are no Azure disks.
 *
 * Throws `Failure` InvalidArgument for an Azure disk that does not say which: an empty ID would leave it out of
 * the backup without a word. FailedPrecondition for one that is no managed disk: it has no snapshots.
 */
export function volumeIdOf(volume: PersistentVolume, disks: ComputePlace): string {
  const spec = fields(volume["spec"]);
  const csi = fields(spec?.["csi"]);
  if (csi !== undefined) {
    return csi["driver"] === DISK_DRIVER ? idOfHandle(nameOf(volume), text(csi["volumeHandle"]), disks) : "";
  }
  const azureDisk = fields(spec?.["azureDisk"]);
  if (azureDisk === undefined) {
    return "";
  }
  const name = text(azureDisk["diskName"]);
  if (name === "") {
    throw unreadable(nameOf(volume), "spec.azureDisk.diskName is empty");
  }
  const disk = parseResourceId("disks", text(azureDisk["diskURI"]));
  if (disk === undefined && isUnmanaged(azureDisk)) {
    throw unmanaged(nameOf(volume), name);
  }
  return disk === undefined || isSamePlace(disk, disks) ? name : formatResourceId("disks", disk);
}

/**
 * The PersistentVolume with another disk in it. Where the disk is known, what binds the volume to the old disk's place or its
 * caching goes with it; everything else stays. Throws `Failure` InvalidArgument when it is not one of an Azure disk.
 */
export function withVolumeId(
  volume: PersistentVolume,
  volumeId: string,
  disks: ComputePlace,
  restored?: RestoredDisk,
): PersistentVolume {
  const filled = withDisk(volume, diskOf(volumeId, disks), (source) =>
    restored === undefined ? source : cachedAs(source, restored),
  );
  return restored === undefined ? filled : boundTo(filled, restored);
}

function withDisk(
  volume: PersistentVolume,
  disk: ComputeResource,
  cached: (source: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): PersistentVolume {
  const diskId = formatResourceId("disks", disk);
  const spec = fields(volume["spec"]);
  const csi = fields(spec?.["csi"]);
  if (csi !== undefined) {
    if (csi["driver"] !== DISK_DRIVER) {
      const reason = `its CSI driver is ${JSON.stringify(text(csi["driver"]))}, not "${DISK_DRIVER}"`;
      throw unreadable(nameOf(volume), reason);
    }
    const attributes = fields(csi["volumeAttributes"]);
    const changed = attributes && { volumeAttributes: cached(attributes) };
    return { ...volume, spec: { ...spec, csi: { ...csi, ...changed, volumeHandle: diskId } } };
  }
  const azureDisk = fields(spec?.["azureDisk"]);
  if (azureDisk === undefined) {
    throw unreadable(nameOf(volume), "it has neither spec.csi nor spec.azureDisk");
  }
  return {
    ...volume,
    spec: { ...spec, azureDisk: { ...cached(azureDisk), diskName: disk.name, diskURI: diskId } },
  };
}

/** The disk that a volume ID means: a resource ID, or a name in the given place. */
export function diskOf(volumeId: string, disks: ComputePlace): ComputeResource {
  const disk = parseResourceId("disks", volumeId);
  if (disk !== undefined) {
    return disk;
  }
  if (!/^[^/\s]+$/.test(volumeId)) {
    throw new Failure(
      "InvalidArgument",
      `cannot use volume ID ${JSON.stringify(volumeId)}: it is neither the name nor the resource ID of a disk`,
    );
  }
  return { subscriptionId: disks.subscriptionId, resourceGroup: disks.resourceGroup, name: volumeId };
}

function idOfHandle(volume: string, handle: string, disks: ComputePlace): string {
  const disk = parseResourceId("disks", handle);
  if (disk === undefined) {
    throw unreadable(
      volume,
      `its spec.csi.volumeHandle ${JSON.stringify(handle)} is not the resource ID of a disk`,
    );
  }
  return isSamePlace(disk, disks) ? disk.name : formatResourceId("disks", disk);
}

/** A blob in a storage account. Kubernetes calls these kinds Shared and Dedicated, and says Shared where nothing was said. */
function isUnmanaged(azureDisk: Readonly<Record<string, unknown>>): boolean {
  const uri = text(azureDisk["diskURI"]);
  return /^https?:/i.test(uri) || /^(?:shared|dedicated)$/i.test(text(azureDisk["kind"]));
}

function unmanaged(volume: string, disk: string): Failure {
  return new Failure(
    "FailedPrecondition",
    `cannot snapshot PersistentVolume ${JSON.stringify(volume)}: its disk ${JSON.stringify(disk)} is a blob in a storage account, and only managed disks have snapshots`,
    {
      hint: "back its files up instead (annotate the pod with backup.velero.io/backup-volumes), or move its data to a managed disk",
    },
  );
}

function unreadable(volume: string, reason: string): Failure {
  return new Failure(
    "InvalidArgument",
    `cannot use PersistentVolume ${JSON.stringify(volume)} as an Azure disk: ${reason}`,
  );
}

function nameOf(volume: PersistentVolume): string {
  return text(fields(volume["metadata"])?.["name"]);
}

function fields(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
