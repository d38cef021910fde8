import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ErrorCode } from "../../../src/errors/error.ts";
import { formatResourceId } from "../../../src/snapshot/resource-id.ts";
import type { PersistentVolume } from "../../../src/snapshot/volume-spec.ts";
import { assertFails, uncancelled } from "../calls.ts";
import { newDisk, restore, seen, snapshotOf } from "./calls.ts";
import type { VolumeSubject } from "./subject.ts";

const METADATA = { name: "pv-1", labels: { app: "db" } };

function csi(volumeHandle: string, driver = "disk.csi.azure.com"): PersistentVolume {
  const source = { driver, volumeHandle, fsType: "ext4", volumeAttributes: { skuName: "Premium_LRS" } };
  return { apiVersion: "v1", kind: "PersistentVolume", metadata: METADATA, spec: { csi: source } };
}

function inTree(diskName: string, diskURI: string, kind = "Managed"): PersistentVolume {
  const azureDisk = { diskName, diskURI, kind, cachingMode: "ReadOnly" };
  return { apiVersion: "v1", kind: "PersistentVolume", metadata: METADATA, spec: { azureDisk } };
}

export function volumeIdTests(subject: () => VolumeSubject): void {
  const idHere = (name: string): string => formatResourceId("disks", { ...subject().here, name });
  const idElsewhere = (name: string): string => formatResourceId("disks", { ...subject().elsewhere, name });
  const idOf = async (volume: PersistentVolume): Promise<string> => subject().snapshotter.volumeIdOf(volume);

  describe("a volume's ID", () => {
    const table: ReadonlyArray<readonly [string, () => PersistentVolume, () => string]> = [
      ["is the name of a disk of the location's place (CSI)", () => csi(idHere("d1")), () => "d1"],
      ["is that whatever the handle's case", () => csi(otherCase(idHere("d1"))), () => "d1"],
      ["is a resource ID where the disk is elsewhere", () => csi(idElsewhere("d1")), () => idElsewhere("d1")],
      ["is empty for another CSI driver", () => csi("share#1", "file.csi.azure.com"), () => ""],
      ["is the name of an in-tree disk", () => inTree("d2", idHere("d2")), () => "d2"],
      ["is that where only the name is known", () => inTree("d2", ""), () => "d2"],
      [
        "is a resource ID where an in-tree disk is elsewhere",
        () => inTree("d2", idElsewhere("d2")),
        () => idElsewhere("d2"),
      ],
      ["is empty for what is no Azure disk", () => ({ spec: { nfs: { server: "s", path: "/" } } }), () => ""],
      ["is empty where there is no source at all", () => ({ metadata: METADATA }), () => ""],
    ];
    for (const [what, volume, id] of table) {
      test(what, async () => assert.equal(await idOf(volume()), id()));
    }

    const unreadable: ReadonlyArray<readonly [string, () => PersistentVolume]> = [
      ["without a handle", () => csi("")],
      ["whose handle is no disk", () => csi("d1")],
      ["in-tree without a name", () => inTree("", "")],
    ];
    for (const [what, volume] of unreadable) {
      test(`of an Azure disk ${what} is an error: empty, the volume would be left out`, async () => {
        await assertFails("InvalidArgument", idOf(volume()));
      });
    }

    const changed = async (volume: PersistentVolume, id: string): Promise<PersistentVolume> =>
      subject().snapshotter.withVolumeId(volume, id);

    test("can be put into a CSI volume, of which all else stays", async () => {
      const from = csi(idHere("d1"));
      assert.deepEqual(await changed(from, "restored"), csi(idHere("restored")));
      assert.deepEqual(await changed(from, idElsewhere("restored")), csi(idElsewhere("restored")));
    });

    test("can be put into an in-tree volume, of which all else stays", async () => {
      const from = inTree("d1", idElsewhere("d1"));
      assert.deepEqual(await changed(from, "restored"), inTree("restored", idHere("restored")));
    });

    for (const volume of [csi("x", "other.csi"), { spec: { nfs: { server: "s", path: "/" } } }]) {
      test(`cannot be put into ${JSON.stringify(volume.spec)}`, async () => {
        await assertFails("InvalidArgument", changed(volume, "restored"));
      });
    }
  });

  describe("a disk is found", () => {
    const forms: ReadonlyArray<readonly [string, (id: string, name: string) => string]> = [
      ["by its name", (_, name) => name],
      ["by its resource ID", (id) => id],
      ["by its resource ID in another case", otherCase],
    ];
    for (const [what, form] of forms) {
      test(what, async () => {
        const under = subject();
        const { volumeId, id } = newDisk(under, { sku: "StandardSSD_LRS", generation: 1 });
        const asked = form(id, volumeId);
        const info = await under.snapshotter.volumeInfo(asked, uncancelled());
        assert.deepEqual(info, { volumeType: "StandardSSD_LRS", iops: undefined });
        assert.equal(seen(under, await restore(under, await snapshotOf(under, asked))).generation, 1);
      });
    }

    test("elsewhere too, by its resource ID", async () => {
      const under = subject();
      const { volumeId } = newDisk(under, { sku: "Standard_LRS", generation: 4 }, under.elsewhere);
      const info = await under.snapshotter.volumeInfo(volumeId, uncancelled());
      assert.equal(info.volumeType, "Standard_LRS");
      const restored = await restore(under, await snapshotOf(under, volumeId));
      assert.equal(seen(under, restored).generation, 4);
    });

    test("where a PersistentVolume says, and the restored one where the changed PersistentVolume does", async () => {
      const under = subject();
      const { id } = newDisk(under, { generation: 6 });
      const volume = csi(id);
      const restored = await restore(under, await snapshotOf(under, await idOf(volume)));
      const next = await under.snapshotter.withVolumeId(volume, restored);
      assert.notDeepEqual(next, volume);
      assert.equal(seen(under, await idOf(next)).generation, 6);
    });

    const absent: ReadonlyArray<readonly [string, string, ErrorCode]> = [
      ["no disk has the name", "no-such-disk", "NotFound"],
      ["it is neither name nor resource ID", "a/b", "InvalidArgument"],
      ["it is empty", "", "InvalidArgument"],
      [
        "it is a snapshot's",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/s",
        "InvalidArgument",
      ],
    ];
    for (const [what, volumeId, code] of absent) {
      test(`by no volume ID where ${what}`, async () => {
        const under = subject();
        await assertFails(code, under.snapshotter.volumeInfo(volumeId, uncancelled()));
        await assertFails(code, snapshotOf(under, volumeId));
      });
    }
  });
}

/** Azure compares resource IDs without regard to case, and its own tools spell them in several ways. */
export function otherCase(id: string): string {
  return id
    .replace("/resourceGroups/", "/resourcegroups/")
    .replace("Microsoft.Compute/", "microsoft.compute/");
}
