import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertFails } from "../calls.ts";
import { newDisk, remove, restore, seen, snapshotOf, takenOf } from "./calls.ts";
import type { VolumeSubject } from "./subject.ts";
import { otherCase } from "./volume-ids.ts";

export function deletionTests(subject: () => VolumeSubject): void {
  describe("a snapshot that is deleted", () => {
    test("is gone, and deleting it once more is no error", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      const snapshot = await snapshotOf(under, volumeId);
      await remove(under, snapshot);
      assert.deepEqual(takenOf(under, volumeId), []);
      await assertFails("NotFound", restore(under, snapshot));
      await remove(under, snapshot);
    });

    test("is gone, whatever the case of its ID", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      await remove(under, otherCase(await snapshotOf(under, volumeId)));
      assert.deepEqual(takenOf(under, volumeId), []);
    });

    test("takes neither the disk with it, nor the disks that were restored, nor the other snapshots", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under, { generation: 1 });
      const first = await snapshotOf(under, volumeId);
      under.disks.writeDisk(id);
      const second = await snapshotOf(under, volumeId);
      const restored = await restore(under, first);
      await remove(under, first);
      assert.equal(seen(under, volumeId).generation, 2);
      assert.equal(seen(under, restored).generation, 1);
      assert.equal(seen(under, await restore(under, second)).generation, 2);
    });

    test("can be deleted by several at once", async () => {
      const under = subject();
      const snapshot = await snapshotOf(under, newDisk(under).volumeId);
      await Promise.all(Array.from({ length: 5 }, () => remove(under, snapshot)));
      await assertFails("NotFound", restore(under, snapshot));
    });
  });

  describe("a snapshot ID", () => {
    test("whose snapshot never was counts as deleted", async () => {
      const under = subject();
      const snapshot = await snapshotOf(under, newDisk(under).volumeId);
      await remove(under, `${snapshot}-never-was`);
    });

    test("that is empty is deleted: Velero before 1.18.3 deletes even what it could not take", async () => {
      await remove(subject(), "");
      await assertFails("InvalidArgument", restore(subject(), ""));
    });

    const disk = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d";
    for (const id of ["snapshot-1", disk]) {
      test(`cannot be ${JSON.stringify(id)}: deleting that is an error, since something may be left`, async () => {
        await assertFails("InvalidArgument", remove(subject(), id));
        await assertFails("InvalidArgument", restore(subject(), id));
      });
    }
  });
}
