import assert from "node:assert/strict";
import { test } from "node:test";
import { diskOf, type PersistentVolume, volumeIdOf, withVolumeId } from "./volume-spec.ts";

const disks = { subscriptionId: "s-1", resourceGroup: "nodes" };
const here = "/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/d1";
const elsewhere = "/subscriptions/s-2/resourceGroups/apps/providers/Microsoft.Compute/disks/d1";

function csi(volumeHandle: string, driver = "disk.csi.azure.com"): PersistentVolume {
  return {
    metadata: { name: "pv-1" },
    spec: { capacity: { storage: "1Gi" }, csi: { driver, volumeHandle, fsType: "ext4" } },
  };
}

const block = { volumeMode: "Block", accessModes: ["ReadWriteMany"] };

const ids: ReadonlyArray<readonly [string, PersistentVolume, string]> = [
  ["a CSI volume in the credentials' place has its disk's name", csi(here), "d1"],
  [
    "a CSI volume whose handle is spelled in another case has its disk's name",
    csi("/subscriptions/S-1/resourcegroups/NODES/providers/microsoft.compute/Disks/d1"),
    "d1",
  ],
  ["a CSI volume of another place keeps its resource ID", csi(elsewhere), elsewhere],
  ["a volume of another CSI driver has none", csi("share#1", "file.csi.azure.com"), ""],
  ["an in-tree volume has its disk's name", { spec: { azureDisk: { diskName: "d2", diskURI: "" } } }, "d2"],
  [
    "an in-tree volume of another place keeps its resource ID",
    { spec: { azureDisk: { diskName: "d1", diskURI: elsewhere } } },
    elsewhere,
  ],
  [
    "an in-tree volume that is migrated to the CSI driver has its disk's name",
    {
      metadata: {
        name: "pv-1",
        annotations: {
          "pv.kubernetes.io/provisioned-by": "kubernetes.io/azure-disk",
          "pv.kubernetes.io/migrated-to": "disk.csi.azure.com",
        },
      },
      spec: { azureDisk: { diskName: "d1", diskURI: here, kind: "Managed" } },
    },
    "d1",
  ],
  [
    "a block volume that several machines share has its disk's name",
    { spec: { ...block, csi: { driver: "disk.csi.azure.com", volumeHandle: here } } },
    "d1",
  ],
  [
    "an in-tree volume whose address is spelled in another case has its disk's name",
    {
      spec: { azureDisk: { diskName: "d1", diskURI: here.toUpperCase(), kind: "Managed" } },
    },
    "d1",
  ],
  ["a volume that is no Azure disk has none", { spec: { hostPath: { path: "/x" } } }, ""],
  ["a volume without a spec has none", {}, ""],
];

for (const [what, volume, id] of ids) {
  test(what, () => {
    assert.equal(volumeIdOf(volume, disks), id);
  });
}

const unreadable: ReadonlyArray<readonly [string, PersistentVolume]> = [
  ["without a handle", csi("")],
  ["whose handle is no resource ID", csi("d1")],
  ["in-tree without a disk name", { spec: { azureDisk: { diskName: "" } } }],
];

for (const [what, volume] of unreadable) {
  test(`an Azure disk ${what} is an error and not left out`, () => {
    assert.throws(() => volumeIdOf(volume, disks), { code: "InvalidArgument" });
  });
}

const vhd = "https://account.blob.core.windows.net/vhds/d1.vhd";
for (const azureDisk of [
  { diskName: "d1.vhd", diskURI: vhd, kind: "Dedicated" },
  { diskName: "d1.vhd", diskURI: vhd },
  { diskName: "d1.vhd", kind: "Shared" },
]) {
  test(`a disk that is a blob (${JSON.stringify(azureDisk)}) is refused with what can be done`, () => {
    assert.throws(() => volumeIdOf({ metadata: { name: "pv-1" }, spec: { azureDisk } }, disks), {
      code: "FailedPrecondition",
      message: /"pv-1".*managed disks/,
      hint: /backup-volumes/,
    });
  });
}

test("a CSI volume gets the restored disk's handle and keeps everything else", () => {
  const { spec, ...rest } = withVolumeId(csi(elsewhere), "restore-1", disks) as { spec: { csi: object } };
  assert.deepEqual(rest, { metadata: { name: "pv-1" } });
  assert.deepEqual(spec, {
    capacity: { storage: "1Gi" },
    csi: {
      driver: "disk.csi.azure.com",
      volumeHandle: here.replace("d1", "restore-1"),
      fsType: "ext4",
    },
  });
});

test("an in-tree volume gets the restored disk's name and address", () => {
  const volume = { spec: { azureDisk: { diskName: "d1", diskURI: "x", kind: "Managed" } } };
  assert.deepEqual(withVolumeId(volume, elsewhere, disks), {
    spec: { azureDisk: { diskName: "d1", diskURI: elsewhere, kind: "Managed" } },
  });
});

for (const volume of [csi("x", "other.csi"), { spec: {} }, {}]) {
  test(`a disk cannot be put into ${JSON.stringify(volume)}`, () => {
    assert.throws(() => withVolumeId(volume, "d1", disks), { code: "InvalidArgument" });
  });
}

test("a volume ID of an older backup, a plain name, means a disk in the credentials' place", () => {
  assert.deepEqual(diskOf("d1", disks), { ...disks, name: "d1" });
  assert.deepEqual(diskOf(elsewhere, disks), { subscriptionId: "s-2", resourceGroup: "apps", name: "d1" });
  assert.throws(() => diskOf("a/b", disks), { code: "InvalidArgument" });
  assert.throws(() => diskOf("", disks), { code: "InvalidArgument" });
});
