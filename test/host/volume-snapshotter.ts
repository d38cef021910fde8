import type { PersistentVolume } from "../../src/snapshot/volume-spec.ts";
import type {
  CallOptions,
  SnapshotOfVolume,
  VolumeFromSnapshot,
  VolumeInfo,
} from "../../src/snapshot/snapshotter.ts";
import type { HostedPlugin } from "./host.ts";

/**
 * A volume snapshotter as Velero sees it: every call goes through Velero's framework client and the plugin's process,
 * those too that the driver answers without waiting.
 */
export class HostVolumeSnapshotter {
  readonly #plugin: HostedPlugin;

  constructor(plugin: HostedPlugin) {
    this.#plugin = plugin;
  }

  async createVolumeFromSnapshot(request: VolumeFromSnapshot, options: CallOptions): Promise<string> {
    const { snapshotId, volumeType, zone, iops } = request;
    const wire = { snapshotID: snapshotId, volumeType, volumeAZ: zone, iops: numberOf(iops) };
    return textOf("volumeID", await this.#plugin.volumeCall("CreateVolumeFromSnapshot", wire, options));
  }

  async volumeInfo(volumeId: string, options: CallOptions): Promise<VolumeInfo> {
    const answer = await this.#plugin.volumeCall("GetVolumeInfo", { volumeID: volumeId }, options);
    const { iops } = answer;
    return {
      volumeType: textOf("volumeType", answer),
      iops: typeof iops === "number" ? BigInt(iops) : undefined,
    };
  }

  async createSnapshot({ volumeId, zone, tags }: SnapshotOfVolume, options: CallOptions): Promise<string> {
    const wire = { volumeID: volumeId, volumeAZ: zone, tags };
    return textOf("snapshotID", await this.#plugin.volumeCall("CreateSnapshot", wire, options));
  }

  async deleteSnapshot(snapshotId: string, options: CallOptions): Promise<void> {
    await this.#plugin.volumeCall("DeleteSnapshot", { snapshotID: snapshotId }, options);
  }

  async volumeIdOf(volume: PersistentVolume): Promise<string> {
    const wire = { persistentVolume: volume };
    return textOf("volumeID", await this.#plugin.volumeCall("GetVolumeID", wire));
  }

  async withVolumeId(volume: PersistentVolume, volumeId: string): Promise<PersistentVolume> {
    const wire = { persistentVolume: volume, volumeID: volumeId };
    const { persistentVolume } = await this.#plugin.volumeCall("SetVolumeID", wire);
    if (typeof persistentVolume !== "object" || persistentVolume === null) {
      throw new Error("velero-host answered SetVolumeID without a PersistentVolume");
    }
    return { ...persistentVolume };
  }

  async close(): Promise<void> {}
}

function numberOf(iops: bigint | undefined): number | null {
  return iops === undefined ? null : Number(iops);
}

function textOf(name: string, answer: Readonly<Record<string, unknown>>): string {
  const text = answer[name];
  if (typeof text !== "string") throw new Error(`velero-host answered without "${name}"`);
  return text;
}
