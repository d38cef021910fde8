import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newDisk, remove, restore, seen, snapshotOf, tagsOf, takenOf } from "./calls.ts";
import type { VolumeSubject } from "./subject.ts";

export function repetitionTests(subject: () => VolumeSubject): void {
  describe("a disk that is asked for twice by one backup", () => {
    test("has one snapshot, of the first time", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under, { generation: 1 });
      const tags = tagsOf("nightly", volumeId);
      const first = await snapshotOf(under, volumeId, tags);
      under.disks.writeDisk(id);
      assert.equal(await snapshotOf(under, volumeId, tags), first);
      assert.deepEqual(takenOf(under, volumeId), [first]);
      assert.equal(seen(under, await restore(under, first)).generation, 1);
    });

    test("has one snapshot although both ask at once", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      const tags = tagsOf("nightly", volumeId);
      const calls = Array.from({ length: 4 }, () => snapshotOf(under, volumeId, tags));
      const [first, ...others] = await Promise.all(calls);
      for (const other of others) assert.equal(other, first);
      assert.equal(takenOf(under, volumeId).length, 1);
    });

    test("has a new one, of the later time, after the first was deleted", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under);
      const tags = tagsOf("nightly", volumeId);
      await remove(under, await snapshotOf(under, volumeId, tags));
      under.disks.writeDisk(id);
      const second = await snapshotOf(under, volumeId, tags);
      assert.equal(seen(under, await restore(under, second)).generation, 1);
    });
  });

  describe("a disk has snapshots of its own", () => {
    test("for each backup", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      const first = await snapshotOf(under, volumeId, tagsOf("nightly-1", volumeId));
      assert.notEqual(await snapshotOf(under, volumeId, tagsOf("nightly-2", volumeId)), first);
      assert.equal(takenOf(under, volumeId).length, 2);
    });

    test("for each call where the tags do not say what it is for", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under);
      const first = await snapshotOf(under, volumeId, {});
      under.disks.writeDisk(id);
      const second = await snapshotOf(under, volumeId, {});
      assert.notEqual(second, first);
      assert.equal(seen(under, await restore(under, second)).generation, 1);
    });

    test("beside those of another disk of the same name in the same backup", async () => {
      const under = subject();
      const { volumeId, id } = newDisk(under, { generation: 1 });
      const other = { ...under.elsewhere, name: volumeId };
      under.disks.addDisk(other);
      const otherId = id.replace(under.here.resourceGroup, under.elsewhere.resourceGroup);
      const tags = tagsOf("nightly", volumeId);
      const first = await snapshotOf(under, volumeId, tags);
      const second = await snapshotOf(under, otherId, tags);
      assert.notEqual(first, second);
      assert.equal(seen(under, await restore(under, first)).generation, 1);
      assert.equal(seen(under, await restore(under, second)).generation, 0);
    });
  });
}
