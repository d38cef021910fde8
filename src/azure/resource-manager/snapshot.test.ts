import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reply } from "../http/routed-transport.fixture.ts";
import { HOST, inTurn, openManager } from "./resource-manager.fixture.ts";
import { createSnapshot, findSnapshot, listSnapshots, type NewSnapshot, type Snapshot } from "./snapshot.ts";

const { signal } = new AbortController();
const place = { subscriptionId: "s-1", resourceGroup: "snaps" };
const id = { ...place, name: "n1" };
const path = "/subscriptions/s-1/resourceGroups/snaps/providers/Microsoft.Compute/snapshots";

test("a snapshot is read with how far its copy is, and why it failed", async () => {
  const { manager } = openManager({
    status: 200,
    body: {
      ...{ id: `${path}/n1`, name: "n1", location: "northeurope", tags: { a: "b" } },
      sku: { name: "Standard_ZRS", tier: "Standard" },
      properties: {
        creationData: {
          ...{ createOption: "CopyStart", sourceResourceId: "/source", sourceUniqueId: "u-0" },
          logicalSectorSize: 4096,
        },
        uniqueId: "u-1",
        ...{ incremental: true, incrementalSnapshotFamilyId: "f-1", diskSizeBytes: 1024 },
        ...{
          provisioningState: "Succeeded",
          completionPercent: 0.0,
          timeCreated: "2026-11-22T10:00:00.5+00:00",
        },
        encryption: { type: "EncryptionAtRestWithPlatformKey" },
        copyCompletionError: { errorCode: "CopySourceNotFound", errorMessage: "It is gone." },
      },
    },
  });
  assert.deepEqual(await findSnapshot(manager, id, signal), {
    ...{ id: `${path}/n1`, name: "n1", location: "northeurope", tags: { a: "b" }, sku: "Standard_ZRS" },
    ...{ incremental: true, familyId: "f-1", createOption: "CopyStart", sourceResourceId: "/source" },
    ...{ sourceUniqueId: "u-0", uniqueId: "u-1" },
    ...{ sizeBytes: 1024, logicalSectorSize: 4096, timeCreated: Date.UTC(2026, 10, 22, 10, 0, 0, 500) },
    encryption: { type: "EncryptionAtRestWithPlatformKey", diskEncryptionSetId: undefined },
    ...{ provisioningState: "Succeeded", completionPercent: 0 },
    copyError: { code: "CopySourceNotFound", message: "It is gone." },
  });
});

test("what is not told of a snapshot is left open, and a full one is none that grows", async () => {
  const { manager } = openManager({ status: 200, body: { properties: {} } });
  const snapshot = await findSnapshot(manager, id, signal);
  assert.deepEqual(
    [snapshot?.id, snapshot?.name, snapshot?.incremental, snapshot?.completionPercent, snapshot?.copyError],
    [`${path}/n1`, "n1", false, undefined, undefined],
  );
});

test("only the absence of the snapshot itself is an answer to whether it is there", async () => {
  const answer = (code: string): Reply => ({ status: 404, body: { error: { code, message: "No." } } });
  assert.equal(await findSnapshot(openManager(answer("ResourceNotFound")).manager, id, signal), undefined);
  const { manager } = openManager(answer("ResourceGroupNotFound"));
  await assert.rejects(findSnapshot(manager, id, signal), { code: "FailedPrecondition" });
});

const plain: NewSnapshot = {
  ...{
    location: "westeurope",
    tags: { a: "b" },
    createOption: "Copy",
    sourceResourceId: "/disk",
    closed: false,
  },
  ...{ incremental: undefined, sku: undefined, diskEncryptionSetId: undefined },
};
const bodies: ReadonlyArray<readonly [string, NewSnapshot, unknown]> = [
  [
    "what is left to Azure is not sent",
    plain,
    {
      ...{ location: "westeurope", tags: { a: "b" } },
      properties: { creationData: { createOption: "Copy", sourceResourceId: "/disk" } },
    },
  ],
  [
    "a copy in another region is asked for with its encryption there",
    {
      ...plain,
      createOption: "CopyStart",
      incremental: true,
      sku: "Standard_LRS",
      diskEncryptionSetId: "/set",
    },
    {
      ...{ location: "westeurope", tags: { a: "b" }, sku: { name: "Standard_LRS" } },
      properties: {
        creationData: { createOption: "CopyStart", sourceResourceId: "/disk" },
        incremental: true,
        encryption: { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId: "/set" },
      },
    },
  ],
];

for (const [what, snapshot, expected] of bodies) {
  test(`of a new snapshot, ${what}`, async () => {
    const { manager, transport } = openManager({ status: 200, body: {} });
    await createSnapshot(manager, id, snapshot, signal);
    assert.equal(transport.requests[0]?.path, `${path}/n1`);
    assert.deepEqual(JSON.parse(Buffer.from(transport.requests[0]?.body ?? []).toString()), expected);
  });
}

async function all(snapshots: AsyncIterable<Snapshot>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of snapshots) names.push(name);
  return names;
}

test("all pages of a group's snapshots are read, each at the address that the one before named", async () => {
  const nextLink = `https://${HOST}${path}?api-version=2023-04-02&%24skiptoken=a%2Fb`;
  const { manager, transport } = openManager(
    inTurn(
      { status: 200, body: { value: [{ name: "n1" }, { name: "n2" }], nextLink } },
      { status: 200, body: { value: [{ name: "n3" }], nextLink: "" } },
    ),
  );
  assert.deepEqual(await all(listSnapshots(manager, place, signal)), ["n1", "n2", "n3"]);
  assert.deepEqual(
    transport.requests.map((request) => [request.path, request.query]),
    [
      [path, "api-version=2023-04-02"],
      [path, "api-version=2023-04-02&%24skiptoken=a%2Fb"],
    ],
  );
});

for (const nextLink of ["https://evil.example/next", `http://${HOST}/next`, "/next"]) {
  test(`a next page at ${nextLink} is refused, and no token goes there`, async () => {
    const { manager, transport } = openManager({ status: 200, body: { value: [], nextLink } });
    await assert.rejects(all(listSnapshots(manager, place, signal)), { code: "Unavailable" });
    assert.equal(transport.requests.length, 1);
  });
}

test("who may not list is told on which group", async () => {
  const error = { code: "AuthorizationFailed", message: "No." };
  const { manager } = openManager({ status: 403, body: { error } });
  await assert.rejects(all(listSnapshots(manager, place, signal)), {
    code: "PermissionDenied",
    message: /snapshots\/read on "\/subscriptions\/s-1\/resourceGroups\/snaps"/,
    hint: /Disk Snapshot Contributor/,
  });
});
