import { type ParsedConfig, type RawConfig, parseLocationConfig } from "./location-config.ts";
import type { VolumeSnapshotterConfig } from "./location-keys.ts";

/**
 * Reads the config that Velero's Init brings for a volume snapshotter.
 *
 * Throws one Failure (InvalidArgument) that tells all problems at once, on one line.
 */
export function parseVolumeSnapshotterConfig(raw: RawConfig): ParsedConfig<VolumeSnapshotterConfig> {
  return parseLocationConfig("volume snapshotter", raw, () => ({ problems: [], warnings: [] }));
}
