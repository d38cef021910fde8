import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { stringify } from "yaml";
import { readFile } from "node:fs/promises";
import { COPIES, startCliWorld, type CliWorld } from "../cli/world.ts";
import { executableUnderTest } from "../host/executable.ts";

let world: CliWorld;
before(async () => {
  world = await startCliWorld([executableUnderTest()]);
});
beforeEach(() => world.clear());
after(() => world[Symbol.asyncDispose]());

test("the executable lists, copies and cleans up snapshots, its locations written as YAML", async () => {
  const used = world.snapshot({ name: "used", backup: "there" });
  world.snapshot({ name: "orphan", backup: "gone" });
  await world.backup("there", [used]);
  const yaml = stringify(JSON.parse(await readFile(await world.locations(), "utf8")));
  const to = ["--to-region", COPIES.region, "--to-resource-group", COPIES.resourceGroup];
  const copied = await world.run(["copy", "--locations", "-", ...to, "used", "orphan"], yaml);
  assert.equal(copied.code, 0, copied.stderr);
  assert.equal(world.snapshots().length, 4);
  const deleted = await world.run(["gc", "--locations", "-", "--delete", "--yes"], yaml);
  assert.equal(deleted.code, 0, deleted.stderr);
  assert.match(deleted.stderr, /^deleted orphan\n1 snapshot deleted\.\n$/);
  const listed = await world.run(["list", "--locations", "-"], yaml);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^SNAPSHOT.*\nused +there +pv-used .*northeurope: .*\n$/);
  assert.equal(world.snapshots().length, 2);
});

test("the executable asks on a terminal", async () => {
  world.snapshot({ name: "orphan" });
  await world.backup("there", []);
  const args = ["gc", "--locations", await world.locations(), "--delete"];
  const { code, stdout } = await world.runOnTerminal(args, "anything else to keep them: ", "1");
  assert.equal(code, 0, stdout);
  assert.deepEqual(world.snapshots(), []);
});

test("the executable ends with 2 when it is called wrong", async () => {
  const { code, stderr } = await world.run(["gc"]);
  assert.equal(code, 2);
  assert.match(stderr, /--locations is missing/);
});
