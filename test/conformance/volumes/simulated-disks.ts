import type { Inventory } from "../../../simulator/resource-manager/inventory.ts";
import type { Disks } from "./subject.ts";

/** The disks of a simulated Azure, as the suite looks at them. */
export function simulatedDisks(inventory: Inventory): Disks {
  return {
    addDisk: (disk) => void inventory.addDisk(disk),
    writeDisk: (id) => void inventory.writeDisk(id),
    removeDisk: (id) => {
      delete inventory.state.disks[id.toLowerCase()];
    },
    disk: (id) => {
      const disk = inventory.disk(id);
      return disk?.provisioningState === "Succeeded" ? { ...disk, zones: disk.zones ?? [] } : undefined;
    },
    restoredOf: (volume) =>
      inventory
        .disks()
        .filter(({ tags }) => tags["velero.io-pv"] === volume)
        .map(({ id }) => id),
    snapshots: () => inventory.snapshots(),
  };
}
