import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../src/errors/error.ts";
import { VeleroCluster } from "../../test/cluster/cluster.ts";
import { createSampleApp, sampleNamespace } from "../../test/cluster/sample-app.ts";
import { FarStore } from "../far-store.ts";
import type { Contender } from "../contender.ts";
import { type Bench, type Figure, type Metric, type Sample, inTurns, median, valuesOf } from "../figure.ts";

const delays = [0, 5, 20] as const;
const phases = ["validate", "backup", "logs", "describe", "restore", "delete"] as const;
type Phase = (typeof phases)[number];

/** Bound on hanging, never a measure. */
const patienceMs = 60_000;

interface Rig {
  readonly cluster: VeleroCluster;
  readonly store: FarStore;
  /** PEM of the store's authority, base64. */
  readonly authority: string;
}

interface Life {
  readonly seconds: Readonly<Record<Phase, number>>;
  readonly requests: number;
  readonly connections: number;
}

/** A real Velero server on a real control plane: what a plugin costs a user in requests and in waiting. */
export const backupLife: Figure = {
  name: "backup-life",
  title: "validate, backup, logs, describe, restore and delete by Velero itself",
  async run(bench) {
    const rig = await startRig(bench);
    try {
      let serial = 0;
      const nextLife = (delay: number) => live(rig, `life-${++serial}`, delay);
      return await inTurns(bench, { name: backupLife.name, metrics, runs: 5 }, async (contender, run) => {
        await install(rig, contender);
        // The first life of a server that has just started is slower than those after it, whatever the plugin.
        await nextLife(0);
        const sample: Record<string, number> = {};
        for (const [turn] of delays.entries()) {
          const delay = delays[(turn + run) % delays.length] ?? 0;
          const lived = await nextLife(delay);
          sample[`requests-${delay}`] = lived.requests;
          sample[`connections-${delay}`] = lived.connections;
          for (const phase of phases) sample[`${phase}-${delay}`] = lived.seconds[phase];
        }
        return sample;
      });
    } finally {
      await rig.cluster.stop();
    }
  },
};

const metrics: Metric[] = [
  {
    name: "requests-20",
    title: "requests to the store",
    unit: "",
    bar: { of: "ratio", is: "atMost", value: 0.7 },
  },
  // Each costs a TLS handshake: one answer's delay more. Those of Velero's CLI, which downloads by itself, are in here.
  { name: "connections-20", title: "connections to the store", unit: "" },
  {
    name: "added",
    title: "seconds that 20 ms add",
    unit: "s",
    bar: { of: "ratio", is: "atMost", value: 0.7 },
    combine: (samples) => whole(samples, 20) - whole(samples, 0),
  },
  { ...wholeTime(5), bar: { of: "ratio", is: "atMost", value: 1 } },
  wholeTime(0),
  wholeTime(20),
  ...phases.flatMap((phase) =>
    [0, 20].map((delay) => ({ name: `${phase}-${delay}`, title: `  ${phase}, ${delay} ms`, unit: "s" })),
  ),
];

function wholeTime(delay: number): Metric {
  const combine = (samples: readonly Sample[]) => whole(samples, delay);
  return { name: `whole-${delay}`, title: `whole time with ${delay} ms`, unit: "s", combine };
}

/** The medians of the phases, added up: one that was disturbed in a life does not spoil the life's others. */
function whole(samples: readonly Sample[], delay: number): number {
  return phases.reduce((sum, phase) => sum + median(valuesOf(`${phase}-${delay}`, samples)), 0);
}

async function startRig(bench: Bench): Promise<Rig> {
  let store: FarStore | undefined;
  let authority = "";
  const [first] = bench.contenders;
  const cluster = await VeleroCluster.start({
    plugin: first?.executable ?? "",
    validationSeconds: 3600,
    report: (line) => bench.report(`backup-life: ${line}`),
    beforeVelero: createSampleApp,
    locations: async (parts) => {
      store = await FarStore.start(parts);
      authority = parts.certificates.ca;
      const { config, credentials, container } = store;
      return [{ name: "default", bucket: container, config, credentials, authority }];
    },
  });
  // Each life has a location of its own. Velero looks after this one each minute, which would disturb some lives.
  await cluster.kubectl("--namespace=velero", "delete", "backupstoragelocations.velero.io", "default");
  if (store === undefined) throw new Failure("Internal", "cannot measure: the cluster has no store");
  return { cluster, store, authority: readFileSync(authority).toString("base64") };
}

async function install(rig: Rig, contender: Contender): Promise<void> {
  await rig.store.delay(0);
  await rig.cluster.restartVelero({ plugin: contender.executable });
  // A server that has just started still fills its caches of the cluster.
  await pause(2000);
}

async function live(rig: Rig, name: string, delay: number): Promise<Life> {
  const { cluster, store } = rig;
  await store.delay(delay);
  await store.resetStats();
  const create = [`--storage-location=${name}`, `--include-namespaces=${sampleNamespace}`, "--wait"];
  const restore = [`--from-backup=${name}`, `--namespace-mappings=${sampleNamespace}:${name}`, "--wait"];
  const seconds = {
    validate: await timed(() => validated(rig, name)),
    backup: await timed(async () => completed(await cluster.velero("backup", "create", name, ...create))),
    logs: await timed(() => cluster.velero("backup", "logs", name)),
    describe: await timed(() => cluster.velero("backup", "describe", name, "--details")),
    restore: await timed(async () => completed(await cluster.velero("restore", "create", name, ...restore))),
    delete: await timed(() => deleted(rig, name)),
  };
  const { requests, connections } = await store.stats();
  await cluster.kubectl("--namespace=velero", "delete", "backupstoragelocations.velero.io", name);
  return { seconds, requests, connections };
}

/** Makes a location, which Velero validates at once, and never again in a bench's time. */
async function validated({ cluster, store, authority }: Rig, name: string): Promise<void> {
  await cluster.kubernetes.create("/apis/velero.io/v1/namespaces/velero/backupstoragelocations", {
    apiVersion: "velero.io/v1",
    kind: "BackupStorageLocation",
    metadata: { name },
    spec: {
      provider: "velero.io/azure",
      config: store.config,
      objectStorage: { bucket: store.container, prefix: name, caCert: authority },
      // 0: backups are not looked for in the store.
      backupSyncPeriod: "0s",
      validationFrequency: "1h",
    },
  });
  await until(`location "${name}" Available`, async () => {
    const location = await cluster.veleroObject("backupstoragelocations", name);
    return JSON.stringify(location?.["status"] ?? "").includes('"Available"');
  });
}

async function deleted({ cluster }: Rig, name: string): Promise<void> {
  await cluster.velero("backup", "delete", name, "--confirm");
  await until(`backup "${name}" deleted`, async () => {
    return (await cluster.veleroObject("backups", name)) === undefined;
  });
}

/** Looks often and evenly: how long it took is what counts here. */
async function until(awaited: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Failure("DeadlineExceeded", `cannot see ${awaited}: not within ${patienceMs / 1000} s`);
    }
    await pause(10);
  }
}

function completed(outcome: string): void {
  if (!outcome.includes("completed with status: Completed")) {
    throw new Failure("Unknown", `cannot complete a phase of a backup's life: ${outcome.trim().slice(-500)}`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
