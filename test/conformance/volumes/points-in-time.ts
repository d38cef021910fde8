import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertFails } from "../calls.ts";
import { newDisk, restore, seen, snapshotOf, tagsOf } from "./calls.ts";
import type { VolumeSubject } from "./subject.ts";

export function pointInTimeTests(subject: () => VolumeSubject): void {
  describe("what a restored disk holds", () => {
    test("is what the disk held when the snapshot was taken, whatever was written since", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under, { generation: 3 });
      const snapshot = await snapshotOf(under, volumeId);
      under.disks.writeDisk(id);
      const restored = await restore(under, snapshot);
      assert.equal(seen(under, restored).generation, 3);
      assert.equal(seen(under, volumeId).generation, 4, "the disk itself goes on");
    });

    test("is each snapshot's own, and the same however often it is restored", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under);
      const snapshots: string[] = [];
      for (let generation = 0; generation < 3; generation += 1) {
        snapshots.push(await snapshotOf(under, volumeId));
        under.disks.writeDisk(id);
      }
      for (const expected of [2, 0, 1, 2]) {
        const restored = await restore(under, snapshots[expected] ?? "");
        assert.equal(seen(under, restored).generation, expected);
      }
    });

    test("is there although the disk is gone", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under, { generation: 5 });
      const snapshot = await snapshotOf(under, volumeId);
      under.disks.removeDisk(id);
      assert.equal(seen(under, await restore(under, snapshot)).generation, 5);
    });

    test("can be snapshotted and restored in its turn", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { generation: 2 });
      const restored = await restore(under, await snapshotOf(under, volumeId));
      assert.notEqual(restored, volumeId);
      const again = await restore(under, await snapshotOf(under, restored));
      assert.equal(seen(under, again).generation, 2);
    });
  });

  describe("a restored disk", () => {
    const wishes = [
      { was: "StandardSSD_LRS", volumeType: "StandardSSD_LRS", zone: "", zones: [] },
      { was: "Premium_LRS", volumeType: "Premium_LRS", zone: "westeurope-2", zones: ["2"] },
      { was: "Premium_ZRS", volumeType: "Premium_ZRS", zone: "", zones: [] },
      { was: "Premium_ZRS", volumeType: "Premium_ZRS", zone: "westeurope-1", zones: [] },
      // What the nodes of a region without zones are labelled with.
      { was: "Premium_LRS", volumeType: "Premium_LRS", zone: "0", zones: [] },
      // Another than the disk was, since Velero kept what it was told long ago.
      { was: "Premium_LRS", volumeType: "StandardSSD_LRS", zone: "", zones: [] },
    ];
    for (const { was, volumeType, zone, zones } of wishes) {
      test(`is of type ${volumeType}, in zones [${zones.join()}], when Velero says "${zone}"`, async () => {
        const under = subject();
        const { volumeId } = newDisk(under, { sku: was, zones });
        const restored = await restore(under, await snapshotOf(under, volumeId), { volumeType, zone });
        const disk = seen(under, restored);
        assert.deepEqual([disk.sku, disk.zones], [volumeType, zones]);
      });
    }

    test("has its zone again although Velero tells none", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { zones: ["3"] });
      assert.deepEqual(seen(under, await restore(under, await snapshotOf(under, volumeId))).zones, ["3"]);
    });

    test("has the disk's tags and Velero's, in Azure's letters, and no others", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { tags: { owner: "team a", "k8s-azure-created-by": "x" } });
      const velero = { ...tagsOf("nightly", "pv-tags"), "velero.io/storage-location": "default" };
      const snapshot = await snapshotOf(under, volumeId, velero);
      const expected = {
        ...{ owner: "team a", "k8s-azure-created-by": "x" },
        ...{ "velero.io-backup": "nightly", "velero.io-pv": "pv-tags" },
        "velero.io-storage-location": "default",
      };
      const tags = under.disks.snapshots().find(({ id }) => id === snapshot)?.tags;
      for (const [name, value] of Object.entries(expected)) assert.equal(tags?.[name], value, name);
      assert.deepEqual({ ...seen(under, await restore(under, snapshot)).tags }, expected);
    });
  });

  describe("what is not there", () => {
    test("a disk that does not exist cannot be snapshotted", async () => {
      const under = subject();
      await assertFails("NotFound", snapshotOf(under, under.fresh("absent")));
    });

    test("a disk that was removed cannot be snapshotted", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under);
      under.disks.removeDisk(id);
      await assertFails("NotFound", snapshotOf(under, volumeId));
    });

    test("a snapshot that does not exist cannot be restored, and no disk is made", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      const snapshot = await snapshotOf(under, volumeId);
      await assertFails("NotFound", restore(under, `${snapshot}x`));
      assert.deepEqual(under.disks.restoredOf(volumeId), []);
    });
  });
}
