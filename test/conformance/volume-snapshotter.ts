import { after, before, describe } from "node:test";
import { cancellationTests } from "./volumes/cancellation.ts";
import { deletionTests } from "./volumes/deletion.ts";
import { pointInTimeTests } from "./volumes/points-in-time.ts";
import { repetitionTests } from "./volumes/repetition.ts";
import { sideBySideTests } from "./volumes/side-by-side.ts";
import type { SnapshotterUnderTest, VolumeCapabilities, VolumeSubject } from "./volumes/subject.ts";
import { volumeIdTests } from "./volumes/volume-ids.ts";

/**
 * The contract of src/snapshot/snapshotter.ts, as tests. A driver joins by giving what makes it and a way to look at its
 * disks from outside:
 *
 *     describeVolumeSnapshotter("memory", async () => ({ snapshotter, disks, … }), { beat });
 */
export function describeVolumeSnapshotter(
  name: string,
  open: () => Promise<SnapshotterUnderTest>,
  capabilities: VolumeCapabilities,
): void {
  const { concurrency = 1 } = capabilities;
  describe(`volume snapshotter: ${name}`, { concurrency }, () => {
    let opened: SnapshotterUnderTest | undefined;
    let named = 0;
    const fresh = (what: string): string => {
      named += 1;
      return `${what}-${named}`;
    };
    const subject = (): VolumeSubject => {
      if (opened === undefined) {
        throw new Error("the snapshotter is opened before the first test");
      }
      return { ...opened, fresh };
    };
    before(async () => {
      opened = await open();
    });
    after(async () => {
      await opened?.snapshotter.close();
      await opened?.close();
    });
    pointInTimeTests(subject);
    volumeIdTests(subject);
    deletionTests(subject);
    repetitionTests(subject);
    sideBySideTests(subject);
    cancellationTests(subject, capabilities);
  });
}
