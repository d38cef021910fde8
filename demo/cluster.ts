import { deepStrictEqual } from "node:assert";
import { once } from "node:events";
import { Azurite } from "../test/cluster/azurite.ts";
import { type Build, type Report, clusterBinaries, missingBinaries } from "../test/cluster/binaries.ts";
import { Pending } from "../test/cluster/bounded-wait.ts";
import { VeleroCluster } from "../test/cluster/cluster.ts";
import { createSampleApp, readSampleApp, sampleNamespace } from "../test/cluster/sample-app.ts";
import { Narrator } from "./narrator.ts";

const east = { account: "easternstore", container: "velero" };
const west = { account: "westernstore", container: "backups", prefix: "clusters/west" };

export interface ClusterStoryOptions {
  /** The built plugin. */
  readonly plugin: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/**
 * The story of a backup on a real cluster: Velero's server and CLI, a real control plane, and the plugin. With a terminal at
 * stdin the cluster goes on running until Enter; everything is ended and removed in any case.
 */
export async function tellClusterStory({ plugin, stdin, stdout }: ClusterStoryOptions): Promise<void> {
  const narrator = new Narrator(stdout);
  const started = performance.now();
  announce(narrator, await missingBinaries());
  await narrator.step("The programs of a cluster are built, or found built", () =>
    clusterBinaries(narrator.detail),
  );
  const { cluster, azurite } = await narrator.step(
    "Kubernetes, blob storage and Velero start, in a network of their own",
    (progress) => startCluster(plugin, progress),
  );
  try {
    await tell(narrator, cluster, azurite);
    narrator.say(`\nThat was the whole story, in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
    if (stdin.isTTY) await untilEnter(narrator, cluster, stdin);
  } catch (error) {
    await cluster.stop({ keepLogs: true });
    narrator.say(`The story broke off. The logs are kept in ${cluster.namespace.logs}`);
    throw error;
  }
  await cluster.stop();
  narrator.say("Everything is ended and removed; the built programs are kept for the next time.");
}

function announce(narrator: Narrator, missing: readonly Build[]): void {
  narrator.say(
    "A real Velero on a real Kubernetes control plane, without containers, backs up to a local Azure Blob Storage",
  );
  narrator.say("(Azurite) through velero-azure.");
  if (missing.length === 0) return;
  const minutes = Math.ceil(missing.reduce((sum, { usualSeconds }) => sum + usualSeconds, 0) / 60);
  narrator.say(
    `Before that, ${missing.map(({ name }) => name).join(", ")} have to be built from source, once on`,
  );
  narrator.say(
    `this machine. With nothing in Go's caches that is a download of about 2 GB and takes about ${minutes} minutes on two`,
  );
  narrator.say("processors; with warm caches, less than one.");
}

async function startCluster(
  plugin: string,
  report: Report,
): Promise<{ readonly cluster: VeleroCluster; readonly azurite: Azurite }> {
  const { promise: store, resolve } = Promise.withResolvers<Azurite>();
  const cluster = await VeleroCluster.start({
    plugin,
    report,
    beforeVelero: createSampleApp,
    locations: async ({ namespace, certificates }) => {
      const azurite = await Azurite.start(namespace, certificates, [east.account, west.account]);
      for (const { account, container } of [east, west]) await azurite.createContainer(account, container);
      resolve(azurite);
      return [
        azurite.location({ ...east, name: "default" }),
        azurite.location({ ...west, name: "west" }),
        azurite.location({ ...east, name: "mistaken", key: azurite.key(west.account) }),
      ];
    },
  });
  return { cluster, azurite: await store };
}

async function tell(narrator: Narrator, cluster: VeleroCluster, azurite: Azurite): Promise<void> {
  const velero = async (...args: readonly string[]) => {
    narrator.detail(`$ velero ${args.join(" ")}`);
    return cluster.velero(...args);
  };
  const kubectl = async (...args: readonly string[]) => {
    narrator.detail(`$ kubectl ${args.join(" ")}`);
    return cluster.kubectl(...args);
  };
  const blobs = async () =>
    (await azurite.blobNames(east.account, east.container)).concat(
      await azurite.blobNames(west.account, west.container),
    );

  await narrator.step(
    "Two locations with an account and a key of their own, and a third with a wrong key",
    async () => {
      for (const name of ["default", "west"]) await cluster.locationPhase(name, "Available");
      const reason = await cluster.locationPhase("mistaken", "Unavailable");
      narrator.detail(await velero("backup-location", "get"));
      narrator.detail(`Velero says of "mistaken": ${reason}`);
    },
  );
  await narrator.step(`The namespace "${sampleNamespace}" is backed up`, async () => {
    await velero("backup", "create", "first", `--include-namespaces=${sampleNamespace}`, "--wait");
    const log = await velero("backup", "logs", "first");
    narrator.detail(
      `its log, ${log.split("\n").length} lines, fetched by a signed URL, ends with "${lastMessage(log)}"`,
    );
    narrator.detail(`${(await blobs()).length} blobs are stored`);
  });
  await narrator.step(
    "The namespace and its custom resource definition are deleted, and restored",
    async () => {
      const original = await readSampleApp(cluster.kubernetes);
      await kubectl("delete", "namespace", sampleNamespace);
      await kubectl("delete", "crd", "coupons.example.com");
      await velero("restore", "create", "again", "--from-backup=first", "--wait");
      deepStrictEqual(await readSampleApp(cluster.kubernetes), original);
      narrator.detail(`${original.size} objects are back and equal field by field`);
    },
  );
  await narrator.step("The Backup object gets lost; Velero finds it again in the store", async () => {
    await kubectl("--namespace=velero", "delete", "backups.velero.io", "first");
    narrator.detail("Velero is restarted, which makes it look at once");
    await cluster.restartVelero();
    await cluster.waitFor("the Backup synced back", async () => {
      return (await cluster.veleroObject("backups", "first")) ?? new Pending("no such object");
    });
    narrator.detail(await velero("backup", "get"));
  });
  await narrator.step(
    "A backup in the second location is made and deleted; no blob of it is left",
    async () => {
      const before = await blobs();
      await velero(
        "backup",
        "create",
        "second",
        `--include-namespaces=${sampleNamespace}`,
        "--storage-location=west",
        "--wait",
      );
      narrator.detail(`${(await blobs()).length - before.length} blobs were stored under ${west.prefix}/`);
      await velero("backup", "delete", "second", "--confirm");
      await cluster.waitFor("the Backup deleted", async () => {
        const backup = await cluster.veleroObject("backups", "second");
        return backup === undefined ? true : new Pending(JSON.stringify(backup["status"]));
      });
      deepStrictEqual(await blobs(), before);
    },
  );
}

async function untilEnter(
  narrator: Narrator,
  cluster: VeleroCluster,
  stdin: NodeJS.ReadStream,
): Promise<void> {
  const script = cluster.writeInClusterScript();
  narrator.say("\nThe cluster goes on running. Try in another terminal:\n");
  for (const command of [
    "velero backup describe first --details",
    `velero backup create mine --include-namespaces ${sampleNamespace} --storage-location west --wait`,
    "velero backup-location get",
    "kubectl get all,coupons,configmaps --namespace shop",
    "kubectl --namespace velero get backupstoragelocations --output yaml",
  ]) {
    narrator.say(`  ${script} ${command}`);
  }
  narrator.say(`\nThe log of Velero and the plugin: ${cluster.veleroLog}`);
  narrator.say("Enter ends everything.");
  stdin.resume();
  await once(stdin, "data");
  stdin.pause();
}

/** The message of the last line of a log in logrus' text format. */
function lastMessage(log: string): string {
  return [...log.matchAll(/ msg="([^"]*)"/g)].at(-1)?.[1] ?? "";
}
