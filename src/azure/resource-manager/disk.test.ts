import assert from "node:assert/strict";
import { test } from "node:test";
import { createDisk, findDisk, getDisk, type NewDisk } from "./disk.ts";
import { inTurn, openManager } from "./resource-manager.fixture.ts";

const { signal } = new AbortController();
const id = { subscriptionId: "s-1", resourceGroup: "nodes", name: "d1" };
const path = "/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/d1";

test("a disk is read with all that makes it what it is", async () => {
  const { manager } = openManager({
    status: 200,
    body: {
      id: path.toUpperCase(),
      name: "D1",
      location: "westeurope",
      tags: { owner: "me", odd: 1 },
      zones: ["2"],
      sku: { name: "PremiumV2_LRS", tier: "Premium" },
      properties: {
        creationData: { createOption: "Empty", logicalSectorSize: 4096, performancePlus: true },
        ...{ diskIOPSReadOnly: 500, diskMBpsReadOnly: 50, dataAccessAuthMode: "AzureActiveDirectory" },
        ...{
          diskSizeGB: 200,
          diskSizeBytes: 214_748_364_800,
          diskIOPSReadWrite: 4000,
          diskMBpsReadWrite: "300",
        },
        encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: "/set" },
        ...{ networkAccessPolicy: "AllowPrivate", diskAccessId: "/access", publicNetworkAccess: "Disabled" },
        ...{ burstingEnabled: true, maxShares: 2, tier: "P30", osType: "Linux", hyperVGeneration: "V2" },
        securityProfile: { securityType: "TrustedLaunch", secureVMDiskEncryptionSetId: "/secure" },
        ...{ uniqueId: "u-1", provisioningState: "Succeeded", diskState: "Attached" },
      },
    },
  });
  assert.deepEqual(await getDisk(manager, id, signal), {
    id: path.toUpperCase(),
    name: "D1",
    location: "westeurope",
    tags: { owner: "me" },
    zones: ["2"],
    sku: "PremiumV2_LRS",
    tier: "P30",
    iops: 4000,
    throughput: 300,
    iopsReadOnly: 500,
    throughputReadOnly: 50,
    performancePlus: true,
    dataAccessAuthMode: "AzureActiveDirectory",
    logicalSectorSize: 4096,
    encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: "/set" },
    networkAccessPolicy: "AllowPrivate",
    diskAccessId: "/access",
    publicNetworkAccess: "Disabled",
    burstingEnabled: true,
    maxShares: 2,
    osType: "Linux",
    hyperVGeneration: "V2",
    securityType: "TrustedLaunch",
    secureVMDiskEncryptionSetId: "/secure",
    sizeBytes: 214_748_364_800,
    uniqueId: "u-1",
    provisioningState: "Succeeded",
    diskState: "Attached",
  });
});

test("what an older cloud does not tell of a disk is left open", async () => {
  const body = { sku: { name: "Standard_LRS" }, properties: { diskSizeGB: 4 } };
  const { manager } = openManager({ status: 200, body });
  const disk = await getDisk(manager, id, signal);
  assert.deepEqual([disk.id, disk.name, disk.sizeBytes], [path, "d1", 4 * 1024 ** 3]);
  assert.deepEqual([disk.zones, disk.tags, disk.tier], [[], {}, undefined]);
  assert.deepEqual(disk.encryption, { type: undefined, diskEncryptionSetId: undefined });
});

test("a disk without a SKU is no answer", async () => {
  const { manager } = openManager({ status: 200, body: {} });
  await assert.rejects(getDisk(manager, id, signal), { code: "Unavailable", message: /sku\.name/ });
});

test("only the absence of the disk itself is an answer to whether it is there", async () => {
  const answer = (code: string) => ({ status: 404, body: { error: { code, message: "No." } } });
  assert.equal(await findDisk(openManager(answer("ResourceNotFound")).manager, id, signal), undefined);
  for (const code of ["ResourceGroupNotFound", "SubscriptionNotFound"]) {
    const { manager } = openManager(answer(code));
    await assert.rejects(findDisk(manager, id, signal), { code: "FailedPrecondition" });
  }
});

test("a new disk is asked for with all that was kept of the old one", async () => {
  const disk: NewDisk = {
    ...{ sku: "UltraSSD_LRS", location: "westeurope", tags: { a: "b" }, snapshotId: "/snap", zones: ["1"] },
    ...{ tier: "P30", iops: 400, throughput: 30, logicalSectorSize: 512 },
    ...{
      iopsReadOnly: 100,
      throughputReadOnly: 10,
      performancePlus: true,
      dataAccessAuthMode: "AzureActiveDirectory",
    },
    encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: "/set" },
    ...{ networkAccessPolicy: "AllowPrivate", diskAccessId: "/access", publicNetworkAccess: "Disabled" },
    ...{ burstingEnabled: false, maxShares: 3, osType: "Linux", hyperVGeneration: "V2" },
    ...{
      securityType: "ConfidentialVM_DiskEncryptedWithCustomerKey",
      secureVMDiskEncryptionSetId: "/secure",
    },
  };
  const { manager, transport } = openManager(inTurn({ status: 200, body: {} }));
  await createDisk(manager, id, disk, signal);
  const [request] = transport.requests;
  assert.deepEqual([request?.method, request?.path, request?.query], ["PUT", path, "api-version=2023-04-02"]);
  assert.deepEqual(JSON.parse(Buffer.from(request?.body ?? []).toString()), {
    location: "westeurope",
    tags: { a: "b" },
    sku: { name: "UltraSSD_LRS" },
    zones: ["1"],
    properties: {
      creationData: {
        ...{ createOption: "Copy", sourceResourceId: "/snap" },
        ...{ logicalSectorSize: 512, performancePlus: true },
      },
      ...{ tier: "P30", diskIOPSReadWrite: 400, diskMBpsReadWrite: 30 },
      ...{ diskIOPSReadOnly: 100, diskMBpsReadOnly: 10, dataAccessAuthMode: "AzureActiveDirectory" },
      encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: "/set" },
      ...{ networkAccessPolicy: "AllowPrivate", diskAccessId: "/access", publicNetworkAccess: "Disabled" },
      ...{ burstingEnabled: false, maxShares: 3, osType: "Linux", hyperVGeneration: "V2" },
      securityProfile: {
        securityType: "ConfidentialVM_DiskEncryptedWithCustomerKey",
        secureVMDiskEncryptionSetId: "/secure",
      },
    },
  });
});
