import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import { DISK, remove, restore, type Scene, scene, snapshotsIn, take } from "./disk-scene.ts";
import { COPY_REGION } from "./disk-world.ts";
import { refusedWith } from "./sign-in-calls.ts";
import { Silence } from "./silence.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
after(() => world[Symbol.asyncDispose]());

/** All that can be done, and what can go wrong. */
async function useEverything(silence: Silence, at: Scene): Promise<void> {
  const { volumes } = at.location;
  const { faults } = world.azure;
  const fail = (operation: string, effect: Parameters<typeof faults.add>[0]["effect"]): void =>
    faults.add({ service: "resource-manager", operation, effect });
  let taken = { id: "", volumeType: "" };
  await silence.hear("snapshot", async () => {
    taken = await take(at);
  });
  await silence.hear("restore", () => restore(at, taken));
  fail("disks/create", { kind: "fail", status: 409, code: "OperationNotAllowed", message: "No." });
  await silence.hear("refused restore", () => restore(at, taken));
  fail("snapshots/create", { kind: "throttle", retryAfterSeconds: 3600 });
  await silence.hear("throttled snapshot", () => take(at, "second"));
  fail("disks/get", { kind: "expire-token" });
  await silence.hear("expired token", () => volumes.volumeInfo(DISK, { signal }));
  await silence.hear("missing disk", () => volumes.volumeInfo("missing", { signal }));
  await silence.hear("bad volume", () =>
    volumes.volumeIdOf({ spec: { csi: { driver: "disk.csi.azure.com" } } }),
  );
  await silence.hear("deletion", () => remove(at, taken.id));
  faults.assertSpent();
}

test("no secret is in any output, whatever is done with disks", async () => {
  const silence = new Silence();
  const config = { copyToRegion: COPY_REGION, copyResourceGroup: "copies", apiTimeout: "20s" };
  const at = await scene(world, { config: () => config });
  silence.keep("client secret", at.secret);
  await useEverything(silence, at);
  await silence.collect(at.location.plugin, at.location.folder, "good secret");

  const wrong = "wr0ng~secret.of-somebody_else";
  silence.keep("wrong client secret", wrong);
  const refused = await scene(world, { values: { AZURE_CLIENT_SECRET: wrong } });
  await silence.hear("wrong secret", () => take(refused));
  await silence.collect(refused.location.plugin, refused.location.folder, "wrong secret");

  // A run that said nothing would prove nothing.
  assert.match(silence.outputs.get("standard error good secret") ?? "", /"@level":"debug".*DiskOperations/);
  assert.ok(silence.outputs.size > 12, `${silence.outputs.size} outputs`);
  silence.assertKept();
});

test("a client secret that expires while a snapshot is taken is told with the snapshot that was begun", async () => {
  const at = await scene(world);
  const { clock, directory, faults, inventory } = world.azure;
  const application = directory.state.applications.find(({ objectId }) => objectId === at.objectId);
  assert.ok(application !== undefined);
  const expires = clock.now() + HOUR;
  const secret = directory.addSecret(application, { expires }).value;
  await at.location.rewrite({
    ...{ AZURE_TENANT_ID: application.tenantId, AZURE_CLIENT_ID: application.clientId },
    ...{ AZURE_SUBSCRIPTION_ID: at.estate.subscriptionId, AZURE_RESOURCE_GROUP: at.estate.disks },
    AZURE_CLIENT_SECRET: secret,
  });
  const { volumes } = await at.location.next();
  const stop = world.azure.log.watch(({ operation, stage, path }) => {
    if (operation !== "snapshots/create" || stage !== "answered" || !path.includes(at.estate.subscriptionId))
      return;
    clock.advance(2 * HOUR);
    // The token is as old as the secret.
    const effect = { kind: "expire-token" } as const;
    faults.add({ service: "resource-manager", operation: "diskOperations/get", effect });
  });
  try {
    inventory.setComputePace({ snapshot: 3 * HOUR });
    await assert.rejects(
      take({ location: { ...at.location, volumes } }),
      refusedWith(
        "Unauthenticated",
        "AADSTS7000222",
        "the client secret has expired",
        "az ad app credential reset",
      ),
    );
    assert.equal(snapshotsIn(at, at.estate.snapshots).length, 1);
    faults.assertSpent();
  } finally {
    stop();
    faults.clear();
    inventory.setComputePace({ snapshot: 0 });
  }
});

test("a volume whose disk is a blob in a storage account is an error: only managed disks have snapshots", async () => {
  const at = await scene(world);
  const azureDisk = {
    ...{ diskName: "old.vhd", diskURI: "https://account.blob.core.windows.net/vhds/old.vhd" },
    kind: "Dedicated",
  };
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "pv-old" },
    spec: { azureDisk },
  };
  await assert.rejects(
    at.location.volumes.volumeIdOf(volume),
    refusedWith(
      "FailedPrecondition",
      "pv-old",
      "old.vhd",
      "blob in a storage account",
      "backup.velero.io/backup-volumes",
    ),
  );
});
