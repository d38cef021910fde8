import assert from "node:assert/strict";
import { test } from "node:test";
import { UNKNOWN_TRAITS } from "../../azure/resource-manager/disk.ts";
import type { Snapshot } from "../../azure/resource-manager/snapshot.ts";
import { recordTags } from "../record/disk-record.ts";
import { inventoryOf, listedSnapshot } from "./inventory.ts";
import { formatResourceId } from "../resource-id.ts";

const COPY = { region: "northeurope", resourceGroup: "copies" };

function idOf(name: string, resourceGroup = "snapshots"): string {
  return formatResourceId("snapshots", { subscriptionId: "s", resourceGroup, name });
}

function tags(copy?: typeof COPY): Readonly<Record<string, string>> {
  return recordTags({
    location: "westeurope",
    place: { subscriptionId: "s", resourceGroup: "MC_cluster" },
    disk: { ...UNKNOWN_TRAITS, sku: "Premium_LRS" },
    copy,
  });
}

function snapshot(fields: Partial<Snapshot> & Pick<Snapshot, "id">): Snapshot {
  return {
    ...{ name: fields.id.split("/").at(-1) ?? "", location: "westeurope", sku: "Standard_LRS", tags: tags() },
    ...{ incremental: true, familyId: undefined, createOption: "Copy", sourceResourceId: undefined },
    ...{ uniqueId: undefined, sourceUniqueId: undefined },
    ...{ sizeBytes: 1, logicalSectorSize: undefined, timeCreated: 0, provisioningState: "Succeeded" },
    ...{ encryption: { type: undefined, diskEncryptionSetId: undefined } },
    ...{ completionPercent: undefined, copyError: undefined },
    ...fields,
  };
}

const first = snapshot({ id: idOf("one"), tags: tags(COPY) });
const copy = snapshot({
  id: idOf("one-northeurope", "copies"),
  tags: tags(COPY),
  sourceResourceId: idOf("one"),
  createOption: "CopyStart",
  location: "northeurope",
});

test("a copy stands beside its first, whatever case Azure answers in", () => {
  const shouting = { ...copy, id: copy.id.toUpperCase() };
  const [entry, ...more] = inventoryOf([shouting, first]);
  assert.equal(more.length, 0);
  assert.equal(entry?.snapshot.id, first.id);
  assert.deepEqual(entry.copy, listedSnapshot(shouting));
});

test("a copy that is not there is missing, or not known where its group could not be read", () => {
  assert.deepEqual(inventoryOf([first])[0]?.copy, { absent: copy.id, looked: true });
  const unread = [{ subscriptionId: "S", resourceGroup: "COPIES" }];
  assert.deepEqual(inventoryOf([first], unread)[0]?.copy, { absent: copy.id, looked: false });
});

test("a copy without its first says which that was", () => {
  const [entry, ...more] = inventoryOf([copy]);
  assert.equal(more.length, 0);
  assert.equal(entry?.copyOf, first.id);
  assert.equal(entry.copy, undefined);
});

test("what somebody copied by hand under another name is no copy of ours", () => {
  const byHand = { ...copy, id: idOf("mine", "copies") };
  const entries = inventoryOf([first, byHand]);
  assert.deepEqual(
    entries.map(({ snapshot, copyOf }) => [snapshot.id, copyOf]),
    [
      [first.id, undefined],
      [byHand.id, undefined],
    ],
  );
});

test("entries go by age", () => {
  const entries = inventoryOf([
    snapshot({ id: idOf("young"), timeCreated: 2 }),
    snapshot({ id: idOf("old"), timeCreated: 1 }),
  ]);
  assert.deepEqual(
    entries.map((entry) => entry.snapshot.name),
    ["old", "young"],
  );
});

const states: readonly (readonly [Partial<Snapshot>, unknown])[] = [
  [{}, { kind: "ready" }],
  [{ completionPercent: 100 }, { kind: "ready" }],
  [{ completionPercent: 42 }, { kind: "copying", percent: 42 }],
  [
    { provisioningState: "Updating", completionPercent: 42 },
    { kind: "other", word: "updating" },
  ],
  [{ provisioningState: "Failed" }, { kind: "failed", reason: "it could not be taken" }],
  [
    { completionPercent: 42, copyError: { code: "Gone", message: "no source" } },
    { kind: "failed", reason: "Gone: no source" },
  ],
];
for (const [fields, state] of states) {
  test(`a snapshot with ${JSON.stringify(fields)} is ${JSON.stringify(state)}`, () => {
    assert.deepEqual(listedSnapshot(snapshot({ id: idOf("one"), ...fields })).state, state);
  });
}

const makers: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
  [tags(), "this plugin"],
  [{ "velero.io-backup": "b" }, "another plugin"],
  [{ "Velero.io-Backup": "b" }, "another plugin"],
  [{ owner: "me" }, "somebody else"],
  [{ "velero-azure-disk": "v1;damaged" }, "unreadable"],
];
for (const [given, kind] of makers) {
  test(`tags ${Object.keys(given).join(", ")} are of ${kind}`, () => {
    assert.equal(listedSnapshot(snapshot({ id: idOf("one"), tags: given })).maker.kind, kind);
  });
}
