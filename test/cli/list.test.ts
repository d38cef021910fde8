import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { silentLogger } from "../../src/log/logger.ts";
import { openSnapshotter } from "../../src/snapshot/open-snapshotter.ts";
import { COPIES, DISKS, SNAPSHOTS, SUBSCRIPTION, startCliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
beforeEach(() => world.clear());
after(() => world[Symbol.asyncDispose]());

interface Listing {
  readonly location: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly snapshots: readonly Readonly<Record<string, unknown>>[];
}

async function list(...args: string[]): Promise<Listing> {
  const locations = await world.locations();
  const { code, stdout, stderr } = await world.run(["list", "--locations", locations, "--json", ...args]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return JSON.parse(stdout) as Listing;
}

const names = ({ snapshots }: Listing): string[] => snapshots.map(({ name }) => String(name));

test("a table shows a snapshot's backup, disk, size, age, state and copy", async () => {
  const id = world.snapshot({ name: "data-1", backup: "daily-1", age: 49, copy: COPIES });
  world.copy(id);
  const { code, stdout, stderr } = await world.run(["list", "--locations", await world.locations()]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
    [
      ["SNAPSHOT", "BACKUP", "VOLUME", "DISK", "KIND", "SIZE", "AGE", "REGION", "STATE", "COPY"],
      [
        ...["data-1", "daily-1", "pv-data-1", "data", "incremental", "8 GiB", "2d1h", "westeurope", "ready"],
        "northeurope: ready",
      ],
    ],
  );
});

test("JSON tells all that is known, and null of what is not", async () => {
  const id = world.snapshot({ name: "data-1", backup: "daily-1", copy: COPIES });
  const copyId = world.copy(id);
  const found = await list();
  const created = found.snapshots[0]?.["created"];
  assert.deepEqual(found, {
    location: "default",
    subscriptionId: SUBSCRIPTION,
    resourceGroup: SNAPSHOTS.resourceGroup,
    snapshots: [
      {
        ...{ id, name: "data-1", region: "westeurope", created, state: "ready", percent: null, reason: null },
        ...{ backup: "daily-1", backupLocation: "default", volume: "pv-data-1", disk: world.diskId },
        ...{ diskSku: "Premium_LRS", incremental: true, sizeBytes: 8 * 1024 ** 3, madeBy: "this plugin" },
        copyOf: null,
        copy: {
          ...{ id: copyId, name: "data-1-northeurope", region: "northeurope", created, state: "ready" },
          ...{ percent: null, reason: null },
        },
      },
    ],
  });
});

test("others' snapshots are not shown; with --all those of Velero are", async () => {
  world.snapshot({ name: "ours" });
  world.snapshot({ name: "official", disks: null });
  world.azure.inventory.addSnapshot({ ...SNAPSHOTS, name: "somebody", sourceResourceId: world.diskId });
  assert.deepEqual(names(await list()), ["ours"]);
  assert.deepEqual(names(await list("--all")).toSorted(), ["official", "ours"]);
  const { stdout } = await world.run(["list", "--locations", await world.locations(), "--all"]);
  assert.match(stdout, /^official .* another plugin$/m);
  assert.match(stdout, /^ours .* this plugin$/m);
});

test("one backup's snapshots are shown alone", async () => {
  world.snapshot({ name: "one", backup: "b1" });
  world.snapshot({ name: "two", backup: "b2" });
  assert.deepEqual(names(await list("--backup", "b2")), ["two"]);
});

test("every page of the list is read", async () => {
  world.azure.inventory.setComputePageSize(3);
  const wanted = Array.from({ length: 10 }, (_, index) => `s${index}`);
  for (const name of wanted) world.snapshot({ name });
  assert.deepEqual(names(await list()).toSorted(), wanted);
});

test("a copy that is missing, one without its first, and one that is still under way are told apart", async () => {
  world.snapshot({ name: "missing", copy: COPIES, age: 3 });
  const lost = world.snapshot({ name: "lost", copy: COPIES, age: 2 });
  world.copy(lost);
  const { inventory, clock } = world.azure;
  delete inventory.state.snapshots[lost.toLowerCase()];
  const underWay = world.snapshot({ name: "under-way", copy: COPIES, age: 1 });
  const copyId = world.copy(underWay);
  const record = inventory.state.snapshots[copyId.toLowerCase()];
  assert.ok(record !== undefined);
  record.copy = { startedAt: clock.now() - 3_600_000, doneAt: clock.now() + 3_600_000 };
  const found = await list();
  assert.deepEqual(
    found.snapshots.map(({ name, copyOf, copy }) => [
      name,
      copyOf,
      (copy as { state: string } | null)?.state,
    ]),
    [
      ["missing", null, "missing"],
      ["lost-northeurope", lost, undefined],
      ["under-way", null, "copying"],
    ],
  );
  const { stdout } = await world.run(["list", "--locations", await world.locations()]);
  assert.match(stdout, /northeurope: copying \d+ %/);
  assert.match(stdout, /is one, of lost/);
});

test("what the plugin takes is what the list shows", async () => {
  const { inventory, endpoints, authority } = world.azure;
  inventory.setComputePace({ snapshot: 0, regionCopy: 0 });
  const config = { resourceGroup: SNAPSHOTS.resourceGroup, credentialsFile: world.credentialsFile };
  const env = { HTTPS_PROXY: endpoints.proxy, SSL_CERT_FILE: await world.file("ca", authority.certificate) };
  const copying = { copyToRegion: COPIES.region, copyResourceGroup: COPIES.resourceGroup };
  const snapshotter = await openSnapshotter({ ...config, ...copying }, env, silentLogger);
  const tags = { "velero.io/backup": "b9", "velero.io/pv": "pv-9", "velero.io/storage-location": "default" };
  const { signal } = new AbortController();
  const id = await snapshotter.createSnapshot({ volumeId: "data", zone: "", tags }, { signal });
  await snapshotter.close();
  const [entry, ...more] = (await list("--backup", "b9")).snapshots;
  assert.equal(more.length, 0);
  assert.equal(entry?.["id"], id);
  assert.equal(entry["volume"], "pv-9");
  assert.equal(entry["backupLocation"], "default");
  assert.equal((entry["copy"] as { region: string } | undefined)?.region, COPIES.region);
});

test("a snapshot whose tags somebody changed is shown as what it is", async () => {
  const id = world.snapshot({ name: "one" });
  const record = world.azure.inventory.state.snapshots[id.toLowerCase()];
  assert.ok(record !== undefined);
  record.tags = { ...record.tags, "velero-azure-disk": "v1;1;00000000;changed" };
  const { stdout } = await world.run(["list", "--locations", await world.locations()]);
  assert.match(stdout, /ready, tags damaged/);
  assert.equal((await list()).snapshots[0]?.["madeBy"], "unreadable");
});

test("an empty group is told in a sentence, and as an empty list", async () => {
  assert.deepEqual((await list()).snapshots, []);
  const { code, stdout, stderr } = await world.run(["list", "--locations", await world.locations()]);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /^No snapshots in resource group "snapshots"/);
});

test("nothing of one backup is not told as an empty group", async () => {
  world.snapshot({ backup: "daily" });
  const locations = await world.locations();
  const { stderr } = await world.run(["list", "--locations", locations, "--backup", "dialy"]);
  assert.match(stderr, /^No snapshots of backup "dialy" in resource group "snapshots"/);
});

test("a group with another plugin's snapshots alone is told with the option that shows them", async () => {
  world.snapshot({ disks: null });
  const { stderr } = await world.run(["list", "--locations", await world.locations()]);
  assert.match(
    stderr,
    /^No snapshots of this plugin in resource group "snapshots".*; --all shows 1 of another$/m,
  );
});

test("a group of copies that may not be read takes the copies from the list, and is told", async () => {
  world.snapshot({ name: "one", copy: { ...COPIES, resourceGroup: "forbidden" } });
  const locations = await world.locations();
  const { code, stdout, stderr } = await world.run(["list", "--locations", locations, "--json"]);
  assert.equal(code, 0);
  assert.match(stderr, /^velero-azure: warning: .*Microsoft.Compute\/snapshots\/read.*\/forbidden/);
  const [found] = (JSON.parse(stdout) as Listing).snapshots;
  assert.equal((found?.["copy"] as { state: string } | undefined)?.state, "unknown");
});

test("a group that may not be read is an error", async () => {
  const locations = await world.locations({ config: { resourceGroup: DISKS.resourceGroup } });
  const { code, stderr } = await world.run(["list", "--locations", locations]);
  assert.equal(code, 1);
  assert.match(stderr, /Microsoft.Compute\/snapshots\/read/);
});
