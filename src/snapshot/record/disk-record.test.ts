import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { DiskTraits } from "../../azure/resource-manager/disk.ts";
import { type DiskRecord, isRecordTag, readRecord, recordOf, recordTags } from "./disk-record.ts";
import { recordWith, v2Traits } from "./disk-record.fixture.ts";

const set = (subscription: string, group: string, name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Compute/diskEncryptionSets/${name}`;
const encrypted = (diskEncryptionSetId: string): Partial<DiskTraits> => ({
  encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId },
});
const { subscriptionId, resourceGroup } = recordWith({}).place;

test("a record is one tag that a person can read", () => {
  const record = recordWith(encrypted(set(subscriptionId, resourceGroup, "keys")));
  const tags = recordTags(record);
  assert.deepEqual(Object.keys(tags), ["velero-azure-disk"]);
  assert.match(
    tags["velero-azure-disk"] ?? "",
    /^v1;1;[0-9a-f]{8};location=westeurope;subscription=11111111-1111-1111-1111-111111111111;group=MC_nodes;sku=PremiumV2_LRS;iops=5000;mbps=200;sector=4096;encryption=EncryptionAtRestWithCustomerKey;key=keys;network=AllowAll;public=Enabled;zones=1$/,
  );
});

/** What version 0.1 wrote: later ones must read it for ever. */
const written = {
  "velero-azure-disk":
    "v1;2;3c95f949;location=westeurope;subscription=11111111-1111-1111-1111-111111111111;group=MC_nodes;sku=PremiumV2_LRS;iops=5000;mbps=200;sector=4096;encryption=EncryptionAtRestWithCustomerKey;key=other/keys;network=AllowAll;public=Enabled;zones=1;copyregion",
  "velero-azure-disk-2": "=northeurope;copygroup=copies",
};

test("a record of this format's first version is read", () => {
  const copy = { region: "northeurope", resourceGroup: "copies" };
  const record = recordWith(encrypted(set(subscriptionId, "other", "keys")), { copy });
  assert.deepEqual(recordTags(record), written);
  assert.deepEqual(readRecord(written), record);
});

test("tags may have lost their case and be among others", () => {
  const tags = Object.entries(written).map(([name, value]) => [name.toUpperCase(), value]);
  assert.equal(readRecord({ team: "a", ...Object.fromEntries(tags) })?.disk.sku, "PremiumV2_LRS");
});

test("a snapshot without record has none, and that is no error", () => {
  assert.equal(readRecord({}), undefined);
  assert.equal(readRecord({ "velero.io-backup": "b", "velero-azure-diskette": "x" }), undefined);
});

const first = written["velero-azure-disk"];
const second = written["velero-azure-disk-2"];
const damages: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  ["whose first part is lost", { "velero-azure-disk-2": second }],
  ["whose last part is lost", { "velero-azure-disk": first }],
  ["whose first part is empty", { ...written, "velero-azure-disk": "" }],
  ["that was changed by hand", { ...written, "velero-azure-disk": first.replace("5000", "9000") }],
  ["that was cut", { ...written, "velero-azure-disk-2": second.slice(0, -1) }],
  ["whose sum was changed", { ...written, "velero-azure-disk": first.replace("3c9", "000") }],
  ["that is something else", { "velero-azure-disk": "mine" }],
  ["that says it has no part", { ...written, "velero-azure-disk": first.replace("v1;2", "v1;0") }],
  ["of version zero", { ...written, "velero-azure-disk": first.replace("v1", "v0") }],
];
for (const [what, tags] of damages) {
  test(`a record ${what} is an error that says what can be done`, () => {
    assert.throws(() => readRecord(tags), { code: "DataLoss", hint: /by hand.*remove the tags/ });
  });
}

test("a record that a later version wrote is refused, and the version told", () => {
  const later = { "velero-azure-disk": "v2;whatever comes then" };
  assert.throws(() => readRecord(later), { code: "InvalidArgument", message: /format 2/ });
});

function signed(fields: string): Readonly<Record<string, string>> {
  const sum = createHash("sha256").update(fields).digest("hex").slice(0, 8);
  return { "velero-azure-disk": `v1;1;${sum};${fields}` };
}

test("fields that a later version added are overlooked", () => {
  const fields = "location=l;subscription=s;group=g;sku=Premium_LRS;colour=red;flag";
  assert.equal(readRecord(signed(fields))?.disk.sku, "Premium_LRS");
});

for (const fields of ["sku=Premium_LRS", "location=l;subscription=s;group=g;sku=%E0%A4%A", ""]) {
  test(`"${fields}" is no record, though its sum is right`, () => {
    assert.throws(() => readRecord(signed(fields)), { code: "DataLoss" });
  });
}

test("names of record tags are known in any case, and no others", () => {
  for (const name of ["velero-azure-disk", "VELERO-azure-disk-2", "velero-azure-disk-12"]) {
    assert.ok(isRecordTag(name), name);
  }
  for (const name of [
    "velero-azure-disks",
    "velero-azure-disk-",
    "velero-azure-disk-0",
    "my-velero-azure-disk",
  ]) {
    assert.ok(!isRecordTag(name), name);
  }
});

test("what a disk has beyond its traits is not recorded", () => {
  const disk = {
    ...v2Traits,
    id: "/x",
    name: "d1",
    location: "westeurope",
    tags: { a: "b" },
    sizeBytes: 1,
    uniqueId: "u",
    provisioningState: "Succeeded",
    diskState: "Attached",
  };
  assert.deepEqual(recordOf(disk, { subscriptionId, resourceGroup }, undefined), recordWith({}));
});

/** Numbers that are the same in every run: a failure must be seen again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const odd = [
  "",
  "a",
  ";",
  "=",
  "%",
  "%3B",
  ",",
  "/",
  "//",
  " ",
  "\n",
  "ä",
  "😀",
  "\u0000",
  "~",
  "'\"",
  "x".repeat(90),
];

function generated(next: (below: number) => number): DiskRecord {
  const pick = <T>(...items: readonly T[]): T => items[next(items.length)] as T; // next is below the length
  const text = (): string => Array.from({ length: next(4) }, () => pick(...odd)).join("");
  const perhaps = <T>(make: () => T): T | undefined => (next(3) === 0 ? undefined : make());
  const place = { subscriptionId: text(), resourceGroup: text() };
  const id = (): string =>
    pick(
      text(),
      set(place.subscriptionId, place.resourceGroup, text()),
      set(place.subscriptionId, text(), text()),
      set(text(), text(), text()),
      set(text(), text(), text()).replace("diskEncryptionSets", "diskAccesses"),
      set(place.subscriptionId, place.resourceGroup, "keys").toLowerCase(),
      `/${text()}/${text()}`,
    );
  return {
    location: text(),
    place,
    disk: {
      sku: text(),
      tier: perhaps(text),
      iops: perhaps(() => next(400_000)),
      throughput: perhaps(() => next(10_000) + 0.5),
      iopsReadOnly: perhaps(() => next(400_000)),
      throughputReadOnly: perhaps(() => next(10_000)),
      performancePlus: perhaps(() => next(2) === 0),
      dataAccessAuthMode: perhaps(text),
      logicalSectorSize: perhaps(() => pick(512, 4096)),
      encryption: { type: perhaps(text), diskEncryptionSetId: perhaps(id) },
      networkAccessPolicy: perhaps(text),
      diskAccessId: perhaps(id),
      publicNetworkAccess: perhaps(text),
      burstingEnabled: perhaps(() => next(2) === 0),
      maxShares: perhaps(() => next(16)),
      zones: Array.from({ length: next(4) }, text),
      osType: perhaps(text),
      hyperVGeneration: perhaps(text),
      securityType: perhaps(text),
      secureVMDiskEncryptionSetId: perhaps(id),
    },
    copy: perhaps(() => ({ region: text(), resourceGroup: text() })),
  };
}

test("every disk comes back as it was, in tags that Azure takes, whatever its names are", () => {
  const next = generator(5);
  for (let round = 0; round < 3000; round += 1) {
    const record = generated(next);
    const tags = recordTags(record);
    assert.deepEqual(readRecord(tags), record);
    const entries = Object.entries(tags);
    assert.ok(entries.length < 47, "room for three of Velero's is left");
    for (const [name, value] of entries) {
      assert.ok(isRecordTag(name));
      assert.match(value, /^[\u0021-\u007e]{1,256}$/);
    }
  }
});

test("a part that is lost, exchanged or cut is found, whichever it is", () => {
  const next = generator(6);
  for (let round = 0; round < 300; round += 1) {
    const tags = recordTags(generated(next));
    const names = Object.keys(tags);
    const name = names[next(names.length)] ?? "";
    const { [name]: value = "", ...rest } = tags;
    if (names.length > 1) assert.throws(() => readRecord(rest), { code: "DataLoss" });
    assert.throws(() => readRecord({ ...rest, [name]: value.slice(1) }), { code: "DataLoss" });
    assert.throws(() => readRecord({ ...rest, [name]: `${value}x` }), { code: "DataLoss" });
  }
});
