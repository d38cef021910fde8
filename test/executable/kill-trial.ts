import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { Pending, waitFor } from "../cluster/bounded-wait.ts";
import type { HostVolumeSnapshotter } from "../host/volume-snapshotter.ts";
import type { AzureWorld } from "./azure-world.ts";
import {
  COPY_REGION,
  type Estate,
  newEstate,
  somebody,
  type VolumeLocation,
  volumeLocation,
} from "./disk-world.ts";
import { type Action, type Ear, listenTo, type Point, THE_END } from "./kill-points.ts";

const { signal } = new AbortController();
const DISK = "data";
const GENERATION = 3;
const REQUEST = {
  volumeId: DISK,
  zone: "",
  tags: { "velero.io/backup": "nightly", "velero.io/pv": "pv-1" },
};

/** A disk in an estate of its own, and a process that is about to do something about it. */
interface Stage {
  readonly world: AzureWorld;
  readonly estate: Estate;
  readonly action: Action;
  readonly sku: string;
  readonly location: VolumeLocation;
  /** The snapshot that is restored or deleted; empty where one is to be taken. */
  readonly snapshotId: string;
}

async function setUp(world: AzureWorld, action: Action): Promise<Stage> {
  const estate = newEstate(world);
  const { subscriptionId, disks, restores, copies, diskId } = estate;
  const { inventory } = world.azure;
  // Of this kind Azure copies the data after it has taken the snapshot: all phases that there are.
  const sku = action === "snapshot and copy" ? "PremiumV2_LRS" : "Premium_LRS";
  inventory.addDisk({ subscriptionId, resourceGroup: disks, name: DISK, sku, zones: ["1"] });
  for (let write = 0; write < GENERATION; write += 1) inventory.writeDisk(diskId(DISK));
  const { values } = somebody(world, { Contributor: [`/subscriptions/${subscriptionId}`] });
  const copied = action === "snapshot and copy" || action === "delete";
  const copying = copied ? { copyToRegion: COPY_REGION, copyResourceGroup: copies } : {};
  const config = { restoreResourceGroup: restores, ...copying };
  const location = await volumeLocation(world, estate, { values, config });
  const taken = action === "restore" || action === "delete";
  const snapshotId = taken ? await location.volumes.createSnapshot(REQUEST, { signal }) : "";
  return { world, estate, action, sku, location, snapshotId };
}

/** What the process is killed in; resolves to the ID that Velero is told. */
async function act({ action, sku, snapshotId }: Stage, volumes: HostVolumeSnapshotter): Promise<string> {
  switch (action) {
    case "restore": {
      const request = { snapshotId, volumeType: sku, zone: "", iops: undefined };
      return volumes.createVolumeFromSnapshot(request, { signal });
    }
    case "delete":
      await volumes.deleteSnapshot(snapshotId, { signal });
      return snapshotId;
    default:
      return volumes.createSnapshot(REQUEST, { signal });
  }
}

/** The events of a call that nobody disturbs. */
export async function eventsOf(world: AzureWorld, action: Action): Promise<readonly string[]> {
  const stage = await setUp(world, action);
  const ear = listenTo(world, stage.estate);
  await act(stage, stage.location.volumes);
  ear.stop();
  await stage.location.plugin.end();
  return ear.heard;
}

/**
 * Kills a process at the point and has the next one do the same. Resolves to what had happened last when the process was
 * killed; throws unless all is as it should be.
 */
export async function trial(world: AzureWorld, point: Point): Promise<string> {
  const stage = await setUp(world, point.action);
  const { location, estate } = stage;
  const { ear, told, last } = await actUntilKilled(stage, point);
  await untilAnswered(ear);
  ear.stop();
  const generation = snapshotsIn(stage, estate.snapshots).length > 0 ? GENERATION : GENERATION + 1;
  world.azure.inventory.writeDisk(estate.diskId(DISK));
  const next = await location.next();
  const second = await act(stage, next.volumes);
  const log = (): Promise<string> => next.plugin.stderr();
  await check(stage, { told, second, generation, log }, next.volumes);
  await next.plugin.end();
  const condemned = await condemnedIn(location.folder);
  for (const id of disksRestored(stage)) assert.ok(!condemned.some((name) => id.endsWith(name)), id);
  return `${point.action}: ${last}`;
}

/** The disks that later processes are told to delete. One that Velero knows must never be among them. */
async function condemnedIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && /^restore-[-0-9a-f]+$/.test(file.name))
    .map(({ name }) => name);
}

/** Azure does what it was asked for, whether or not somebody waits for the answer. */
async function untilAnswered({ heard }: Ear): Promise<void> {
  const count = (stage: string): number => heard.filter((event) => event.endsWith(stage)).length;
  await waitFor(
    "every request to be answered",
    () => (count(" arrived") === count(" answered") ? true : new Pending(heard.at(-1) ?? "")),
    { logs: "the test's own output", seconds: 20 },
  );
}

async function actUntilKilled(
  stage: Stage,
  { event, nth, delay }: Point,
): Promise<{ readonly ear: Ear; readonly told: string | undefined; readonly last: string }> {
  const { location, world, estate } = stage;
  const { pid } = location.plugin;
  const { promise: killed, resolve } = Promise.withResolvers<string>();
  let dead = false;
  let found = false;
  const kill = (): void => {
    dead = true;
    process.kill(pid, "SIGKILL");
    resolve(ear.heard.at(-1) ?? "");
  };
  const ear = listenTo(world, estate, (heard) => {
    if (heard.at(-1) !== event || heard.filter((name) => name === event).length !== nth) return;
    found = true;
    if (delay === 0) kill();
    else setTimeout(kill, delay);
  });
  const told = await act(stage, location.volumes).catch((error: unknown) => {
    if (!dead) throw error;
    return undefined;
  });
  // A call that made fewer requests than in the trial run is killed when it is over.
  if (!found) kill();
  const last = await killed;
  await location.plugin.end();
  return { ear, told, last: told === undefined ? last : THE_END };
}

interface Outcome {
  readonly told: string | undefined;
  readonly second: string;
  /** What the second process has logged so far. */
  readonly log: () => Promise<string>;
  /** Of the disk when Azure took the snapshot that there must be. */
  readonly generation: number;
}

async function check(stage: Stage, outcome: Outcome, volumes: HostVolumeSnapshotter): Promise<void> {
  switch (stage.action) {
    case "restore":
      return checkRestored(stage, outcome);
    case "delete":
      return checkDeleted(stage);
    default:
      return checkTaken(stage, outcome, volumes);
  }
}

/** One snapshot, of the time when it was first asked for; one copy of it; and they can be restored and deleted. */
async function checkTaken(
  stage: Stage,
  { told, second, generation }: Outcome,
  volumes: HostVolumeSnapshotter,
): Promise<void> {
  const { world, estate, action } = stage;
  if (told !== undefined) assert.equal(second, told, "the snapshot that Velero was told of");
  assert.deepEqual(snapshotsIn(stage, estate.snapshots), [second]);
  assert.equal(world.azure.inventory.snapshot(second)?.generation, generation, "the point in time");
  const restored = await act({ ...stage, action: "restore", snapshotId: second }, volumes);
  assert.equal(generationOf(stage, restored), generation);
  if (action === "snapshot and copy") {
    const [copy, ...more] = snapshotsIn(stage, estate.copies);
    assert.deepEqual([copy === undefined, more], [false, []], "one copy");
    assert.equal(
      world.azure.inventory.snapshot(copy ?? "")?.generation,
      generation,
      "the copy's point in time",
    );
  }
  await act({ ...stage, action: "delete", snapshotId: second }, volumes);
  checkDeleted(stage);
}

function checkDeleted(stage: Stage): void {
  assert.deepEqual(snapshotsIn(stage, stage.estate.snapshots), []);
  assert.deepEqual(snapshotsIn(stage, stage.estate.copies), []);
}

/**
 * The disks that Velero was told of, whole, and no others. Who was killed as it told Velero leaves one of which nobody knows
 * whose it is: then the next process says so.
 */
async function checkRestored(stage: Stage, { told, second, log }: Outcome): Promise<void> {
  const known = [told, second].flatMap((id) => (id === undefined ? [] : [id.toLowerCase()])).toSorted();
  assert.equal(new Set(known).size, known.length, "each restore is a disk of its own");
  await waitFor(
    "the disks that Velero was told of, and no others",
    async () => {
      const said = await log();
      const unclear = (id: string): boolean =>
        told === undefined && said.includes(`told Velero of disk \\"${id.split("/").at(-1)}\\"`);
      const there = disksRestored(stage).filter((id) => known.includes(id) || !unclear(id));
      return there.join() === known.join() ? true : new Pending(`${there.join()} instead of ${known.join()}`);
    },
    { logs: "the test's own output", seconds: 20 },
  );
  for (const id of known) assert.equal(generationOf(stage, id), GENERATION);
}

function snapshotsIn({ world, estate }: Stage, group: string): readonly string[] {
  const prefix = estate.scopeOf(group).toLowerCase();
  const ids = world.azure.inventory.snapshots().map(({ id }) => id);
  return ids.filter((id) => id.toLowerCase().startsWith(`${prefix}/`));
}

function disksRestored({ world, estate }: Stage): readonly string[] {
  const prefix = estate.scopeOf(estate.restores).toLowerCase();
  const ids = world.azure.inventory.disks().map(({ id }) => id.toLowerCase());
  return ids.filter((id) => id.startsWith(`${prefix}/`)).toSorted();
}

function generationOf({ world }: Stage, volumeId: string): number | undefined {
  return world.azure.inventory.disk(volumeId)?.generation;
}
