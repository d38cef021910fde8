import assert from "node:assert/strict";
import { test } from "node:test";
import { recordWith } from "../record/disk-record.fixture.ts";
import { recordTags } from "../record/disk-record.ts";
import { plan, platformKey, type RestoreCase, snapshotOf, traitsOf } from "./restore-plan.fixture.ts";
import { checkAvailable } from "./restore-plan.ts";

test("maps are looked up and answered in any case", () => {
  const restoreSkuMap = { premiumv2_lrs: "ultrassd_LRS" };
  assert.equal(plan({ volumeType: "PREMIUMV2_LRS", config: { restoreSkuMap } }).disk.sku, "UltraSSD_LRS");
});

test("the kind that Velero kept goes before the record's, and the record's before none", () => {
  assert.equal(plan({ volumeType: "UltraSSD_LRS" }).disk.sku, "UltraSSD_LRS");
  assert.equal(plan({ volumeType: "UltraSSD_LRS" }).unproven, true);
  assert.equal(plan({ volumeType: "" }).disk.sku, "PremiumV2_LRS");
  assert.throws(() => plan({ volumeType: "", bare: true }), { code: "FailedPrecondition" });
});

const zones: ReadonlyArray<readonly [string, RestoreCase, readonly string[], boolean]> = [
  ["as Velero says", { zone: "westeurope-2", traits: { zones: ["2"] } }, ["2"], false],
  ["as Velero says, not as the record does", { zone: "westeurope-2" }, ["2"], true],
  ["as the record says, when Velero does not", { zone: "", traits: { zones: ["3"] } }, ["3"], false],
  ["none, when nobody says", { zone: "", traits: { zones: [] } }, [], false],
  ["none for a fault domain, which has no region", { zone: "1", traits: { zones: [] } }, [], false],
  ["of a region with a dash", { zone: "us-gov-west-3", traits: { zones: ["3"] } }, ["3"], false],
  ["mapped by its number", { config: { restoreZoneMap: { "1": "2" } } }, ["2"], true],
  ["mapped to itself", { config: { restoreZoneMap: { "1": "1" } } }, ["1"], false],
  ["not mapped when it is another", { config: { restoreZoneMap: { "2": "3" } } }, ["1"], false],
  [
    "mapped by its whole name first",
    { config: { restoreZoneMap: { "1": "2", "WestEurope-1": "northeurope-3" } } },
    ["3"],
    true,
  ],
  ["mapped to none", { config: { restoreZoneMap: { "1": "none" } } }, [], true],
  [
    "mapped from none",
    { zone: "", traits: { zones: [] }, config: { restoreZoneMap: { none: "2" } } },
    ["2"],
    true,
  ],
  ["none for zone-redundant kinds", { traits: traitsOf("Premium_ZRS") }, [], false],
  [
    "as Velero says when a zone-redundant disk becomes one that is not",
    {
      traits: traitsOf("Premium_ZRS"),
      zone: "westeurope-3",
      config: { restoreSkuMap: { Premium_ZRS: "Premium_LRS" } },
    },
    ["3"],
    true,
  ],
];
for (const [what, given, wanted, unproven] of zones) {
  test(`the zone is ${what}`, () => {
    const made = plan(given);
    assert.deepEqual(made.disk.zones, wanted);
    assert.equal(made.unproven, unproven);
  });
}

test("a region is the same however it is written", () => {
  assert.equal(plan({ record: { location: "West Europe" } }).unproven, false);
});

test("another subscription has other zones: it is asked", () => {
  assert.equal(plan({ subscriptionId: "another" }).unproven, true);
  assert.equal(plan({ subscriptionId: recordWith({}).place.subscriptionId.toUpperCase() }).unproven, false);
});

test("a snapshot of the official plugin becomes what the official plugin makes of it", () => {
  const { disk, warnings, unproven } = plan({ bare: true, volumeType: "Premium_LRS", zone: "westeurope-2" });
  const told = Object.fromEntries(Object.entries(disk).filter(([, value]) => value !== undefined));
  assert.deepEqual(told, {
    sku: "Premium_LRS",
    zones: ["2"],
    location: "westeurope",
    tags: { team: "a" },
    snapshotId: snapshotOf({}).id,
    encryption: platformKey,
  });
  assert.deepEqual(warnings, []);
  assert.equal(unproven, false);
});

test("a record that somebody damaged is told, and no bare disk made", () => {
  const tags = { ...recordTags(recordWith({})), "velero-azure-disk": "v1;1;00000000;sku=Premium_LRS" };
  assert.throws(() => plan({ bare: true, snapshot: { tags } }), { code: "DataLoss" });
});

const west = [
  { name: "PremiumV2_LRS", zones: new Set(["2", "3"]), restricted: false },
  { name: "UltraSSD_LRS", zones: new Set(["1"]), restricted: true },
  { name: "Premium_ZRS", zones: new Set<string>(), restricted: false },
];
const availabilities: ReadonlyArray<readonly [string, RestoreCase, RegExp | undefined]> = [
  ["has the kind in the zone", { zone: "westeurope-2" }, undefined],
  ["has the zone-redundant kind", { traits: traitsOf("Premium_ZRS") }, undefined],
  ["has not the zone", { zone: "westeurope-1" }, /zone 1 .*zones 2, 3/],
  [
    "has not the kind",
    { traits: traitsOf("StandardSSD_ZRS") },
    /StandardSSD_ZRS .*has PremiumV2_LRS, Premium_ZRS/,
  ],
  ["does not give the kind to this subscription", { traits: traitsOf("UltraSSD_LRS") }, /UltraSSD_LRS/],
];
for (const [what, given, message] of availabilities) {
  test(`when the region ${what}, it is ${message === undefined ? "right" : "refused, with what it has"}`, () => {
    if (message === undefined) {
      assert.doesNotThrow(() => checkAvailable(plan(given), west));
    } else {
      assert.throws(() => checkAvailable(plan(given), west), {
        code: "FailedPrecondition",
        message,
        hint: /restore(Sku|Zone)Map/,
      });
    }
  });
}

const rare = {
  iopsReadOnly: 900,
  throughputReadOnly: 40,
  performancePlus: true,
  dataAccessAuthMode: "AzureActiveDirectory",
};

test("what few disks have is kept where the kind stays, and said to be lost where it does not", () => {
  const { disk, warnings } = plan({ traits: { ...rare, maxShares: 2 } });
  const { iopsReadOnly, throughputReadOnly, performancePlus, dataAccessAuthMode } = disk;
  assert.deepEqual({ iopsReadOnly, throughputReadOnly, performancePlus, dataAccessAuthMode }, rare);
  assert.deepEqual(warnings, []);
  const config = { restoreSkuMap: { PremiumV2_LRS: "UltraSSD_LRS" } };
  const other = plan({ traits: { ...rare, maxShares: 2 }, config });
  assert.equal(other.disk.performancePlus, undefined);
  assert.equal(other.disk.iopsReadOnly, undefined);
  assert.equal(
    other.disk.dataAccessAuthMode,
    "AzureActiveDirectory",
    "a rule about who may read is never lost",
  );
  assert.ok(other.warnings.some((warning) => warning.includes("performance plus")));
});

test("Azure is not told of what only shared disks have", () => {
  assert.equal(plan({ traits: rare }).disk.iopsReadOnly, undefined);
});
