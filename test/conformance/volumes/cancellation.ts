import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failureCode } from "../../../src/errors/error.ts";
import { Pending, waitFor } from "../../cluster/bounded-wait.ts";
import { assertFails } from "../calls.ts";
import { newDisk, restore, seen, snapshotOf, tagsOf, takenOf } from "./calls.ts";
import type { VolumeCapabilities, VolumeSubject } from "./subject.ts";

/** After so many beats calls are cancelled: soon, on their way, and when many of them are done. */
const BEATS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55];

export function cancellationTests(subject: () => VolumeSubject, { beat }: VolumeCapabilities): void {
  describe("volume calls that are cancelled", () => {
    test("end with Canceled when it was too late from the start, and do nothing", async () => {
      const under = subject();
      const { volumeId } = newDisk(under);
      const snapshotId = await snapshotOf(under, volumeId);
      const { snapshotter } = under;
      const options = { signal: AbortSignal.abort() };
      const wish = { snapshotId, volumeType: "Premium_LRS", zone: "", iops: undefined };
      const tags = tagsOf(under.fresh("backup"), volumeId);
      await assertFails("Canceled", snapshotter.volumeInfo(volumeId, options));
      await assertFails("Canceled", snapshotter.createSnapshot({ volumeId, zone: "", tags }, options));
      await assertFails("Canceled", snapshotter.createVolumeFromSnapshot(wish, options));
      await assertFails("Canceled", snapshotter.deleteSnapshot(snapshotId, options));
      assert.deepEqual(takenOf(under, volumeId), [snapshotId]);
      assert.deepEqual(under.disks.restoredOf(volumeId), []);
    });

    test("leave no disk behind, whenever a restore is cancelled", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { generation: 2 });
      const snapshotId = await snapshotOf(under, volumeId);
      const request = { snapshotId, volumeType: "Premium_LRS", zone: "", iops: undefined };
      const answered: string[] = [];
      for (const beats of BEATS) {
        const made = await cancelAfter(beats, beat, (signal) =>
          under.snapshotter.createVolumeFromSnapshot(request, { signal }),
        );
        if (made !== undefined) answered.push(made);
      }
      await waitFor(
        "no disk but those that were answered",
        () => {
          const made = under.disks.restoredOf(volumeId);
          const strange = made.filter((id) => !answered.some((name) => id.endsWith(`/${name}`)));
          return strange.length === 0 ? true : new Pending(strange.join());
        },
        { logs: "the test's own output" },
      );
      for (const one of answered) assert.equal(seen(under, one).generation, 2);
    });

    test("take one snapshot in the end, whenever the first call for it is cancelled", async () => {
      const under = subject();
      for (const beats of BEATS) {
        const { volumeId } = newDisk(under, { generation: 1 });
        const tags = tagsOf("nightly", volumeId);
        await cancelAfter(beats, beat, (signal) =>
          under.snapshotter.createSnapshot({ volumeId, zone: "", tags }, { signal }),
        );
        const snapshot = await snapshotOf(under, volumeId, tags);
        assert.deepEqual(takenOf(under, volumeId), [snapshot], `after ${beats} beats`);
        assert.equal(seen(under, await restore(under, snapshot)).generation, 1);
      }
    });
  });
}

/** What the call resolved to, undefined when it was cancelled before; every other end is an error. */
async function cancelAfter<T>(
  beats: number,
  beat: VolumeCapabilities["beat"],
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  const called = call(controller.signal).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  for (let i = 0; i < beats; i += 1) await beat();
  controller.abort();
  const ended = await called;
  if ("value" in ended) return ended.value;
  if (failureCode(ended.error) !== "Canceled") throw ended.error;
  return undefined;
}
