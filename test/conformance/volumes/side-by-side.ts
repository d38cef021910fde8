import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newDisk, remove, restore, seen, snapshotOf, takenOf } from "./calls.ts";
import type { VolumeSubject } from "./subject.ts";

const AT_ONCE = 20;

export function sideBySideTests(subject: () => VolumeSubject): void {
  const times = <T>(make: (index: number) => T): T[] => Array.from({ length: AT_ONCE }, (_, i) => make(i));

  describe(`${AT_ONCE} calls at once`, () => {
    test("snapshot as many disks, restore them and delete the snapshots, none mixed up", async () => {
      const under = subject();
      const disks = times((generation) => newDisk(under, { generation }));
      const snapshots = await Promise.all(disks.map(({ volumeId }) => snapshotOf(under, volumeId)));
      assert.equal(new Set(snapshots).size, AT_ONCE);
      const restored = await Promise.all(snapshots.map((snapshot) => restore(under, snapshot)));
      const generations = restored.map((volumeId) => seen(under, volumeId).generation);
      assert.deepEqual(
        generations,
        times((generation) => generation),
      );
      await Promise.all(snapshots.map((snapshot) => remove(under, snapshot)));
      for (const { volumeId } of disks) assert.deepEqual(takenOf(under, volumeId), []);
    });

    test("make as many disks of one snapshot", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { generation: 7 });
      const snapshot = await snapshotOf(under, volumeId);
      const restored = await Promise.all(times(() => restore(under, snapshot)));
      assert.equal(new Set(restored).size, AT_ONCE);
      for (const one of restored) assert.equal(seen(under, one).generation, 7);
    });

    test("make as many snapshots of one disk for as many backups", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { sku: "StandardSSD_LRS" });
      const snapshots = await Promise.all(times(() => snapshotOf(under, volumeId)));
      assert.equal(new Set(snapshots).size, AT_ONCE);
      assert.equal(takenOf(under, volumeId).length, AT_ONCE);
    });
  });
}
