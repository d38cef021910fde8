import assert from "node:assert/strict";
import { test } from "node:test";
import { copyName, copyOf, purposeOf, snapshotName } from "./snapshot-name.ts";

const disk = { subscriptionId: "s-1", resourceGroup: "nodes", name: "pvc-1" };
const tags = { "velero.io/backup": "b1", "velero.io/pv": "pv-1", team: "a" };
const purpose = purposeOf(disk, tags, "velero");
const UUID = /-[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("the purpose is the disk in any case, the backup of a Velero and the volume, and nothing else", () => {
  const shouted = { subscriptionId: "S-1", resourceGroup: "NODES", name: "PVC-1" };
  assert.equal(purposeOf(shouted, { ...tags, team: "b" }, "velero"), purpose);
  for (const other of [
    purposeOf({ ...disk, name: "pvc-2" }, tags, "velero"),
    purposeOf(disk, { ...tags, "velero.io/backup": "b2" }, "velero"),
    purposeOf(disk, { ...tags, "velero.io/pv": "pv-2" }, "velero"),
    purposeOf(disk, { ...tags, "velero.io/storage-location": "far" }, "velero"),
    purposeOf(disk, tags, "velero-2"),
  ]) {
    assert.notEqual(other, purpose);
    assert.notEqual(other, undefined);
  }
});

for (const missing of ["velero.io/backup", "velero.io/pv"]) {
  test(`without ${missing} there is no purpose`, () => {
    assert.equal(purposeOf(disk, { ...tags, [missing]: "" }, "velero"), undefined);
    const { [missing]: _gone, ...rest } = tags as Readonly<Record<string, string>>;
    assert.equal(purposeOf(disk, rest, "velero"), undefined);
  });
}

test("the name of a purpose's snapshot is the same in every process and every version", () => {
  assert.equal(snapshotName(disk, purpose, 0), "pvc-1-a262855e-3a36-8997-8c8f-d61a1e56dd25");
});

test("each attempt has a name of its own, and without a purpose each snapshot", () => {
  const names = [0, 1, 2].map((attempt) => snapshotName(disk, purpose, attempt));
  names.push(snapshotName(disk, undefined, 0), snapshotName(disk, undefined, 0));
  assert.equal(new Set(names).size, 5);
});

test("a long disk name is cut, the part that is unique is not", () => {
  const name = snapshotName({ ...disk, name: "x".repeat(80) }, purpose, 0);
  assert.equal(name.length, 80);
  assert.match(name, UUID);
});

test("a copy's name follows from the snapshot's and the region", () => {
  const name = snapshotName(disk, purpose, 0);
  assert.equal(copyName(name, "northeurope"), `${name}-northeurope`);
  const copy = copyOf(
    { ...disk, resourceGroup: "snapshots", name },
    { region: "northeurope", resourceGroup: "c" },
  );
  assert.deepEqual(copy, { subscriptionId: "s-1", resourceGroup: "c", name: `${name}-northeurope` });
});

for (const name of [snapshotName({ ...disk, name: "x".repeat(80) }, purpose, 0), "y".repeat(80)]) {
  test(`the copy of ${name} has a name that Azure takes, and no other snapshot's`, () => {
    const copy = copyName(name, "germanywestcentral");
    assert.ok(copy.length <= 80);
    assert.match(copy, /-germanywestcentral$/);
    assert.match(copy.replace("-germanywestcentral", ""), UUID);
    assert.notEqual(
      copyName(`${name.slice(0, -1)}0`, "germanywestcentral"),
      copyName(`${name.slice(0, -1)}1`, "germanywestcentral"),
    );
  });
}
