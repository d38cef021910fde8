import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readyMade } from "../../simulator/ready-made.ts";
import { startSimulator } from "../../simulator/simulator.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { openSnapshotter } from "../../src/snapshot/open-snapshotter.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

test("what the simulator makes is enough to snapshot its disks, to list, copy and clear up the snapshots", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "simulated-locations-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const world = await startSimulator();
  cleanup.defer(() => world.stop());
  const { snapshotLocation } = await readyMade(world, folder);
  const { config, copies, credentialsFile, disks, locationsFile } = snapshotLocation;

  const { signal } = new AbortController();
  const caCert = world.authority.certificate;
  const snapshotter = await openSnapshotter({ ...config, caCert, credentialsFile }, {}, silentLogger);
  cleanup.defer(() => snapshotter.close());
  for (const disk of disks) {
    const [zone] = world.inventory.disk(disk)?.zones ?? [];
    const tags = { "velero.io/backup": "first" };
    await snapshotter.createSnapshot(
      { volumeId: basename(disk), zone: `westeurope-${zone}`, tags },
      { signal },
    );
  }

  // Without what the command prints to be exported: the file and its credentials say it all.
  const run = async (...args: readonly string[]): Promise<string> => {
    const files = ["--locations", locationsFile, "--credentials-file", credentialsFile];
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "snapshots", ...args, ...files]);
    return stdout;
  };
  const to = ["--to-region", copies.region, "--to-resource-group", copies.resourceGroup];
  await run("copy", "--backup", "first", "--wait", ...to);
  const listed: { snapshots: { diskSku: string; state: string; copy: { state: string } }[] } = JSON.parse(
    await run("list", "--json"),
  );
  assert.deepEqual(
    new Set(listed.snapshots.map(({ diskSku, state, copy }) => `${diskSku}: ${state}, copy ${copy.state}`)),
    new Set(["Premium_LRS: ready, copy ready", "PremiumV2_LRS: ready, copy ready"]),
  );
  world.clock.advance(25 * 60 * 60 * 1000);
  await run("gc", "--allow-empty", "--min-age", "0s", "--delete", "--yes");
  assert.equal(world.inventory.snapshots().length, 0);
  assert.ok(!(await readFile(locationsFile, "utf8")).includes("SECRET"));
});
