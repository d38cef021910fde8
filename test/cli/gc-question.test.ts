import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startCliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
beforeEach(() => world.clear());
after(() => world[Symbol.asyncDispose]());

/** One snapshot of a backup that is there, and one of a backup that is gone: its ID. */
async function oneOrphan(): Promise<string> {
  await world.backup("there", [world.snapshot({ name: "used", backup: "there" })]);
  return world.snapshot({ name: "orphan", backup: "gone" });
}

test("on a terminal the number of snapshots must be typed", async () => {
  await oneOrphan();
  const locations = await world.locations();
  const args = ["gc", "--locations", locations, "--delete"];
  const prompt = "Type 1 to delete 1 snapshot, anything else to keep them: ";
  const controlC = "\u0003";
  for (const answer of ["y", "yes", "2", "", controlC]) {
    const { code, stdout } = await world.runOnTerminal(args, prompt, answer);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /Nothing was deleted\./);
    assert.equal(world.snapshots().length, 2);
  }
  const { code, stdout } = await world.runOnTerminal(args, prompt, "1");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /deleted orphan/);
  assert.equal(world.snapshots().length, 1);
});

test("without a terminal --delete wants --yes, before anything is asked of Azure", async () => {
  await oneOrphan();
  world.azure.log.clear();
  const { code, stderr } = await world.run(["gc", "--locations", await world.locations(), "--delete"]);
  assert.equal(code, 2);
  assert.match(stderr, /this is no terminal/);
  const json = ["gc", "--locations", await world.locations(), "--delete", "--json"];
  const onTerminal = await world.runOnTerminal(json, "to keep them: ", "1");
  assert.equal(onTerminal.code, 2);
  assert.match(onTerminal.stdout, /JSON is for programs/);
  assert.deepEqual(world.azure.log.entries(), []);
});

test("a snapshot that took the name of an orphan meanwhile is not deleted for it", async () => {
  const orphan = await oneOrphan();
  const { inventory } = world.azure;
  const args = ["gc", "--locations", await world.locations(), "--delete"];
  const key = orphan.toLowerCase();
  const record = inventory.state.snapshots[key];
  assert.ok(record !== undefined);
  // After the snapshots are listed the backup of this name is deleted, and taken again.
  const unwatch = world.azure.log.watch(({ service, stage }) => {
    if (service !== "blob" || stage !== "answered") return;
    inventory.state.snapshots[key] = { ...record, timeCreated: new Date().toISOString() };
  });
  const { code, stdout } = await world.runOnTerminal(args, "to keep them: ", "1").finally(unwatch);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /not deleted: orphan: .*another snapshot has that name now/);
  assert.ok(world.snapshots().includes(orphan));
});
