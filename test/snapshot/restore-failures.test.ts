import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { VolumeSnapshotter } from "../../src/snapshot/snapshotter.ts";
import { type DiskWorld, diskWorld, grantTo, LIMITED, lost, NODES, restore, take } from "./world.ts";

function restoredDisks({ inventory }: DiskWorld): readonly string[] {
  return inventory.disks().flatMap(({ id, name }) => (name.startsWith("restore-") ? [id] : []));
}

function entries({ temporaryFolder }: DiskWorld): readonly string[] {
  const [folder] = readdirSync(temporaryFolder);
  if (folder === undefined) return [];
  const path = join(temporaryFolder, folder);
  return readdirSync(path).map((name) => join(path, name));
}

async function withSnapshot(t: TestContext) {
  const world = await diskWorld(t);
  world.inventory.addDisk({ ...NODES, name: "d1" });
  const snapshotter = await world.open();
  return { world, snapshotter, snapshot: await take(snapshotter, "d1") };
}

test("a restore that is cancelled at any request leaves neither a disk nor an entry", async (t) => {
  for (let request = 1; ; request++) {
    const { world, snapshotter, snapshot } = await withSnapshot(t);
    const controller = new AbortController();
    let asked = 0;
    world.meddle(() => {
      asked += 1;
      if (asked === request) controller.abort(new Error("enough"));
      return undefined;
    });
    const made = await restore(snapshotter, snapshot, { signal: controller.signal }).catch(
      (error: unknown) => {
        assert.equal(Reflect.get(Object(error), "code"), "Canceled");
      },
    );
    assert.deepEqual(entries(world), []);
    if (made !== undefined) {
      assert.ok(request > 2, "nothing was cancelled");
      return;
    }
    assert.deepEqual(restoredDisks(world), [], `cancelled at request ${request}`);
  }
});

test("a restore that takes longer than apiTimeout leaves no disk", async (t) => {
  const { world, snapshot } = await withSnapshot(t);
  // Azure deletes no disk that it is making.
  world.inventory.setComputePace({ disk: 90_000 });
  const snapshotter = await world.open({ config: { apiTimeout: "1m" } });
  await assert.rejects(restore(snapshotter, snapshot), { code: "DeadlineExceeded", message: /"d1-/ });
  assert.deepEqual(restoredDisks(world), []);
  assert.deepEqual(entries(world), []);
});

test("a restore whose answers are all lost leaves no disk, even of a request that arrives late", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  let late: (() => Promise<unknown>) | undefined;
  world.meddle((request, proceed) => {
    if (request.method === "PUT") {
      late ??= proceed;
      return Promise.reject(lost(request));
    }
    if (request.method !== "DELETE" || late === undefined) return undefined;
    const arrive = late;
    late = undefined;
    return proceed().then(async (answer) => {
      await arrive();
      return answer;
    });
  });
  await assert.rejects(restore(snapshotter, snapshot), { code: "Unavailable" });
  assert.deepEqual(restoredDisks(world), []);
});

test("a restore that Azure refuses leaves no entry, and its error is Azure's", async (t) => {
  const { world, snapshot } = await withSnapshot(t);
  grantTo(world, LIMITED, "Disk Snapshot Contributor");
  await assert.rejects(restore(await world.open({ as: LIMITED }), snapshot), (error: Error) => {
    assert.equal(Reflect.get(error, "code"), "PermissionDenied");
    assert.doesNotMatch(error.message, /left as it is/);
    return true;
  });
  assert.deepEqual(entries(world), []);
});

test("a disk that Azure makes for hours is named by the error, and deleted by a process after that", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  world.inventory.setComputePace({ disk: 3_600_000 });
  const error = await restore(snapshotter, snapshot).catch((caught: unknown) => caught);
  const [left] = restoredDisks(world);
  assert.ok(error instanceof Error && left !== undefined);
  assert.equal(Reflect.get(error, "code"), "DeadlineExceeded");
  assert.ok(error.message.includes(left), error.message);
  world.clock.advance(3_600_000);
  for (const path of entries(world)) disown(path);
  await (await world.open()).volumeInfo("d1", { signal: new AbortController().signal });
  assert.deepEqual(restoredDisks(world), []);
});

test("a disk that cannot be deleted is named by the error, and its entry stays", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  world.inventory.setComputePace({ disk: 3_600_000 });
  const effect = { kind: "fail", status: 403, code: "AuthorizationFailed" } as const;
  world.faults.add({ service: "resource-manager", operation: "disks/delete", effect });
  const error = await restore(snapshotter, snapshot).catch((caught: unknown) => caught);
  const [left] = restoredDisks(world);
  assert.ok(error instanceof Error && left !== undefined);
  assert.equal(Reflect.get(error, "code"), "DeadlineExceeded");
  assert.ok(error.message.includes(left), error.message);
  assert.equal(entries(world).length, 1);
});

/** A restore whose process is killed as soon as Azure has its request. */
async function restoreAndDie(t: TestContext, world: DiskWorld, snapshot: string, killed: VolumeSnapshotter) {
  const death = new AbortController();
  t.after(() => death.abort());
  await new Promise<void>((resolve) => {
    let dead = false;
    world.meddle((request, proceed, signal) => {
      if (dead || request.method !== "PUT") return undefined;
      dead = true;
      return proceed().then(() => {
        resolve();
        return new Promise<never>((_, reject) => signal.addEventListener("abort", reject));
      });
    });
    void restore(killed, snapshot, { signal: death.signal }).catch(() => {});
  });
}

/** As if another process had written it, that is no more. */
function disown(path: string): void {
  const entry = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...entry, started: "1" }));
}

test("the next process's first call deletes the disk that a killed restore began", async (t) => {
  const { world, snapshot, snapshotter } = await withSnapshot(t);
  await restoreAndDie(t, world, snapshot, snapshotter);
  const [path, ...others] = entries(world);
  assert.ok(path !== undefined);
  assert.deepEqual(others, []);
  assert.deepEqual([statSync(path).mode & 0o777, statSync(join(path, "..")).mode & 0o777], [0o600, 0o700]);
  const { signal } = new AbortController();
  await (await world.open()).volumeInfo("d1", { signal });
  assert.equal(restoredDisks(world).length, 1, "its process lives");
  disown(path);
  const elsewhere = await world.open({ config: { restoreResourceGroup: "far" } });
  await elsewhere.volumeInfo("d1", { signal });
  assert.equal(restoredDisks(world).length, 1, "it is another location's");
  await (await world.open()).volumeInfo("d1", { signal });
  assert.deepEqual(restoredDisks(world), []);
  assert.deepEqual(entries(world), []);
});

test("a disk of a killed restore that cannot be deleted hinders no call, and is tried again", async (t) => {
  const { world, snapshot, snapshotter } = await withSnapshot(t);
  await restoreAndDie(t, world, snapshot, snapshotter);
  for (const path of entries(world)) disown(path);
  const effect = { kind: "fail", status: 403, code: "AuthorizationFailed" } as const;
  world.faults.add({ service: "resource-manager", operation: "disks/delete", effect });
  await restore(await world.open(), snapshot);
  world.faults.assertSpent();
  assert.equal(restoredDisks(world).length, 2);
  await restore(await world.open(), snapshot);
  assert.equal(restoredDisks(world).length, 2);
  assert.deepEqual(entries(world), []);
});

test("a restored disk is Velero's: no later process deletes it", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  await restore(snapshotter, snapshot);
  await restore(await world.open(), snapshot);
  assert.equal(restoredDisks(world).length, 2);
});

test("twenty restores at once, every other one cancelled, leave the ten disks that were answered", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  const ended = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, index) => {
      const controller = new AbortController();
      const call = restore(snapshotter, snapshot, { signal: controller.signal });
      if (index % 2 === 1) {
        void world.turned.sleep(100, new AbortController().signal).then(() => controller.abort());
      }
      return await call;
    }),
  );
  const names = ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  assert.equal(names.length, 10);
  const left = restoredDisks(world).map((id) => id.slice(id.lastIndexOf("/") + 1));
  assert.deepEqual(left.toSorted(), names.toSorted());
  assert.deepEqual(entries(world), []);
});

test("a disk whose entry cannot be changed is not given to Velero: a later process would delete it", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  world.meddle(() => {
    const entry = entries(world).find((path) => !path.endsWith(".told"));
    if (entry !== undefined) mkdirSync(join(`${entry}.told`, "in-the-way"), { recursive: true });
    return undefined;
  });
  await assert.rejects(restore(snapshotter, snapshot), {
    code: "Internal",
    message: /cannot restore .*cannot be changed/,
  });
  assert.deepEqual(restoredDisks(world), []);
});

test("a disk that a killed process was about to tell Velero of is left to people, and said once", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  const request = { snapshotId: snapshot, volumeType: "Premium_LRS", zone: "", iops: undefined };
  const { signal } = new AbortController();
  const volumeId = await snapshotter.createVolumeFromSnapshot(request, { signal });
  const [path = "", ...others] = entries(world);
  assert.deepEqual(others, []);
  writeFileSync(path, readFileSync(path, "utf8").replace(/"boot":"[^"]*"/, '"boot":"before"'));
  for (let process = 0; process < 2; process += 1) {
    await (await world.open()).volumeInfo("d1", { signal });
  }
  assert.equal(restoredDisks(world).length, 1);
  const said = world.said("warn").filter((message) => message.includes(volumeId));
  assert.equal(said.length, 1, said.join());
  assert.deepEqual(entries(world), []);
});

test("a disk that a machine has is never deleted, whatever an entry says of it", async (t) => {
  const { world, snapshotter, snapshot } = await withSnapshot(t);
  let kept = "";
  let path = "";
  world.meddle(() => {
    const [entry] = entries(world);
    if (entry !== undefined) [path, kept] = [entry, readFileSync(entry, "utf8")];
    return undefined;
  });
  const volumeId = await restore(snapshotter, snapshot);
  // As if the machine had lost its power before the removal was on its disk.
  writeFileSync(path, kept.replace(/"boot":"[^"]*"/, '"boot":"before"'), { mode: 0o600 });
  const disk = world.inventory.disks().find(({ name }) => name === volumeId);
  assert.ok(disk !== undefined);
  world.inventory.attachDisk(disk.id, "/virtualMachines/node-1");
  await (await world.open()).volumeInfo("d1", { signal: new AbortController().signal });
  assert.equal(restoredDisks(world).length, 1);
  assert.deepEqual(entries(world), []);
});
