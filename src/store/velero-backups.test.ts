import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../errors/error.ts";
import { MemoryObjectStore } from "./memory.ts";
import { readBackupReferences } from "./velero-backups.ts";

const { signal } = new AbortController();
const CONTAINER = "velero";

type Objects = Readonly<Record<string, Buffer | string>>;

async function storeWith(objects: Objects): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore([CONTAINER]);
  for (const [key, content] of Object.entries(objects)) {
    let rest = Buffer.from(content);
    const fill = async (target: Uint8Array): Promise<number> => {
      const length = rest.copy(target);
      rest = rest.subarray(length);
      return length;
    };
    await store.put(CONTAINER, key, { fill }, { signal });
  }
  return store;
}

const read = async (objects: Objects, prefix = "") =>
  readBackupReferences(await storeWith(objects), { container: CONTAINER, prefix }, signal);

const metadata = (attempted?: number): string =>
  JSON.stringify({
    apiVersion: "velero.io/v1",
    kind: "Backup",
    status: attempted === undefined ? {} : { volumeSnapshotsAttempted: attempted },
  });
const snapshots = (...ids: string[]): Buffer =>
  gzipSync(
    JSON.stringify(
      ids.map((id) => ({ spec: { backupName: "b" }, status: id === "" ? {} : { providerSnapshotID: id } })),
    ),
  );

test("every snapshot that any backup names is told, once", async () => {
  const found = await read({
    "backups/one/velero-backup.json": metadata(2),
    "backups/one/one-volumesnapshots.json.gz": snapshots("/a", "/b"),
    "backups/two/velero-backup.json": metadata(2),
    "backups/two/two-volumesnapshots.json.gz": snapshots("/b", ""),
    "restores/r/velero-backup.json": "not a backup",
  });
  assert.deepEqual(found, { backups: 2, incomplete: new Set(), snapshotIds: new Set(["/a", "/b"]) });
});

// Written by Velero 1.18.3 itself: `encode.ToJSONGzip` of two snapshots, the second one failed, and of none; `encode.To` of a Backup.
const BY_VELERO = {
  two: "H4sIAAAAAAAA/4SQsU7EMBBEez5jagv3aUEgCmgOaBDFxtnTWThZy7uOhE75d+SQkygItDsz9tN7O0MzB3Rn9BQ+an6ikdGhh9sOLw+36ACHJIEsyoQOAx+pJoND5qJRjSd7lVRH3uZ5blmROQ5cvpP1mYGM4DCvl+fP3LpYHNTIqjaKy+gwUdaT2DrzWnsNJeb2v/qDL6xSS+D7IjWr162s/jJX/xhDEZWjXd/ImKvxj5ZM3PhOpA2g5YmNByyL2/Hxp459D79b+MfAhnVHMa1M71dfAQAA///n3KHepgEAAA==",
  none: "H4sIAAAAAAAA/8orzcnhAgQAAP//bpGR1AUAAAA=",
  backup:
    '{"kind":"Backup","apiVersion":"velero.io/v1","metadata":{"name":"b","creationTimestamp":null},"spec":{"metadata":{},"ttl":"0s","hooks":{},"csiSnapshotTimeout":"0s","itemOperationTimeout":"0s"},"status":{"volumeSnapshotsAttempted":2}}',
};

test("what Velero wrote is understood", async () => {
  const found = await read({
    "backups/b/velero-backup.json": BY_VELERO.backup,
    "backups/b/b-volumesnapshots.json.gz": Buffer.from(BY_VELERO.two, "base64"),
    "backups/none/none-volumesnapshots.json.gz": Buffer.from(BY_VELERO.none, "base64"),
  });
  assert.deepEqual(
    [...found.snapshotIds],
    ["/subscriptions/S/resourceGroups/snapshots/providers/Microsoft.Compute/snapshots/one"],
  );
});

test("backups lie under the location's prefix, whatever slashes are around it", async () => {
  const objects = {
    "clusters/one/backups/b/velero-backup.json": metadata(1),
    "clusters/one/backups/b/b-volumesnapshots.json.gz": snapshots("/a"),
    "backups/other/velero-backup.json": metadata(1),
  };
  const found = await read(objects, "/clusters/one/");
  assert.deepEqual([...found.snapshotIds], ["/a"]);
});

test("a backup of old, or without snapshots, has no list of them", async () => {
  const found = await read({
    "backups/old/velero-backup.json": metadata(),
    "backups/none/velero-backup.json": metadata(0),
    "backups/none/none-volumesnapshots.json.gz": gzipSync("null\n"),
  });
  assert.deepEqual(found, { backups: 2, incomplete: new Set(), snapshotIds: new Set() });
});

test("a folder without a backup's metadata is incomplete, and what it names still counts", async () => {
  const found = await read({
    "backups/half/half-logs.gz": "",
    "backups/half/half-volumesnapshots.json.gz": snapshots("/a"),
  });
  assert.deepEqual(found, { backups: 0, incomplete: new Set(["half"]), snapshotIds: new Set(["/a"]) });
});

test("hundreds of backups are all read", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `b${index}`);
  const found = await read(
    Object.fromEntries(
      names.flatMap((name) => [
        [`backups/${name}/velero-backup.json`, metadata(1)],
        [`backups/${name}/${name}-volumesnapshots.json.gz`, snapshots(`/${name}`)],
      ]),
    ),
  );
  assert.equal(found.backups, 300);
  assert.equal(found.snapshotIds.size, 300);
});

const KEY = "backups/b/b-volumesnapshots.json.gz";
const damages: readonly (readonly [string, Objects])[] = [
  ["the backup is not JSON", { "backups/b/velero-backup.json": "{" }],
  ["the backup is another kind of object", { "backups/b/velero-backup.json": '{"kind":"Restore"}' }],
  ["the backup's status is a word", { "backups/b/velero-backup.json": '{"kind":"Backup","status":"done"}' }],
  ["the list is missing though the backup counts snapshots", { "backups/b/velero-backup.json": metadata(1) }],
  [
    "the list is shorter than the backup's count",
    { "backups/b/velero-backup.json": metadata(2), [KEY]: snapshots("/a") },
  ],
  ["the list is not compressed", { [KEY]: "[]" }],
  ["the list is cut", { [KEY]: snapshots("/a").subarray(0, 20) }],
  ["the list is an object", { [KEY]: gzipSync("{}") }],
  ["the list has a word in it", { [KEY]: gzipSync('["x"]') }],
  ["the list has a number for an ID", { [KEY]: gzipSync('[{"status":{"providerSnapshotID":1}}]') }],
];
for (const [what, objects] of damages) {
  test(`nothing is told when ${what}`, async () => {
    await assert.rejects(read(objects), (error) => error instanceof Failure && error.code === "DataLoss");
  });
}

test("a container that is not there is no container without backups", async () => {
  const store = new MemoryObjectStore([]);
  const folder = { container: CONTAINER, prefix: "" };
  await assert.rejects(
    readBackupReferences(store, folder, signal),
    (error) => error instanceof Failure && error.code === "NotFound",
  );
});

test("an object that cannot be read is no object that is not there", async () => {
  const store = await storeWith({ "backups/b/velero-backup.json": metadata(0) });
  const trouble = new Failure("Unavailable", "no network");
  const broken = {
    listCommonPrefixes: store.listCommonPrefixes.bind(store),
    get: async () => Promise.reject(trouble),
  };
  await assert.rejects(readBackupReferences(broken, { container: CONTAINER, prefix: "" }, signal), trouble);
});
