import { type Findings, type ParsedConfig, type RawConfig, parseLocationConfig } from "./location-config.ts";
import type { VolumeSnapshotterConfig } from "./location-keys.ts";

/**
 * Reads the config that Velero's Init brings for a volume snapshotter.
 *
 * Throws one Failure (InvalidArgument) that tells all problems at once, on one line.
 */
export function parseVolumeSnapshotterConfig(raw: RawConfig): ParsedConfig<VolumeSnapshotterConfig> {
  return parseLocationConfig("volume snapshotter", raw, checkTogether);
}

function checkTogether(config: VolumeSnapshotterConfig): Findings {
  const { copyToRegion, copyResourceGroup, incremental, snapshotSku } = config;
  const problems: string[] = [];
  const copied = copyToRegion !== undefined;
  if (copied && copyResourceGroup === undefined) {
    problems.push("copyToRegion needs copyResourceGroup: the resource group that the copies are put into");
  }
  if (!copied && copyResourceGroup !== undefined) {
    problems.push("copyResourceGroup needs copyToRegion: the region that snapshots are copied to");
  }
  if (!copied && config.copyDiskEncryptionSetId !== undefined) {
    problems.push("copyDiskEncryptionSetId needs copyToRegion: the region that snapshots are copied to");
  }
  if (copied && incremental === false) {
    problems.push(
      "copyToRegion and incremental exclude each other: Azure copies incremental snapshots alone, so leave incremental out",
    );
  }
  // Source: learn.microsoft.com/azure/virtual-machines/disks-incremental-snapshots
  if (snapshotSku === "Premium_LRS" && (copied || incremental === true)) {
    problems.push(
      "snapshotSku: Azure keeps incremental snapshots in standard storage alone, so write Standard_LRS or Standard_ZRS",
    );
  }
  return { problems, warnings: [] };
}
