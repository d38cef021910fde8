import { Failure } from "../../errors/error.ts";
import { VolumeSnapshotterDefinition } from "../gen/velero/volume_snapshotter.ts";
import { implement, type ServiceHandlers } from "../grpc/service.ts";

/**
 * Velero's VolumeSnapshotter service (its pkg/plugin/proto/VolumeSnapshotter.proto), registered so that locations
 * which name this provider are known, and answering that it cannot take disk snapshots.
 */
export function volumeSnapshotterService(): ServiceHandlers {
  const refuse = async (): Promise<never> => {
    throw new Failure(
      "Unimplemented",
      "cannot snapshot Azure disks: this version of velero-azure stores objects only",
      {
        hint: "back up without disk snapshots (velero backup create --snapshot-volumes=false), or use Velero's file-system backup",
      },
    );
  };
  return implement(VolumeSnapshotterDefinition, {
    init: refuse,
    createVolumeFromSnapshot: refuse,
    getVolumeInfo: refuse,
    createSnapshot: refuse,
    deleteSnapshot: refuse,
    getVolumeID: refuse,
    setVolumeID: refuse,
  });
}
