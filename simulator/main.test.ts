import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ReadyMade } from "./ready-made.ts";

const script = fileURLToPath(new URL("main.ts", import.meta.url));

test("the command tells in JSON what clients need, keeps secrets in files of their own, and ends on SIGTERM", async (t) => {
  const child = spawn(process.execPath, [script, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const made: ReadyMade & { endpoints: Record<string, string> } = JSON.parse(line);
  assert.match(made.endpoints["entra"] ?? "", /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.match(await readFile(made.caFile, "utf8"), /BEGIN CERTIFICATE/);
  const environment = JSON.parse(await readFile(made.cloudFile, "utf8"));
  assert.equal(environment.resourceManagerEndpoint, `${made.endpoints["resourceManager"]}/`);
  for (const { credentialsFile } of [...made.locations, made.snapshotLocation]) {
    assert.equal((await stat(credentialsFile)).mode & 0o777, 0o600);
    for (const [, value = ""] of (await readFile(credentialsFile, "utf8")).matchAll(/(?:SECRET|KEY)=(.*)/g))
      assert.ok(value !== "" && !String(line).includes(value));
  }
  const { disks, locationsFile } = made.snapshotLocation;
  const { items } = JSON.parse(await readFile(locationsFile, "utf8"));
  assert.deepEqual(
    items.map(({ kind }: { kind: string }) => kind),
    ["VolumeSnapshotLocation", "BackupStorageLocation"],
  );
  assert.deepEqual(
    disks.map((disk) => basename(disk)),
    ["pvc-shop", "pvc-ledger"],
  );
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  await assert.rejects(stat(made.caFile), { code: "ENOENT" });
});

test("an option that does not exist is an error of the caller", async () => {
  const child = spawn(process.execPath, [script, "--nonsense"], { stdio: "ignore" });
  assert.deepEqual(await once(child, "exit"), [2, null]);
});
