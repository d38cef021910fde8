import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { systemClock } from "../../azure/http/pipeline.ts";
import { userId } from "../../config/private-files.ts";
import { parseVolumeSnapshotterConfig } from "../../config/volume-snapshotter-config.ts";
import { silentLogger } from "../../log/logger.ts";
import { UnfinishedRestores } from "./unfinished-restores.ts";

const all = mkdtempSync(join(tmpdir(), "restores-"));
after(() => rmSync(all, { recursive: true }));

const restores = { subscriptionId: "s-1", resourceGroup: "nodes" };
const disk = { ...restores, name: "restore-01234567-89ab-cdef-0123-456789abcdef" };
const { config } = parseVolumeSnapshotterConfig({});
let temporaryFolder: string;
let later: number;

beforeEach(() => {
  temporaryFolder = mkdtempSync(join(all, "test-"));
  later = 0;
});

function journal(place = restores): UnfinishedRestores {
  const clock = { ...systemClock, now: () => Date.now() + later };
  return new UnfinishedRestores({ clock, config, logger: silentLogger, restores: place, temporaryFolder });
}

function folder(): string {
  return join(temporaryFolder, `velero-azure-restores-${userId()}`);
}

function path(): string {
  return join(folder(), disk.name);
}

/** As the entry of another process: with these fields in place of this one's. */
function change(fields: Readonly<Record<string, unknown>>): void {
  const entry = JSON.parse(readFileSync(path(), "utf8")) as Readonly<Record<string, unknown>>;
  writeFileSync(path(), JSON.stringify({ ...entry, ...fields }));
}

function abandoned(place = restores) {
  return journal(place)
    .abandoned()
    .map(({ id }) => id);
}

test("an entry is this user's alone, and none of a process that lives is abandoned", () => {
  journal().add(disk);
  assert.deepEqual([statSync(folder()).mode & 0o777, statSync(path()).mode & 0o777], [0o700, 0o600]);
  assert.deepEqual(abandoned(), []);
});

test("an entry that was removed is gone, also when it was removed twice", () => {
  const entry = journal().add(disk);
  entry.remove();
  entry.remove();
  assert.deepEqual(readdirSync(folder()), []);
});

test("what a killed process was making is abandoned, until it is removed", async () => {
  const script = `
    const { UnfinishedRestores } = await import(${JSON.stringify(new URL("unfinished-restores.ts", import.meta.url).href)});
    const [temporaryFolder, restores, disk] = process.argv.slice(1);
    const logger = { enabled: () => false, log: () => {}, with: () => logger };
    const parts = { clock: { now: Date.now }, config: {}, logger, restores: JSON.parse(restores), temporaryFolder };
    new UnfinishedRestores(parts).add(JSON.parse(disk));
    process.stdout.write("written");
    setInterval(() => {}, 1000);`;
  const args = [temporaryFolder, JSON.stringify(restores), JSON.stringify(disk)];
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.deepEqual(abandoned(), [], "it lives");
  child.kill("SIGKILL");
  await once(child, "exit");
  const [found, ...others] = journal().abandoned();
  assert.deepEqual([found?.id, others], [disk, []]);
  found?.remove();
  assert.deepEqual(abandoned(), []);
});

const others: readonly (readonly [
  whose: string,
  fields: Readonly<Record<string, unknown>>,
  over: boolean,
])[] = [
  ["a process whose number was given to another", { started: "1" }, true],
  ["a time before the machine booted", { boot: "another" }, true],
  ["another container, which may live", { namespace: "pid:[1]" }, false],
];

for (const [whose, fields, over] of others) {
  test(`an entry of ${whose} is ${over ? "abandoned" : "not abandoned"}`, () => {
    journal().add(disk);
    change(fields);
    assert.deepEqual(abandoned(), over ? [disk] : []);
  });
}

test("an entry of another container is abandoned when its restore must have ended", () => {
  journal().add(disk);
  change({ namespace: "pid:[1]" });
  later = 4 * 120_000 + 1000;
  assert.deepEqual(abandoned(), [disk]);
});

test("a disk that was asked for long ago cannot come any more", () => {
  journal().add(disk);
  change({ started: "1" });
  assert.equal(journal().abandoned()[0]?.mayCome, true);
  later = 4 * 120_000 + 1000;
  assert.equal(journal().abandoned()[0]?.mayCome, false);
});

test("an entry of another location's is left to that one", () => {
  journal().add(disk);
  change({ started: "1" });
  assert.deepEqual(abandoned({ ...restores, resourceGroup: "others" }), []);
  assert.deepEqual(abandoned({ ...restores, resourceGroup: "NODES" }), [disk]);
});

const strange: readonly (readonly [what: string, make: () => void])[] = [
  [
    "names another disk than its file",
    () => change({ disk: idOf("restore-00000000-89ab-cdef-0123-456789abcdef") }),
  ],
  ["names a disk that no restore makes", () => change({ disk: idOf("data") })],
  ["names no disk", () => change({ disk: 7 })],
  ["was cut", () => writeFileSync(path(), readFileSync(path(), "utf8").slice(0, 40))],
  ["others may read", () => rmSync(path()) ?? writeFileSync(path(), "{}", { mode: 0o644 })],
  [
    "is a link",
    () => {
      const text = readFileSync(path());
      rmSync(path());
      writeFileSync(join(temporaryFolder, "elsewhere"), text, { mode: 0o600 });
      symlinkSync(join(temporaryFolder, "elsewhere"), path());
    },
  ],
];

for (const [what, make] of strange) {
  test(`an entry that ${what} deletes nothing`, () => {
    journal().add(disk);
    change({ started: "1" });
    make();
    assert.deepEqual(abandoned(), []);
  });
}

function idOf(name: string): string {
  return `/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/${name}`;
}

test("an entry that was cut goes after a minute, since its process never asked for a disk", () => {
  journal().add(disk);
  writeFileSync(path(), "{");
  assert.deepEqual(abandoned(), []);
  assert.deepEqual(readdirSync(folder()), [disk.name]);
  later = 61_000;
  assert.deepEqual(abandoned(), []);
  assert.deepEqual(readdirSync(folder()), []);
});

test("a folder that others may enter is neither written nor believed", () => {
  mkdirSync(folder(), { mode: 0o755 });
  journal().add(disk).remove();
  assert.deepEqual(readdirSync(folder()), []);
  assert.deepEqual(abandoned(), []);
});

test("a folder that cannot be written is no trouble for a restore", () => {
  temporaryFolder = "/proc/none";
  journal().add(disk).remove();
  assert.deepEqual(abandoned(), []);
});

test("a disk that Velero was to be told of is never one to delete, until Velero shows that it knows", () => {
  const entry = journal().add(disk);
  assert.equal(entry.tell(), true);
  assert.deepEqual(abandoned(), [], "its process lives");
  const file = `${path()}.told`;
  const text = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
  writeFileSync(file, JSON.stringify({ ...text, started: "1" }));
  assert.deepEqual(
    journal()
      .abandoned()
      .map(({ id, told }) => ({ id, told })),
    [{ id: disk, told: true }],
  );
  journal().confirm(disk.name);
  assert.deepEqual(readdirSync(folder()), []);
  journal().confirm("../escape");
});
