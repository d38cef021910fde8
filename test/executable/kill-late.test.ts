import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Pending, waitFor } from "../cluster/bounded-wait.ts";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import { DISK, disksIn, restore, type Scene, scene, snapshotAt, snapshotsIn, take } from "./disk-scene.ts";

const { signal } = new AbortController();
const LOGS = { logs: "the test's own output", seconds: 20 };

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

/** Runs a call whose process is killed when its request has arrived; Azure gets to that a while later. */
async function killIn(at: Scene, operation: string, call: () => Promise<unknown>): Promise<void> {
  const { plugin } = at.location;
  const effect = { kind: "delay", milliseconds: 1500 } as const;
  world.azure.faults.add({ service: "resource-manager", operation, effect });
  const stop = world.azure.log.watch((passing) => {
    const ours = passing.path.includes(at.estate.subscriptionId) && passing.operation === operation;
    if (ours && passing.stage === "arrived") process.kill(plugin.pid, "SIGKILL");
  });
  await assert.rejects(call());
  stop();
  await plugin.end();
}

/** Any call of a process that comes after. */
async function nextProcess(at: Scene): Promise<void> {
  const { plugin, volumes } = await at.location.next();
  await volumes.volumeInfo(DISK, { signal });
  await plugin.end();
}

test("a disk that Azure makes only after the next process has looked for it is deleted by a later one", async () => {
  const at = await scene(world);
  const taken = await take(at);
  await killIn(at, "disks/create", () => restore(at, taken));
  await nextProcess(at);
  const made = (count: number) => (): true | Pending => {
    const disks = disksIn(at, at.estate.disks);
    return disks.length === count ? true : new Pending(disks.join());
  };
  await waitFor("the disk that nobody waits for any more", made(2), LOGS);
  await nextProcess(at);
  await waitFor("the disk to be gone", made(1), LOGS);
  assert.deepEqual(disksIn(at, at.estate.disks), [at.diskId]);
});

test("a snapshot that Azure is asked for once more by a request that comes late is the one that there is", async () => {
  const at = await scene(world);
  await killIn(at, "snapshots/create", () => take(at));
  world.azure.inventory.writeDisk(at.diskId);
  const { plugin, volumes } = await at.location.next();
  const late = lateAnswer(at, "snapshots/create");
  const { id } = await take({ location: { ...at.location, volumes } });
  const { generation } = snapshotAt(at, id);
  world.azure.inventory.writeDisk(at.diskId);
  await late;
  assert.deepEqual(snapshotsIn(at, at.estate.snapshots), [id]);
  assert.deepEqual([generation, snapshotAt(at, id).generation], [2, 2]);
  await plugin.end();
});

/** Resolves when Azure has done what the killed process asked for, which comes after what the next one asks for. */
function lateAnswer(at: Scene, operation: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = 2;
  const stop = world.azure.log.watch((passing) => {
    const ours = passing.path.includes(at.estate.subscriptionId) && passing.operation === operation;
    if (!ours || passing.stage !== "answered") return;
    left -= 1;
    if (left > 0) return;
    stop();
    resolve();
  });
  return promise;
}
