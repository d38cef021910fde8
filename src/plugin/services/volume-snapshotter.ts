import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import type { VolumeSnapshotter } from "../../snapshot/snapshotter.ts";
import { VolumeSnapshotterDefinition } from "../gen/velero/volume_snapshotter.ts";
import { implement, type ServiceHandlers } from "../grpc/service.ts";
import { Locations } from "../locations.ts";
import { REGISTERED_PLUGINS } from "./lister.ts";

/** Makes the snapshotter of a location from the config that Velero gives for it. */
export type OpenSnapshotter = (
  config: Readonly<Record<string, string>>,
  logger: Logger,
) => Promise<VolumeSnapshotter>;

/** Velero's VolumeSnapshotter service (its pkg/plugin/proto/VolumeSnapshotter.proto). */
export function volumeSnapshotterService(open: OpenSnapshotter, logger: Logger): ServiceHandlers {
  const names = REGISTERED_PLUGINS.filter(({ kind }) => kind === "VolumeSnapshotter").map(({ name }) => name);
  const locations = new Locations<VolumeSnapshotter>("volume snapshotter", names);
  return implement(VolumeSnapshotterDefinition, {
    init: async ({ plugin, config }) => {
      await locations.init(plugin, () => open(config, logger));
      return {};
    },
    createVolumeFromSnapshot: async ({ plugin, snapshotID, volumeType, volumeAZ, iops }, signal) => {
      const request = {
        snapshotId: snapshotID,
        volumeType,
        zone: volumeAZ,
        iops: iops === 0n ? undefined : iops,
      };
      return {
        volumeID: await locations.use(plugin, (snapshotter) =>
          snapshotter.createVolumeFromSnapshot(request, { signal }),
        ),
      };
    },
    getVolumeInfo: async ({ plugin, volumeID }, signal) => {
      const { volumeType, iops = 0n } = await locations.use(plugin, (snapshotter) =>
        snapshotter.volumeInfo(volumeID, { signal }),
      );
      return { volumeType, iops };
    },
    createSnapshot: async ({ plugin, volumeID, volumeAZ, tags }, signal) => ({
      snapshotID: await locations.use(plugin, (snapshotter) =>
        snapshotter.createSnapshot({ volumeId: volumeID, zone: volumeAZ, tags }, { signal }),
      ),
    }),
    deleteSnapshot: async ({ plugin, snapshotID }, signal) => {
      await locations.use(plugin, (snapshotter) => snapshotter.deleteSnapshot(snapshotID, { signal }));
      return {};
    },
    getVolumeID: async ({ plugin, persistentVolume }) => ({
      volumeID: await locations.use(plugin, async (snapshotter) =>
        snapshotter.volumeIdOf(readVolume(persistentVolume)),
      ),
    }),
    setVolumeID: async ({ plugin, persistentVolume, volumeID }) => {
      const volume = await locations.use(plugin, async (snapshotter) =>
        snapshotter.withVolumeId(readVolume(persistentVolume), volumeID),
      );
      return { persistentVolume: Buffer.from(JSON.stringify(volume)) };
    },
  });
}

/** Velero sends a PersistentVolume as JSON. */
function readVolume(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let volume: unknown;
  try {
    volume = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new Failure("InvalidArgument", "cannot read the PersistentVolume: it is not JSON", { cause });
  }
  if (typeof volume !== "object" || volume === null) {
    throw new Failure("InvalidArgument", "cannot read the PersistentVolume: it is no object");
  }
  return { ...volume };
}
