import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silentLogger } from "../../src/log/logger.ts";
import { openSnapshotter } from "../../src/snapshot/open-snapshotter.ts";
import type { VolumeSnapshotter } from "../../src/snapshot/snapshotter.ts";
import { type AzureWorld, CONTOSO, NODE_GROUP, startAzureWorld } from "./azure-world.ts";
import { rememberCluster } from "./cluster-calls.ts";
import { type Shell, startShell } from "./commands.ts";
import { blocks, pathOf, readPage } from "./page.ts";

const { subscriptionId } = CONTOSO;
const { signal } = new AbortController();

let world: AzureWorld;
let shell: Shell;
let snapshotter: VolumeSnapshotter;

before(async () => {
  world = await startAzureWorld();
  shell = await startShell(world.folder);
  world.inventory.addResourceGroup({ subscriptionId, name: NODE_GROUP });
  snapshotter = await followed();
});
after(async () => {
  await snapshotter?.close();
  await shell?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** Runs the first page's commands and this one's, and opens the location that they make. */
async function followed(): Promise<VolumeSnapshotter> {
  const cluster = rememberCluster();
  let variables = "";
  for (const name of ["README", "disks"]) {
    const page = await readPage(name);
    const folder = join(world.folder, name);
    await mkdir(folder);
    for (const { mark, text } of page.blocks) {
      if (mark.includes(".")) await writeFile(join(folder, mark), text);
    }
    const lines = blocks(page, "sh")
      .map(({ text }) => text)
      .join("\n");
    const result = await shell.run({ before: variables, lines, folder }, (call) =>
      call.tool === "az" ? world.az(call) : cluster.answer(call),
    );
    assert.equal(result.code, 0, `${pathOf(name)}: ${result.errors}`);
    variables = result.variables;
  }
  const [location, ...more] = cluster.locations;
  assert.ok(location?.kind === "VolumeSnapshotLocation" && more.length === 0);
  const { config, credential } = location.spec as unknown as {
    readonly config: Readonly<Record<string, string>>;
    readonly credential: { readonly name: string; readonly key: string };
  };
  const credentialsFile = join(world.folder, "credentials-of-disks");
  await writeFile(credentialsFile, cluster.secrets.get(credential.name)?.[credential.key] ?? "", {
    mode: 0o600,
  });
  const env = { ...world.environment, TMPDIR: world.folder };
  return openSnapshotter({ ...config, credentialsFile }, env, silentLogger);
}

test("who follows the page can back a disk up, restore it and delete its snapshot, with the page's rights", async () => {
  const place = { subscriptionId, resourceGroup: NODE_GROUP };
  world.inventory.addDisk({ ...place, name: "shop-data", sku: "Premium_LRS", zones: ["2"] });
  const { volumeType } = await snapshotter.volumeInfo("shop-data", { signal });
  const tags = { "velero.io/backup": "first", "velero.io/pv": "pv-1" };
  const snapshotId = await snapshotter.createSnapshot(
    { volumeId: "shop-data", zone: "westeurope-2", tags },
    { signal },
  );
  const volume = await snapshotter.createVolumeFromSnapshot(
    { snapshotId, volumeType, zone: "westeurope-2", iops: undefined },
    { signal },
  );
  assert.deepEqual(await snapshotter.volumeInfo(volume, { signal }), { volumeType, iops: undefined });
  await snapshotter.deleteSnapshot(snapshotId, { signal });
  const missing = { snapshotId, volumeType, zone: "westeurope-2", iops: undefined };
  await assert.rejects(snapshotter.createVolumeFromSnapshot(missing, { signal }), { code: "NotFound" });
});
