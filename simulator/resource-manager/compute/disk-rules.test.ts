import assert from "node:assert/strict";
import { test } from "node:test";

import { COMPUTE, GROUP, SUBSCRIPTION, simulatedWorld } from "../resource-manager.fixture.ts";
import { PLACE, copy, empty, target } from "./compute.fixture.ts";

const SETS = `${GROUP}/providers/Microsoft.Compute/diskEncryptionSets`;
const ACCESSES = `${GROUP}/providers/Microsoft.Compute/diskAccesses`;
const HERE = { location: "westeurope" };
const zone = (name: string) => ({ zones: [name] });
const withKey = (name: string) => ({
  encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: `${SETS}/${name}` },
});
const sector = (logicalSectorSize: number) => ({
  creationData: { createOption: "Empty", logicalSectorSize },
});

interface Refused {
  readonly name: string;
  readonly disk?: string;
  readonly body: unknown;
  readonly status?: number;
  readonly code: string;
  readonly target?: string;
}

const PARAMETER = { code: "InvalidParameter" } as const;

const REFUSED: readonly Refused[] = [
  { name: "no location", body: { ...empty(), location: undefined }, code: "LocationRequired" },
  { name: "a name of 81 characters", disk: "d".repeat(81), body: empty(), ...PARAMETER, target: "disk.name" },
  { name: "a name that begins with a hyphen", disk: "-d", body: empty(), ...PARAMETER, target: "disk.name" },
  { name: "a name of 261 characters", disk: "d".repeat(261), body: empty(), code: "ResourceNameTooLong" },
  { name: "no creation data", body: { ...HERE, properties: {} }, ...PARAMETER, target: "disk.creationData" },
  { name: "an empty disk without a size", body: empty({ diskSizeGB: undefined }), ...PARAMETER },
  {
    name: "a size beyond the kind's",
    body: empty({ diskSizeGB: 32_768 }),
    ...PARAMETER,
    target: "diskSizeGB",
  },
  { name: "an unknown kind", body: empty({}, "Premium_GRS"), ...PARAMETER, target: "sku.name" },
  {
    name: "a zone-redundant kind in a region without zones",
    body: empty({}, "Premium_ZRS", { location: "westus" }),
    ...PARAMETER,
    target: "sku.name",
  },
  {
    name: "a zone-redundant kind in a zone",
    body: empty({}, "Premium_ZRS", zone("1")),
    ...PARAMETER,
    target: "zones",
  },
  { name: "a zone that is none", body: empty({}, "Premium_LRS", zone("4")), code: "InvalidAvailabilityZone" },
  {
    name: "a zone without the kind",
    body: empty({}, "UltraSSD_LRS", { ...zone("3"), location: "swedencentral" }),
    ...PARAMETER,
    target: "zones",
  },
  {
    name: "IOPS for a premium SSD",
    body: empty({ diskIOPSReadWrite: 500 }),
    ...PARAMETER,
    target: "diskIOPSReadWrite",
  },
  {
    name: "more IOPS than the size has",
    body: empty({ diskIOPSReadWrite: 8001 }, "PremiumV2_LRS"),
    ...PARAMETER,
    target: "diskIOPSReadWrite",
  },
  {
    name: "more throughput than the IOPS carry",
    body: empty({ diskIOPSReadWrite: 4000, diskMBpsReadWrite: 1001 }, "PremiumV2_LRS"),
    ...PARAMETER,
    target: "diskMBpsReadWrite",
  },
  { name: "a tier below the size's", body: empty({ tier: "P1" }), ...PARAMETER, target: "tier" },
  { name: "a tier of the largest disks", body: empty({ tier: "P60" }), ...PARAMETER, target: "tier" },
  {
    name: "a tier for a standard SSD",
    body: empty({ tier: "P30" }, "StandardSSD_LRS"),
    ...PARAMETER,
    target: "tier",
  },
  {
    name: "bursting on a small disk",
    body: empty({ burstingEnabled: true }),
    ...PARAMETER,
    target: "burstingEnabled",
  },
  { name: "too many shares", body: empty({ maxShares: 4 }), ...PARAMETER, target: "maxShares" },
  {
    name: "a shared hard disk",
    body: empty({ maxShares: 2 }, "Standard_LRS"),
    ...PARAMETER,
    target: "maxShares",
  },
  { name: "large sectors on a premium SSD", body: empty(sector(4096)), ...PARAMETER },
  { name: "sectors of an odd size", body: empty(sector(1024), "UltraSSD_LRS"), ...PARAMETER },
  { name: "an encryption set that is not there", body: empty(withKey("none")), code: "BadRequest" },
  { name: "an encryption set of another region", body: empty(withKey("far")), code: "BadRequest" },
  {
    name: "an encryption set without its key",
    body: empty(withKey("keyless")),
    code: "KeyVaultAccessForbidden",
  },
  {
    name: "an encryption set of another type",
    body: empty(withKey("double")),
    ...PARAMETER,
    target: "encryption.type",
  },
  {
    name: "a customer's key without a set",
    body: empty({ encryption: { type: "EncryptionAtRestWithCustomerKey" } }),
    ...PARAMETER,
  },
  {
    name: "private access without a disk access",
    body: empty({ networkAccessPolicy: "AllowPrivate" }),
    ...PARAMETER,
    target: "diskAccessId",
  },
  {
    name: "a disk access that is not there",
    body: empty({ networkAccessPolicy: "AllowPrivate", diskAccessId: `${ACCESSES}/none` }),
    code: "BadRequest",
  },
  {
    name: "a disk access of another region",
    body: empty({ networkAccessPolicy: "AllowPrivate", diskAccessId: `${ACCESSES}/far` }),
    code: "BadRequest",
  },
  {
    name: "a source that is not there",
    body: copy(`${GROUP}/providers/Microsoft.Compute/snapshots/none`),
    status: 404,
    code: "NotFound",
  },
  {
    name: "a tag whose name has a slash",
    body: empty({}, "Premium_LRS", { tags: { "a/b": "c" } }),
    code: "InvalidTagNameCharacters",
  },
  {
    name: "a tag with 257 characters",
    body: empty({}, "Premium_LRS", { tags: { a: "c".repeat(257) } }),
    code: "InvalidTagValueLength",
  },
  {
    name: "51 tags",
    body: empty({}, "Premium_LRS", {
      tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, ""])),
    }),
    code: "TooManyTags",
  },
];

for (const refused of REFUSED) {
  test(`a disk is refused: ${refused.name}`, async () => {
    const { call, inventory } = await simulatedWorld();
    inventory.addDiskEncryptionSet({ ...PLACE, name: "far", location: "northeurope" });
    inventory.addDiskEncryptionSet({ ...PLACE, name: "keyless", keyIsAccessible: false });
    const encryptionType = "EncryptionAtRestWithPlatformAndCustomerKeys";
    inventory.addDiskEncryptionSet({ ...PLACE, name: "double", encryptionType });
    inventory.addDiskAccess({ ...PLACE, name: "far", location: "northeurope" });
    const answer = await call("PUT", target(`disks/${refused.disk ?? "d1"}`), { body: refused.body });
    assert.deepEqual([answer.status, answer.code], [refused.status ?? 400, refused.code], answer.text);
    if (refused.target !== undefined) {
      assert.equal((answer.body["error"] as { target?: string }).target, refused.target);
    }
    assert.deepEqual(inventory.disks(), []);
  });
}

test("everything that makes a disk what it is comes back as it was asked for", async () => {
  const { call, inventory } = await simulatedWorld();
  const set = inventory.addDiskEncryptionSet({ ...PLACE, name: "set" });
  const access = inventory.addDiskAccess({ ...PLACE, name: "access" });
  const asked = {
    diskSizeGB: 1024,
    diskIOPSReadWrite: 5000,
    diskMBpsReadWrite: 300,
    maxShares: 2,
    encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: set.id },
    networkAccessPolicy: "AllowPrivate",
    diskAccessId: access.id,
    publicNetworkAccess: "Disabled",
    creationData: { createOption: "Empty", logicalSectorSize: 512 },
  };
  const body = empty(asked, "premiumv2_lrs", { ...zone("2"), tags: { owner: "me" } });
  assert.equal((await call("PUT", target("disks/d1"), { body })).status, 202);
  const read = await call("GET", target("disks/d1"));
  const properties = read.body["properties"] as Record<string, unknown>;
  for (const [name, value] of Object.entries(asked)) assert.deepEqual(properties[name], value, name);
  assert.deepEqual(read.body["sku"], { name: "PremiumV2_LRS", tier: "Premium" });
  assert.deepEqual([read.body["zones"], read.body["tags"]], [["2"], { owner: "me" }]);
});

test("a disk that is made of a snapshot may be larger, not smaller, and keeps its sectors", async () => {
  const { call, inventory } = await simulatedWorld();
  const disk = inventory.addDisk({ ...PLACE, name: "d1", sku: "PremiumV2_LRS", sizeGiB: 32 });
  const snapshot = inventory.addSnapshot({
    ...PLACE,
    name: "s1",
    sourceResourceId: disk.id,
    incremental: true,
  });
  const make = async (sku: string, more: Record<string, unknown> = {}) =>
    call("PUT", target("disks/d2"), { body: copy(snapshot.id, more, { sku: { name: sku } }) });
  assert.equal((await make("PremiumV2_LRS", { diskSizeGB: 31 })).code, "BadRequest");
  assert.equal((await make("Premium_LRS")).code, "InvalidParameter");
  const small = {
    creationData: { createOption: "Copy", sourceResourceId: snapshot.id, logicalSectorSize: 512 },
  };
  assert.equal((await make("UltraSSD_LRS", small)).code, "InvalidParameter");
  assert.equal((await make("UltraSSD_LRS", { diskSizeGB: 33 })).status, 202);
  assert.equal(inventory.disk(target("disks/d2").replace(`?${COMPUTE}`, ""))?.logicalSectorSize, 4096);
});

test("a snapshot in another subscription of the same region can be made a disk", async () => {
  const { call, inventory } = await simulatedWorld();
  const other = SUBSCRIPTION.replaceAll("2", "5");
  inventory.addSubscription({
    subscriptionId: other,
    tenantId: inventory.state.subscriptions[SUBSCRIPTION]?.tenantId ?? "",
  });
  inventory.addResourceGroup({ subscriptionId: other, name: "others" });
  const principalId = Object.values(inventory.state.roleAssignments)[0]?.principalId ?? "";
  inventory.assignRole({ principalId, role: "Contributor", scope: `/subscriptions/${other}` });
  const disk = inventory.addDisk({ ...PLACE, name: "d1" });
  const elsewhere = { subscriptionId: other, resourceGroup: "others", name: "s1" };
  const snapshot = inventory.addSnapshot({ ...elsewhere, sourceResourceId: disk.id });
  assert.equal((await call("PUT", target("disks/d2"), { body: copy(snapshot.id) })).status, 202);
});
