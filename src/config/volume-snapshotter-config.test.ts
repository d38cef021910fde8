import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVolumeSnapshotterConfig } from "./volume-snapshotter-config.ts";

const set = "/subscriptions/s-1/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/one";
const lowerSet = "subscriptions/s-1/resourcegroups/keys/providers/microsoft.compute/diskencryptionsets/one/";

test("every key of a volume snapshotter is read", () => {
  const { config, warnings } = parseVolumeSnapshotterConfig({
    apiTimeout: "1m30s",
    resourceGroup: "snapshots",
    subscriptionId: "s-1",
    incremental: "T",
    tags: "team=a, env = b,empty=",
    activeDirectoryAuthorityURI: "login.example.com/",
    credentialsFile: "/credentials/cloud",
    apiVersion: "2019-07-01",
    snapshotSku: "standard_zrs",
    restoreSkuMap: "premium_lrs=Premium_zrs, UltraSSD_LRS = PremiumV2_LRS",
    restoreZoneMap: "1=2,WestEurope-2=northeurope-3,3=none",
    diskEncryptionSetId: lowerSet,
    restoreResourceGroup: "restored",
    waitForCopy: "1",
    copyTimeout: "90m",
    copyToRegion: "North Europe",
    copyResourceGroup: "copies",
    copyDiskEncryptionSetId: lowerSet,
  });
  assert.deepEqual(
    { ...config },
    {
      apiTimeout: 90_000,
      resourceGroup: "snapshots",
      subscriptionId: "s-1",
      incremental: true,
      tags: { team: "a", env: "b", empty: "" },
      activeDirectoryAuthorityURI: "https://login.example.com",
      credentialsFile: "/credentials/cloud",
      apiVersion: "2019-07-01",
      snapshotSku: "Standard_ZRS",
      restoreSkuMap: { Premium_LRS: "Premium_ZRS", UltraSSD_LRS: "PremiumV2_LRS" },
      restoreZoneMap: { "1": "2", "WestEurope-2": "northeurope-3", "3": "none" },
      diskEncryptionSetId: set,
      restoreResourceGroup: "restored",
      waitForCopy: true,
      copyTimeout: 5_400_000,
      copyToRegion: "northeurope",
      copyResourceGroup: "copies",
      copyDiskEncryptionSetId: set,
      caCert: undefined,
      caCertEncoded: false,
    },
  );
  assert.deepEqual(warnings, []);
});

test("what is absent stays absent: incremental is left to Azure", () => {
  const { config } = parseVolumeSnapshotterConfig({});
  assert.equal(config.incremental, undefined);
  assert.equal(config.apiTimeout, undefined);
  assert.equal(config.tags, undefined);
  assert.equal(config.waitForCopy, false);
  assert.equal(config.restoreSkuMap, undefined);
});

const bad: ReadonlyArray<readonly [string, string]> = [
  ["apiTimeout", "2"],
  ["apiTimeout", "-1m"],
  ["apiTimeout", "0s"],
  ["incremental", "yes"],
  ["tags", "team"],
  ["tags", "team=a=b"],
  ["tags", "=a"],
  ["tags", "a=b,"],
  ["storageAccount", "acc"],
  ["activeDirectoryAuthorityURI", "ftp://x"],
  ["snapshotSku", "StandardSSD_LRS"],
  ["restoreSkuMap", "Premium_LRS"],
  ["restoreSkuMap", "Premium_LRS="],
  ["restoreSkuMap", "Premium_LRS=Premium_ZRS,premium_lrs=UltraSSD_LRS"],
  ["restoreZoneMap", "1=2=3"],
  ["restoreZoneMap", "1=two"],
  ["restoreZoneMap", "1=2,"],
  ["diskEncryptionSetId", "one"],
  ["diskEncryptionSetId", set.replace("diskEncryptionSets", "disks")],
  ["copyToRegion", "(Europe) North Europe"],
  ["copyTimeout", "4"],
  ["waitForCopy", "yes"],
];

for (const [key, value] of bad) {
  test(`${key}=${value} is refused by name`, () => {
    assert.throws(() => parseVolumeSnapshotterConfig({ [key]: value }), {
      code: "InvalidArgument",
      message: new RegExp(key),
    });
  });
}

test("a map that cannot be read is called a map, not tags", () => {
  assert.throws(() => parseVolumeSnapshotterConfig({ restoreSkuMap: "x" }), { message: /is not a map/ });
});

test("a kind of disk that is not known is let through with a warning that says which was meant", () => {
  const { config, warnings } = parseVolumeSnapshotterConfig({
    restoreSkuMap: "Premum_LRS=Premium_ZRS,UltraSSD_LRS=Holographic_LRS",
  });
  assert.deepEqual(config.restoreSkuMap, { Premum_LRS: "Premium_ZRS", UltraSSD_LRS: "Holographic_LRS" });
  assert.deepEqual(warnings, [
    'restoreSkuMap: no kind of disk is known as "Premum_LRS" (did you mean Premium_LRS?) or "Holographic_LRS"',
  ]);
});

const together: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, RegExp]> = [
  ["a region without a group for the copies", { copyToRegion: "northeurope" }, /copyResourceGroup/],
  [
    "an encryption set for copies without a region",
    {
      copyDiskEncryptionSetId:
        "/subscriptions/s-1/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/north",
    },
    /copyToRegion/,
  ],
  ["a group for copies without a region", { copyResourceGroup: "copies" }, /copyToRegion/],
  [
    "copies of snapshots that are not incremental",
    { copyToRegion: "northeurope", copyResourceGroup: "copies", incremental: "false" },
    /incremental/,
  ],
  [
    "incremental snapshots in premium storage",
    { incremental: "true", snapshotSku: "Premium_LRS" },
    /snapshotSku/,
  ],
  [
    "copies in premium storage",
    { copyToRegion: "northeurope", copyResourceGroup: "copies", snapshotSku: "premium_lrs" },
    /snapshotSku/,
  ],
];

for (const [what, raw, message] of together) {
  test(`${what} are refused before any snapshot is taken`, () => {
    assert.throws(() => parseVolumeSnapshotterConfig(raw), { code: "InvalidArgument", message });
  });
}

test("copies are incremental without being told, or when told so", () => {
  const copies = { copyToRegion: "northeurope", copyResourceGroup: "copies" };
  assert.equal(parseVolumeSnapshotterConfig(copies).config.incremental, undefined);
  assert.equal(parseVolumeSnapshotterConfig({ ...copies, incremental: "true" }).config.incremental, true);
});
