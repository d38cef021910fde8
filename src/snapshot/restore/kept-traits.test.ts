import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskTraits } from "../../azure/resource-manager/disk.ts";
import { DISK_SKUS } from "../../config/sku-names.ts";
import { kindOf } from "./disk-kinds.ts";
import { plan, platformKey, type RestoreCase, snapshotOf, traitsOf } from "./restore-plan.fixture.ts";

const gone = { iops: undefined, throughput: undefined };

for (const sku of DISK_SKUS) {
  test(`a ${sku} disk comes back as it was, without a question or a warning`, () => {
    const was = traitsOf(sku);
    const { disk, warnings, unproven } = plan({ traits: was });
    const fixed = kindOf(sku)?.chosen === undefined ? gone : {};
    const { snapshotId, location, tags, ...traits } = disk;
    assert.deepEqual(traits, { ...was, ...fixed });
    assert.equal(location, "westeurope");
    assert.equal(snapshotId, snapshotOf({}).id);
    assert.deepEqual(tags, { team: "a" });
    assert.deepEqual(warnings, []);
    assert.equal(unproven, false);
  });
}

for (const from of DISK_SKUS) {
  for (const to of DISK_SKUS.filter((sku) => sku !== from)) {
    test(`a ${from} disk becomes a ${to} one with nothing that Azure would refuse, and what is lost is told`, () => {
      const was = traitsOf(from);
      const { disk, warnings, unproven } = plan({ traits: was, config: { restoreSkuMap: { [from]: to } } });
      const kind = kindOf(to);
      const old = kindOf(from);
      assert.equal(disk.sku, to);
      assert.equal(unproven, true);
      assert.deepEqual(disk.zones, kind?.zoneRedundant === true ? [] : ["1"]);
      const both = old?.chosen !== undefined && kind?.chosen !== undefined;
      assert.equal(disk.tier, old?.tiers === true && kind?.tiers === true ? "P40" : undefined);
      assert.equal(disk.burstingEnabled, old?.tiers === true && kind?.tiers === true ? true : undefined);
      assert.equal(disk.iops, both ? 5000 : undefined);
      assert.equal(disk.throughput, both ? 200 : undefined);
      assert.equal(disk.logicalSectorSize, kind?.chosen === undefined ? undefined : 512);
      assert.equal(disk.maxShares, to === "Standard_LRS" ? undefined : was.maxShares);
      assert.equal(disk.osType, kind?.bootable === true ? was.osType : undefined);
      const lost = [
        old?.tiers === true && kind?.tiers !== true ? ["P40", "bursting"] : [],
        old?.chosen !== undefined && kind?.chosen === undefined ? ["5000 IOPS"] : [],
        was.maxShares !== undefined && to === "Standard_LRS" ? ["shared"] : [],
        was.osType !== undefined && kind?.bootable === false ? ["start from"] : [],
      ].flat();
      assert.equal(warnings.length, lost.length, warnings.join("; "));
      for (const word of lost)
        assert.ok(
          warnings.some((sentence) => sentence.includes(word)),
          word,
        );
    });
  }
}

for (const to of DISK_SKUS) {
  const allowed = kindOf(to)?.chosen !== undefined;
  test(`4096-byte sectors ${allowed ? "stay" : "are refused"} when they become ${to}`, () => {
    for (const from of ["PremiumV2_LRS", "UltraSSD_LRS"]) {
      const mapped = { traits: { sku: from }, config: { restoreSkuMap: { [from]: to } } };
      if (allowed) {
        assert.equal(plan(mapped).disk.logicalSectorSize, 4096);
      } else {
        assert.throws(() => plan(mapped), { code: "FailedPrecondition", hint: /PremiumV2_LRS/ });
      }
    }
  });
}

const performances: ReadonlyArray<
  readonly [string, string, readonly [number, number], number, readonly [number, number]]
> = [
  ["PremiumV2_LRS", "UltraSSD_LRS", [3000, 125], 1024, [3000, 125]],
  ["UltraSSD_LRS", "PremiumV2_LRS", [100, 5], 1024, [3000, 125]],
  ["UltraSSD_LRS", "PremiumV2_LRS", [200_000, 5000], 1024, [80_000, 1200]],
  ["UltraSSD_LRS", "PremiumV2_LRS", [20_000, 900], 8, [4000, 900]],
  ["PremiumV2_LRS", "UltraSSD_LRS", [3000, 600], 1, [1000, 250]],
];
for (const [from, to, [iops, throughput], size, wanted] of performances) {
  test(`${iops} IOPS and ${throughput} MB/s of a ${from} disk of ${size} GiB become ${wanted.join(" and ")} with ${to}`, () => {
    const { disk, warnings } = plan({
      traits: { sku: from, iops, throughput },
      snapshot: { sizeBytes: size * 2 ** 30 },
      config: { restoreSkuMap: { [from]: to } },
    });
    assert.deepEqual([disk.iops, disk.throughput], wanted);
    assert.equal(warnings.length, wanted[0] === iops && wanted[1] === throughput ? 0 : 1);
  });
}

test("IOPS that Velero asks for go before the disk's own, where they can be chosen", () => {
  assert.equal(plan({ iops: 9000n }).disk.iops, 9000);
  assert.equal(plan({ traits: traitsOf("Premium_LRS"), iops: 9000n }).disk.iops, undefined);
});

test("more machines than the new kind allows for this size become fewer, and that is told", () => {
  const { disk, warnings } = plan({
    traits: { maxShares: 15, logicalSectorSize: 512 },
    config: { restoreSkuMap: { PremiumV2_LRS: "Premium_LRS" } },
  });
  assert.equal(disk.maxShares, 5);
  assert.ok(warnings.some((sentence) => sentence.includes("15")));
});

test("a kind that came after this version keeps what no kind refuses, and that is told", () => {
  const { disk, warnings, unproven } = plan({ traits: { sku: "PremiumV9_LRS", maxShares: 3 } });
  assert.deepEqual(
    [disk.sku, disk.iops, disk.logicalSectorSize, disk.maxShares],
    ["PremiumV9_LRS", undefined, 4096, 3],
  );
  assert.equal(warnings.length, 1);
  assert.equal(unproven, false);
});

test("the size of sectors that Azure keeps in a snapshot is enough", () => {
  const bare = { bare: true, volumeType: "UltraSSD_LRS", snapshot: { logicalSectorSize: 4096 } };
  assert.equal(plan(bare).disk.logicalSectorSize, 4096);
  assert.throws(() => plan({ ...bare, volumeType: "Premium_LRS" }), { code: "FailedPrecondition" });
});

const setOf = (name: string): string =>
  `/subscriptions/s-1/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/${name}`;
const keyed = (name: string, type = "EncryptionAtRestWithCustomerKey"): DiskTraits["encryption"] => ({
  type,
  diskEncryptionSetId: setOf(name),
});
const both = "EncryptionAtRestWithPlatformAndCustomerKeys";
const away = { location: "northeurope" };

const encryptions: ReadonlyArray<readonly [string, RestoreCase, DiskTraits["encryption"]]> = [
  [
    "the platform's, untold",
    { traits: { encryption: { type: "EncryptionAtRestWithPlatformKey", diskEncryptionSetId: undefined } } },
    platformKey,
  ],
  ["the disk's", { traits: { encryption: keyed("own", both) } }, keyed("own", both)],
  [
    "the location's instead of the disk's, of the same type",
    { traits: { encryption: keyed("own", both) }, config: { diskEncryptionSetId: setOf("other") } },
    keyed("other", both),
  ],
  [
    "the location's where there was none",
    { config: { diskEncryptionSetId: setOf("other") } },
    keyed("other"),
  ],
  [
    "the snapshot's where nothing is recorded",
    { bare: true, snapshot: { encryption: keyed("own") } },
    keyed("own"),
  ],
  [
    "the copy's in another region",
    { traits: { encryption: keyed("own", both) }, snapshot: { ...away, encryption: keyed("there", both) } },
    keyed("there", both),
  ],
  [
    "the location's in another region",
    { traits: { encryption: keyed("own") }, snapshot: away, config: { diskEncryptionSetId: setOf("there") } },
    keyed("there"),
  ],
];
for (const [what, given, wanted] of encryptions) {
  test(`the key is ${what}`, () => {
    assert.deepEqual(plan(given).disk.encryption, wanted);
  });
}

for (const traits of [{ encryption: keyed("own") }, { secureVMDiskEncryptionSetId: setOf("own") }]) {
  test(`a disk with ${Object.keys(traits).join()} never gets the platform's key in another region instead`, () => {
    assert.throws(() => plan({ traits, snapshot: away }), {
      code: "FailedPrecondition",
      message: /own/,
      hint: /diskEncryptionSetId/,
    });
  });
}

test("in another region everything but the key and the disk access is as it was, and the region is asked first", () => {
  const diskAccessId = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/diskAccesses/a";
  const traits = { networkAccessPolicy: "AllowPrivate", diskAccessId, publicNetworkAccess: "Disabled" };
  const here = plan({ traits });
  assert.equal(here.disk.diskAccessId, diskAccessId);
  assert.equal(here.disk.networkAccessPolicy, "AllowPrivate");
  const { disk, warnings, unproven } = plan({ traits, snapshot: away });
  assert.equal(disk.location, "northeurope");
  assert.deepEqual(disk, {
    ...here.disk,
    location: "northeurope",
    diskAccessId: undefined,
    networkAccessPolicy: "DenyAll",
  });
  assert.equal(warnings.length, 1);
  assert.equal(unproven, true);
});
