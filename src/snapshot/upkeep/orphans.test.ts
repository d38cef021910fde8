import assert from "node:assert/strict";
import { test } from "node:test";
import { UNKNOWN_TRAITS } from "../../azure/resource-manager/disk.ts";
import type { DiskRecord } from "../record/disk-record.ts";
import { idKey, type InventoryEntry, type ListedSnapshot } from "./inventory.ts";
import { decide, type GcBasis } from "./orphans.ts";
import { formatResourceId } from "../resource-id.ts";

const DISKS = { subscriptionId: "s", resourceGroup: "MC_cluster" };
const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
const ID = idOf("one");
const COPY_ID = idOf("one-northeurope");

function idOf(name: string): string {
  return formatResourceId("snapshots", { subscriptionId: "s", resourceGroup: "snapshots", name });
}

const record: DiskRecord = {
  location: "westeurope",
  place: { subscriptionId: "S", resourceGroup: "mc_CLUSTER" },
  disk: { ...UNKNOWN_TRAITS, sku: "Premium_LRS" },
  copy: undefined,
};

const snapshot: ListedSnapshot = {
  id: ID,
  name: "one",
  maker: { kind: "this plugin", record },
  backup: "daily",
  backupLocation: "default",
  volume: "pv-1",
  sourceId: undefined,
  incremental: true,
  sizeBytes: undefined,
  createdAt: NOW - 48 * HOUR,
  region: "westeurope",
  state: { kind: "ready" },
};

const basis: GcBasis = {
  disks: DISKS,
  referred: new Set(),
  read: [{ name: "default", incomplete: new Set() }],
  readAll: true,
  now: NOW,
  minAge: 24 * HOUR,
};

interface Case {
  readonly what: string;
  readonly reason: string;
  readonly snapshot?: Partial<ListedSnapshot>;
  readonly entry?: Partial<InventoryEntry>;
  readonly basis?: Partial<GcBasis>;
  readonly elsewhere?: readonly string[];
}

const referred = (id: string): Partial<GcBasis> => ({ referred: new Set([idKey(id)]) });
const copy = { ...snapshot, id: COPY_ID, name: "one-northeurope" };
const elsewhere: DiskRecord = { ...record, place: { subscriptionId: "s", resourceGroup: "MC_other" } };
const otherSubscription: DiskRecord = { ...record, place: { ...DISKS, subscriptionId: "t" } };
const long = "a".repeat(70);
const read = (name: string, ...incomplete: string[]): Partial<GcBasis> => ({
  read: [{ name, incomplete: new Set(incomplete) }],
});

const orphans: readonly Case[] = [
  { what: "that no backup refers to", reason: "no-backup" },
  { what: "as old as the least age", reason: "no-backup", snapshot: { createdAt: NOW - 24 * HOUR } },
  { what: "without a backup's name", reason: "no-backup", snapshot: { backup: undefined } },
  {
    what: "that does not say its backup location, all being read",
    reason: "no-backup",
    snapshot: { backupLocation: undefined },
  },
  {
    what: "of a backup location whose long name Velero cuts in labels",
    reason: "no-backup",
    // As Velero 1.18.3 writes it: 57 characters, then six of the SHA-256.
    snapshot: { backupLocation: `${"a".repeat(57)}6bd5e5` },
    basis: read(long),
  },
  {
    what: "whose data failed to be copied",
    reason: "no-backup",
    snapshot: { state: { kind: "failed", reason: "x" } },
  },
  { what: "that a backup of another name is half of", reason: "no-backup", basis: read("default", "weekly") },
  {
    what: "whose first is gone, being a copy",
    reason: "copy-without-first",
    entry: { copyOf: idOf("gone") },
  },
];

const kept: readonly Case[] = [
  { what: "that a backup refers to", reason: "referred", basis: referred(ID) },
  { what: "that a backup refers to in another case", reason: "referred", basis: referred(ID.toUpperCase()) },
  { what: "whose copy a backup refers to", reason: "referred", entry: { copy }, basis: referred(COPY_ID) },
  {
    what: "that is a copy, whose lost first a backup refers to",
    reason: "referred",
    entry: { copyOf: idOf("gone") },
    basis: referred(idOf("gone")),
  },
  {
    what: "that is a copy, whose first is in another group",
    reason: "first-is-there",
    entry: { copyOf: idOf("gone") },
    elsewhere: [idOf("gone")],
  },
  { what: "that is young", reason: "young", snapshot: { createdAt: NOW - 24 * HOUR + 1 } },
  { what: "from the future of a clock that is off", reason: "young", snapshot: { createdAt: NOW + HOUR } },
  { what: "of unknown age", reason: "age-unknown", snapshot: { createdAt: undefined } },
  { what: "of another plugin", reason: "not-ours", snapshot: { maker: { kind: "another plugin" } } },
  { what: "of somebody else", reason: "not-ours", snapshot: { maker: { kind: "somebody else" } } },
  {
    what: "with a damaged record",
    reason: "unreadable-record",
    snapshot: { maker: { kind: "unreadable", reason: "x" } },
  },
  {
    what: "of a disk in another group",
    reason: "other-disks",
    snapshot: { maker: { kind: "this plugin", record: elsewhere } },
  },
  {
    what: "of a disk in another subscription",
    reason: "other-disks",
    snapshot: { maker: { kind: "this plugin", record: otherSubscription } },
  },
  { what: "of a backup location that was not read", reason: "location-not-read", basis: read("other") },
  {
    what: "of a location of whose name only the start is read",
    reason: "location-not-read",
    basis: read("defaul"),
  },
  {
    what: "that does not say its backup location, not all being read",
    reason: "location-not-read",
    snapshot: { backupLocation: undefined },
    basis: { readAll: false },
  },
  { what: "of a backup that is half stored", reason: "incomplete-backup", basis: read("default", "daily") },
];

function decisionOf({ snapshot: fields, entry, basis: more, elsewhere: firsts = [] }: Case) {
  const one: InventoryEntry = {
    copy: undefined,
    copyOf: undefined,
    ...entry,
    snapshot: { ...snapshot, ...fields },
  };
  const [decision, ...others] = decide([one], { ...basis, ...more }, new Set(firsts.map(idKey)));
  assert.ok(decision !== undefined && others.length === 0);
  return decision;
}

for (const one of orphans) {
  test(`a snapshot ${one.what} is an orphan`, () => {
    const { orphan, reason, why } = decisionOf(one);
    assert.deepEqual({ orphan, reason }, { orphan: true, reason: one.reason });
    assert.notEqual(why, "");
  });
}

for (const one of kept) {
  test(`a snapshot ${one.what} is kept`, () => {
    const { orphan, reason, why } = decisionOf(one);
    assert.deepEqual({ orphan, reason }, { orphan: false, reason: one.reason });
    assert.notEqual(why, "");
  });
}
