import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { COPIES, startCliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
let page: string;
before(async () => {
  world = await startCliWorld();
  page = await readFile(new URL("../../docs/snapshots.md", import.meta.url), "utf8");
});
after(() => world[Symbol.asyncDispose]());

/** The names of all fields, those of a list's entries under the list's; null says nothing of what else it may be. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== "object" || value === null) return "value";
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, field]) => [name, shape(field)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function documented(mark: string): Readonly<Record<string, unknown>> {
  const [, text] = new RegExp(`^\`\`\`json ${mark}\\n([\\s\\S]*?)^\`\`\``, "m").exec(page) ?? [];
  assert.ok(text !== undefined, `the page has no example of ${mark}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

async function printed(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await world.run([...args, "--locations", await world.locations(), "--json"]);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

test("the fields of --json are those that the page shows", async () => {
  const used = world.snapshot({ name: "used", copy: COPIES });
  world.copy(used);
  await world.backup("daily", [used]);
  assert.deepEqual(shape(await printed("list")), shape(documented("list")));
  world.snapshot({ name: "new", backup: "gone" });
  const to = ["--to-region", COPIES.region, "--to-resource-group", COPIES.resourceGroup];
  assert.deepEqual(shape(await printed("copy", "used", ...to)), shape(documented("copy")));
  world.snapshot({ name: "locked", backup: "gone", age: 30 });
  world.azure.faults.add({
    ...{ service: "resource-manager", operation: "snapshots/delete" },
    effect: { kind: "fail", status: 403, code: "RequestDisallowedByPolicy" },
  });
  const { orphans, kept, ...gc } = await printed("gc", "--delete", "--yes");
  const { orphans: noOrphans, kept: noKept, ...rest } = documented("gc");
  assert.deepEqual([shape(gc), noOrphans, noKept], [shape(rest), [], []]);
  const { snapshots } = documented("list") as { readonly snapshots: readonly object[] };
  const decided = shape({ ...snapshots[0], why: "", code: "" });
  assert.deepEqual(shape(kept), [decided]);
  assert.deepEqual(shape(orphans), [{ ...(decided as object), copy: "value" }]);
});

test("every option on the page is one that the command has, and every word of its JSON is on the page", async () => {
  const { stdout: help } = await world.run(["gc", "--help"]);
  const helps =
    help + (await world.run(["list", "--help"])).stdout + (await world.run(["copy", "--help"])).stdout;
  for (const [option] of page.matchAll(/--[a-z][a-z-]+/g)) assert.ok(helps.includes(option), option);
  const words = await readFile(new URL("../../src/snapshot/upkeep/orphans.ts", import.meta.url), "utf8");
  const codes = [...words.matchAll(/^ {2}\| "([a-z-]+)"|OrphanReason = (.*);$/gm)].flatMap(([line]) =>
    [...line.matchAll(/"([a-z-]+)"/g)].map(([, code = ""]) => code),
  );
  assert.equal(codes.length, 11);
  for (const code of codes) assert.ok(page.includes(`\`${code}\``), code);
});
