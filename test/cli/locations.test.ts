import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { stringify } from "yaml";
import { startCliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
beforeEach(async () => {
  await world.clear();
  world.snapshot({ name: "one" });
});
after(() => world[Symbol.asyncDispose]());

interface List {
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly object[];
}

async function usual(): Promise<List> {
  return JSON.parse(await readFile(await world.locations(), "utf8")) as List;
}

const forms: readonly (readonly [string, (list: List) => string])[] = [
  ["a List in JSON", (list) => JSON.stringify(list, undefined, 2)],
  ["a List in YAML", (list) => stringify(list)],
  ["several documents", (list) => `---\n${list.items.map((item) => stringify(item)).join("---\n")}...\n`],
  [
    "objects among others that are none of Velero's",
    (list) =>
      stringify({ ...list, items: [{ apiVersion: "v1", kind: "Secret", metadata: {} }, ...list.items] }),
  ],
];
for (const [what, write] of forms) {
  test(`locations are read from ${what}, in a file and on standard input`, async () => {
    const text = write(await usual());
    const file = await world.file("locations", text);
    for (const [locations, input] of [
      [file, ""],
      ["-", text],
    ] as const) {
      const { code, stdout, stderr } = await world.run(["list", "--locations", locations], input);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^one +daily/m);
    }
  });
}

test("the credentials file of one location goes before that of all, and before the environment's", async () => {
  const elsewhere = await world.file(
    "credentials",
    "AZURE_SUBSCRIPTION_ID=none\nAZURE_RESOURCE_GROUP=none\n",
  );
  const locations = await world.locations();
  const run = async (...files: string[]): Promise<number | null> => {
    const options = files.flatMap((file) => ["--credentials-file", file]);
    const { code } = await world.run(["list", "--locations", locations, "--location", "default", ...options]);
    return code;
  };
  const right = world.credentialsFile;
  assert.deepEqual(
    [
      await run(),
      await run(elsewhere),
      await run(elsewhere, `default=${right}`),
      await run(`default=${elsewhere}`, `vsl/default=${right}`),
      await run(`default=${right}`, `bsl/default=${elsewhere}`),
      await run(`default=${right}`, `vsl/default=${elsewhere}`),
    ],
    [0, 1, 0, 0, 0, 1],
  );
});

test("a credentials file that is not there is told without the advice that Velero's users need", async () => {
  const locations = await world.locations();
  const { code, stderr } = await world.run([
    "list",
    "--locations",
    locations,
    "--credentials-file",
    "/nowhere",
  ]);
  assert.deepEqual(
    [code, stderr],
    [1, 'velero-azure: cannot read credentials file "/nowhere": there is no such file\n'],
  );
});

const calls: readonly (readonly [string[], number, RegExp])[] = [
  [[], 2, /Usage:/],
  [["prune"], 2, /there is no command "snapshots prune"/],
  [["list"], 2, /--locations is missing/],
  [["list", "--locations", "/nowhere"], 1, /there is no such file/],
  [["list", "--locations"], 2, /'--locations <value>' argument missing/],
  [["list", "--everything"], 2, /unknown option '--everything'/],
  [["list", "one"], 2, /unexpected argument 'one'/],
  [["gc", "--min-age", "1 day"], 2, /cannot use --min-age "1 day"/],
  [["gc", "--min-age", "-1h"], 2, /argument/],
  [["copy", "--to-region", "r", "one"], 2, /--to-resource-group is missing/],
  [["copy", "--to-resource-group", "g", "one"], 2, /--to-region is missing/],
  [["copy", "--to-region", "r", "--to-resource-group", "g"], 2, /name either --backup or snapshots/],
  [
    ["copy", "--to-region", "r", "--to-resource-group", "g", "--backup", "b", "one"],
    2,
    /name either --backup/,
  ],
];
for (const [args, expected, says] of calls) {
  test(`velero-azure snapshots ${args.join(" ")} ends with ${expected}`, async () => {
    const { code, stdout, stderr } = await world.run(args);
    assert.match(stderr, says);
    assert.equal(code, expected);
    assert.equal(stdout, "");
  });
}

for (const args of [["--help"], ["list", "--help"], ["gc", "-h"], ["copy", "--help"]]) {
  test(`velero-azure snapshots ${args.join(" ")} explains itself`, async () => {
    const { code, stdout, stderr } = await world.run(args);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^Usage: ?/m);
  });
}
