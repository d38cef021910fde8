import { setImmediate as turn } from "node:timers/promises";
import { describeVolumeSnapshotter } from "../../test/conformance/volume-snapshotter.ts";
import { MemoryVolumeSnapshotter } from "./memory.ts";

const here = { subscriptionId: "s-1", resourceGroup: "nodes" };
const elsewhere = { subscriptionId: "s-1", resourceGroup: "apps" };

describeVolumeSnapshotter(
  "memory",
  async () => {
    const snapshotter = new MemoryVolumeSnapshotter({ disks: here, snapshots: here });
    const disks = {
      addDisk: (disk: Parameters<MemoryVolumeSnapshotter["addDisk"]>[0]) => void snapshotter.addDisk(disk),
      writeDisk: (id: string) => snapshotter.writeDisk(id),
      removeDisk: (id: string) => snapshotter.removeDisk(id),
      disk: (id: string) => snapshotter.disks().find((disk) => disk.id.toLowerCase() === id.toLowerCase()),
      restoredOf: (volume: string) =>
        snapshotter
          .disks()
          .filter(({ tags }) => tags["velero.io-pv"] === volume)
          .map(({ id }) => id),
      snapshots: () => snapshotter.snapshots(),
    };
    return { snapshotter, disks, here, elsewhere, close: async () => {} };
  },
  { beat: () => turn() },
);
