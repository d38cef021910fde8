import assert from "node:assert/strict";
import { test } from "node:test";
import { recordWith } from "./disk-record.fixture.ts";
import { isRecordTag, readRecord, recordTags } from "./disk-record.ts";
import { azureTagName, type SnapshotTagSources, snapshotTags } from "./snapshot-tags.ts";

const record = recordWith({});
const velero = { "velero.io/backup": "b1", "velero.io/pv": "pv-1" };
const none = { record, disk: {}, velero, config: {} };

/** What stands beside the record, and what was said. */
function tagsOf(sources: Partial<SnapshotTagSources>): {
  tags: Record<string, string>;
  cut: readonly string[];
} {
  const { tags, cut } = snapshotTags({ ...none, ...sources });
  assert.deepEqual(readRecord(tags), record, "the record always fits");
  assert.ok(Object.keys(tags).length <= 50);
  for (const [name, value] of Object.entries(tags)) {
    assert.ok(name.length <= 512 && value.length <= 256);
    assert.doesNotMatch(name, /[<>%&\\?/]/);
  }
  return { tags: Object.fromEntries(Object.entries(tags).filter(([name]) => !isRecordTag(name))), cut };
}

const veleros = { "velero.io-backup": "b1", "velero.io-pv": "pv-1" };

test("the disk's, Velero's and the config's tags are put together as the official plugin does", () => {
  const { tags, cut } = tagsOf({ disk: { owner: "me" }, config: { team: "a", env: "b" } });
  assert.deepEqual(tags, { ...veleros, owner: "me", team: "a", env: "b" });
  assert.deepEqual(cut, []);
});

test("of one name the config's value goes before Velero's, and that before the disk's, whatever the case", () => {
  const { tags, cut } = tagsOf({
    disk: { Team: "disk", "velero.io-Stage": "disk", OWNER: "disk" },
    velero: { ...velero, "velero.io/stage": "velero", team: "velero" },
    config: { TEAM: "config" },
  });
  assert.deepEqual(tags, { ...veleros, "velero.io-stage": "velero", TEAM: "config", OWNER: "disk" });
  assert.deepEqual(cut, []);
});

test("an older backup's tags, which a restored disk has, give way without a word", () => {
  const { tags, cut } = tagsOf({ disk: { "velero.io-backup": "old", "velero.io-pv": "old" } });
  assert.deepEqual(tags, veleros);
  assert.deepEqual(cut, []);
});

test("nobody but Velero says which backup and volume a snapshot is of", () => {
  const { tags, cut } = tagsOf({ config: { "Velero.io-backup": "mine" } });
  assert.deepEqual(tags, veleros);
  assert.equal(cut.length, 1);
});

test("a record on the disk itself is not handed on", () => {
  const { tags, cut } = tagsOf({
    disk: { ...recordTags(recordWith({ sku: "Premium_LRS" })), "velero-azure-disk-7": "x" },
  });
  assert.deepEqual(tags, veleros);
  assert.deepEqual(cut, []);
});

test("the config cannot write into the record", () => {
  const { tags, cut } = tagsOf({ config: { "Velero-Azure-Disk": "x" } });
  assert.deepEqual(tags, veleros);
  assert.match(cut[0] ?? "", /Velero-Azure-Disk/);
});

test("beyond fifty tags Velero's stay, then the config's, then the disk's, and each that is left out is told", () => {
  const many = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 45 }, (_, index) => [`${prefix}${String(index).padStart(2, "0")}`, "x"]),
    );
  const { tags, cut } = tagsOf({
    disk: many("disk"),
    config: many("config"),
    velero: { ...many("a"), ...velero },
  });
  assert.equal(Object.keys(tags).length, 49);
  assert.equal(tags["velero.io-backup"], "b1");
  assert.equal(tags["velero.io-pv"], "pv-1");
  assert.equal(tags["a44"], "x");
  assert.equal(tags["config01"], "x");
  assert.equal(tags["config02"], undefined);
  assert.equal(tags["disk00"], undefined);
  assert.equal(cut.length, 45 + 43);
  assert.match(cut[0] ?? "", /"config02".*50/);
});

test("Velero's two stay when its own tags are too many", () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`label/${index}`, "x"]));
  const { tags, cut } = tagsOf({ velero: { ...many, ...velero } });
  assert.equal(tags["velero.io-backup"], "b1");
  assert.equal(tags["velero.io-pv"], "pv-1");
  assert.equal(cut.length, 13);
});

test("names and values that are too long are cut, told, and stay different", () => {
  const long = "n".repeat(600);
  const { tags, cut } = tagsOf({ config: { [`${long}1`]: "a", [`${long}2`]: "b", value: "v".repeat(300) } });
  assert.equal(Object.keys(tags).filter((name) => name.startsWith("nnn") && name.length === 512).length, 2);
  assert.equal(tags["value"], "v".repeat(256));
  assert.equal(cut.length, 3);
  assert.ok(cut.every((sentence) => sentence.length < 300));
});

test("half a character is not left behind", () => {
  const { tags } = tagsOf({ config: { emoji: `${"v".repeat(255)}😀` } });
  assert.equal(tags["emoji"], "v".repeat(255));
});

test("names with characters that Azure refuses get other ones", () => {
  const { tags, cut } = tagsOf({ velero: { ...velero, "a<b>c%d&e\\f?g/h\u0007": "x" } });
  assert.deepEqual(tags, { ...veleros, "a-b-c-d-e-f-g-h-": "x" });
  assert.deepEqual(cut, []);
});

test("of two names that become one, one is left out and told", () => {
  const { tags, cut } = tagsOf({ velero: { ...velero, "app/x": "1", "app-x": "2" } });
  assert.equal(tags["app-x"], "2");
  assert.match(cut.join(), /"app\/x".*"app-x"/);
});

for (const name of ["azure.workload.identity/use", "Microsoft-x", "WINDOWS"]) {
  test(`"${name}", a name that Azure keeps for itself, gets something in front, and that is told`, () => {
    const { tags, cut } = tagsOf({ velero: { ...velero, [name]: "true" } });
    assert.equal(tags[`x-${azureTagName(name)}`], "true");
    assert.equal(cut.length, 1);
  });
}

test("a tag without a name is left out", () => {
  const { tags, cut } = tagsOf({ config: { " ": "x" } });
  assert.deepEqual(tags, veleros);
  assert.equal(cut.length, 1);
});

test("names that mean something to JavaScript are tags like others", () => {
  const config = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
  const { tags } = tagsOf({ config });
  assert.deepEqual(
    Object.keys(tags).toSorted(),
    ["__proto__", "constructor", ...Object.keys(veleros)].toSorted(),
  );
});

test("Velero's slashes are replaced as the official plugin replaces them", () => {
  assert.equal(azureTagName("velero.io/backup/x"), "velero.io-backup-x");
});
