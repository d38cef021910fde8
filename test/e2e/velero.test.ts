/**
 * Velero as users run it, with the built plugin: one cluster, one story. The tests stand in its order, each on the
 * state that the one before it left.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Failure } from "../../src/errors/error.ts";
import { Azurite } from "../cluster/azurite.ts";
import { Pending } from "../cluster/bounded-wait.ts";
import { VeleroCluster } from "../cluster/cluster.ts";
import { createSampleApp, readSampleApp, sampleNamespace } from "../cluster/sample-app.ts";
import type { Location } from "../cluster/velero.ts";
import { endAfterwards } from "./story-end.ts";

const builtPlugin = fileURLToPath(new URL("../../dist/linux-amd64/velero-azure", import.meta.url));
const plugin = process.env["VELERO_AZURE_EXECUTABLE"] ?? builtPlugin;

/** Two accounts with keys of their own, a container in each. */
const east = { account: "easternstore", container: "velero" };
const west = { account: "westernstore", container: "backups", prefix: "clusters/west" };

let started: { readonly cluster: VeleroCluster; readonly azurite: Azurite } | undefined;

before(async () => {
  let azurite: Azurite | undefined;
  const cluster = await VeleroCluster.start({
    plugin,
    // At this level the plugin tells everything it ever does, for the test of what must not be in there.
    logLevel: "debug",
    report: (line) => process.stderr.write(`cluster: ${line}\n`),
    beforeVelero: createSampleApp,
    locations: async (parts) => {
      azurite = await Azurite.start(parts.namespace, parts.certificates, [east.account, west.account]);
      return createLocations(azurite);
    },
  });
  assert.ok(azurite);
  started = { cluster, azurite };
});

endAfterwards(() => started?.cluster);

test("two locations are Available at once, and one with a wrong key says that it is refused", async () => {
  const { cluster } = running();
  await cluster.locationPhase("default", "Available");
  await cluster.locationPhase("west", "Available");
  const message = await cluster.locationPhase("mistaken", "Unavailable");
  assert.match(message, /AuthenticationFailed|AuthorizationFailure/);
});

test("a backup of a namespace is completed, and Velero's CLI shows its contents and its log", async () => {
  const { cluster } = running();
  await completedBackup("east-1", "default", sampleNamespace);

  const described = await cluster.velero("backup", "describe", "east-1", "--details");
  assert.match(described, /^Phase: +Completed$/m);
  for (const item of ["catalog", "settings", "payment", "till", "spring"]) {
    assert.match(described, new RegExp(`^ +- ${sampleNamespace}/${item}$`, "m"));
  }
  assert.match(described, /^ +- coupons\.example\.com$/m);

  const log = await cluster.velero("backup", "logs", "east-1");
  assert.match(log, /Backed up a total of \d+ items/);
});

test("a backup that Velero's CLI downloads holds the objects as they are", async () => {
  const { cluster } = running();
  const archive = join(cluster.namespace.folder, "east-1.tar.gz");
  await cluster.velero("backup", "download", "east-1", `--output=${archive}`);
  const contents = gunzipSync(readFileSync(archive));
  const catalog = await cluster.kubernetes.get(`/api/v1/namespaces/${sampleNamespace}/configmaps/catalog`);
  assert.ok(catalog);
  assert.ok(contents.includes(`resources/configmaps/namespaces/${sampleNamespace}/catalog.json`));
  assert.ok(contents.includes(JSON.stringify(catalog["data"])));
});

test("a namespace and a definition that were deleted come back equal field by field", async () => {
  const { cluster } = running();
  const original = await readSampleApp(cluster.kubernetes);
  await cluster.kubectl("delete", "namespace", sampleNamespace);
  await cluster.kubectl("delete", "crd", "coupons.example.com");
  assert.deepEqual(await readSampleApp(cluster.kubernetes), new Map());

  const outcome = await cluster.velero("restore", "create", "again", "--from-backup=east-1", "--wait");
  assert.match(outcome, /completed with status: Completed/);
  assert.deepEqual(await readSampleApp(cluster.kubernetes), original);

  const described = await cluster.velero("restore", "describe", "again", "--details");
  assert.match(described, /^Phase: +Completed$/m);
  const log = await cluster.velero("restore", "logs", "again");
  assert.match(log, /restore completed/i);
});

test("a Backup object that was deleted is synced back from the store", async () => {
  const { cluster } = running();
  await cluster.kubectl("--namespace=velero", "delete", "backups.velero.io", "east-1");
  assert.equal(await cluster.veleroObject("backups", "east-1"), undefined);
  await cluster.restartVelero();
  await cluster.waitFor('Backup "east-1" synced back', async () => {
    return (await cluster.veleroObject("backups", "east-1")) ?? new Pending("no such object");
  });
});

test("backups to two locations at once go each to its own account, under its own prefix", async () => {
  const { azurite } = running();
  // Velero never runs backups of one namespace at the same time.
  await Promise.all([
    completedBackup("east-2", "default", sampleNamespace),
    completedBackup("west-1", "west", "kube-system"),
  ]);
  const eastern = await azurite.blobNames(east.account, east.container);
  const western = await azurite.blobNames(west.account, west.container);
  assert.ok(eastern.includes("backups/east-2/east-2.tar.gz"));
  assert.ok(western.includes("clusters/west/backups/west-1/west-1.tar.gz"));
  assert.deepEqual(
    eastern.filter((name) => name.includes("west")),
    [],
  );
  assert.deepEqual(
    western.filter((name) => !name.startsWith("clusters/west/backups/west-1/")),
    [],
  );
});

test("backups that are deleted leave no blob behind", async () => {
  const { cluster, azurite } = running();
  await cluster.velero("backup", "delete", "east-1", "east-2", "west-1", "--confirm");
  for (const name of ["east-1", "east-2", "west-1"]) {
    await cluster.waitFor(`Backup "${name}" deleted`, async () => {
      const backup = await cluster.veleroObject("backups", name);
      return backup === undefined ? true : new Pending(JSON.stringify(backup["status"]));
    });
  }
  assert.deepEqual(await azurite.blobNames(east.account, east.container), []);
  assert.deepEqual(await azurite.blobNames(west.account, west.container), []);
});

test("no log of the story holds an account key or a signature", () => {
  const { cluster, azurite } = running();
  const secrets = [azurite.key(east.account), azurite.key(west.account), "sig=", "SharedKey "];
  for (const file of readdirSync(cluster.namespace.logs)) {
    const log = readFileSync(join(cluster.namespace.logs, file), "utf8");
    for (const [index, secret] of secrets.entries()) {
      assert.ok(!log.includes(secret), `${file} holds secret number ${index}`);
    }
  }
});

function running(): { readonly cluster: VeleroCluster; readonly azurite: Azurite } {
  if (started === undefined)
    throw new Failure("FailedPrecondition", "cannot go on: the cluster was not started");
  return started;
}

async function createLocations(azurite: Azurite): Promise<readonly [Location, ...Location[]]> {
  for (const { account, container } of [east, west]) await azurite.createContainer(account, container);
  return [
    azurite.location({ ...east, name: "default" }),
    azurite.location({ ...west, name: "west" }),
    // The right kind of key, of the other account: how it looks when credentials of two locations get mixed up.
    azurite.location({ ...east, name: "mistaken", key: azurite.key(west.account) }),
  ];
}

async function completedBackup(name: string, location: string, namespace: string): Promise<void> {
  const { cluster } = running();
  const outcome = await cluster.velero(
    "backup",
    "create",
    name,
    `--include-namespaces=${namespace}`,
    `--storage-location=${location}`,
    "--wait",
  );
  assert.match(outcome, /completed with status: Completed/);
}
