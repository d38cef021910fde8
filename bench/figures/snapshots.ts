import { Failure } from "../../src/errors/error.ts";
import type { HostedPlugin } from "../../test/host/host.ts";
import type { Contender } from "../contender.ts";
import { FarAzure } from "../far-azure/far-azure.ts";
import type { FreshVolumes, SeenRequest } from "../far-azure/orders.ts";
import { type Bench, type Figure, type Metric, type Row, type Sample, inTurns } from "../figure.ts";

/** How many groups of objects Velero backs up at once (its server's --item-block-worker-count). */
interface Backup {
  readonly name: string;
  readonly workers: number;
  readonly disks: number;
  readonly runs: number;
}

const backups: readonly Backup[] = [
  { name: "snapshots: one after the other", workers: 1, disks: 100, runs: 1 },
  { name: "snapshots: ten workers", workers: 10, disks: 100, runs: 3 },
];

/** Disks that are restored from their snapshots, and snapshots that are deleted, one after the other as Velero does both. */
const afterwards = 5;

const metrics: readonly Metric[] = [
  {
    name: "seconds",
    title: "first to last snapshot",
    unit: "s",
    bar: { of: "ratio", is: "atMost", value: 0.5 },
  },
  {
    name: "calls",
    title: "calls to Resource Manager a snapshot",
    unit: "",
    bar: { of: "ratio", is: "atMost", value: 1 },
  },
  { name: "throttled", title: "  answers 429", unit: "" },
  { name: "signIn", title: "  requests to sign in", unit: "" },
  { name: "restoreSeconds", title: "  a disk restored", unit: "s" },
  { name: "restoreCalls", title: "  calls", unit: "" },
  { name: "deleteSeconds", title: "  a snapshot deleted", unit: "s" },
  { name: "deleteCalls", title: "  calls", unit: "" },
];

/** What a backup of many disks waits for. */
export const snapshots: Figure = {
  name: "snapshots",
  title:
    "a backup of 100 disks: GetVolumeInfo and CreateSnapshot of each, at Azure's pace, 20 ms added to each answer",
  async run(bench) {
    await using azure = await FarAzure.start();
    const rows: Row[] = [];
    for (const backup of backups) rows.push(...(await rowsOf(bench, azure, backup)));
    return rows;
  },
};

async function rowsOf(bench: Bench, azure: FarAzure, backup: Backup): Promise<Row[]> {
  const { name, runs } = backup;
  return inTurns(bench, { name, metrics, runs }, (contender) => measure(azure, contender, backup));
}

async function measure(azure: FarAzure, contender: Contender, backup: Backup): Promise<Sample> {
  const fresh = await azure.volumes(backup.disks);
  const plugin = await azure.plugin(contender, fresh);
  try {
    await plugin.init(fresh.config, undefined, "VolumeSnapshotter");
    const life = new Life(azure, plugin, fresh);
    const taken = await life.take(backup.workers);
    const restored = await life.restore(taken.ids.slice(0, afterwards));
    const deleted = await life.delete(taken.ids.slice(0, afterwards));
    return {
      seconds: taken.seconds,
      calls: taken.calls / backup.disks,
      throttled: taken.throttled,
      signIn: taken.signIn,
      restoreSeconds: restored.seconds / afterwards,
      restoreCalls: restored.calls / afterwards,
      deleteSeconds: deleted.seconds / afterwards,
      deleteCalls: deleted.calls / afterwards,
    };
  } finally {
    await plugin.end();
  }
}

interface Phase {
  readonly seconds: number;
  /** To Resource Manager. */
  readonly calls: number;
  readonly throttled: number;
  readonly signIn: number;
}

/** A backup's disks, from their snapshots on. */
class Life {
  readonly #azure: FarAzure;
  readonly #plugin: HostedPlugin;
  readonly #fresh: FreshVolumes;
  #seen = 0;

  constructor(azure: FarAzure, plugin: HostedPlugin, fresh: FreshVolumes) {
    this.#azure = azure;
    this.#plugin = plugin;
    this.#fresh = fresh;
  }

  /** As Velero's item backupper: what it asks of each volume, one after the other for each worker. */
  async take(workers: number): Promise<Phase & { readonly ids: readonly string[] }> {
    const ids: string[] = [];
    const waiting = [...this.#fresh.volumes];
    const work = async (): Promise<void> => {
      for (let volume = waiting.shift(); volume !== undefined; volume = waiting.shift()) {
        ids.push(await this.#takeOne(volume));
      }
    };
    const phase = await this.#phase(() => Promise.all(Array.from({ length: workers }, work)));
    this.#verify(ids);
    return { ...phase, ids };
  }

  async restore(ids: readonly string[]): Promise<Phase> {
    return this.#phase(async () => {
      for (const snapshotID of ids) {
        const like = { volumeType: "Premium_LRS", volumeAZ: this.#fresh.zone };
        await this.#plugin.volumeCall("CreateVolumeFromSnapshot", { snapshotID, ...like });
      }
    });
  }

  async delete(ids: readonly string[]): Promise<Phase> {
    return this.#phase(async () => {
      for (const snapshotID of ids) await this.#plugin.volumeCall("DeleteSnapshot", { snapshotID });
    });
  }

  async #takeOne(volumeID: string): Promise<string> {
    const volume = { volumeID, volumeAZ: this.#fresh.zone };
    const { volumeType } = await this.#plugin.volumeCall("GetVolumeInfo", volume);
    if (volumeType !== "Premium_LRS") throw otherwise(`"${volumeID}" is of kind "${String(volumeType)}"`);
    const tags = { "velero.io/backup": "nightly", "velero.io/pv": volumeID };
    const { snapshotID } = await this.#plugin.volumeCall("CreateSnapshot", { ...volume, tags });
    return String(snapshotID);
  }

  async #phase(work: () => Promise<unknown>): Promise<Phase> {
    const begun = performance.now();
    await work();
    const seconds = (performance.now() - begun) / 1000;
    const all = await this.#azure.requests();
    const seen = all.slice(this.#seen);
    this.#seen = all.length;
    const calls = seen.filter(({ service }) => service === "resource-manager");
    refuseOthers(calls);
    return {
      seconds,
      calls: calls.length,
      throttled: calls.filter(({ status }) => status === 429).length,
      signIn: seen.filter(({ service }) => service === "entra").length,
    };
  }

  #verify(ids: readonly string[]): void {
    const { subscriptionId, volumes } = this.#fresh;
    const own = ids.filter((id) => id.toLowerCase().startsWith(`/subscriptions/${subscriptionId}/`));
    if (new Set(own).size !== volumes.length) throw otherwise(`${own.length} snapshots: ${ids.join(", ")}`);
  }
}

/** Whoever was refused has not been measured; that something is not there yet, and throttling, belong to it. */
function refuseOthers(calls: readonly SeenRequest[]): void {
  const refused = calls.find(({ status }) => status > 299 && status !== 404 && status !== 429);
  if (refused !== undefined)
    throw otherwise(`${refused.method} ${refused.path} was answered with ${refused.status}`);
}

function otherwise(reason: string): Failure {
  return new Failure("Unknown", `cannot measure snapshots: ${reason}`);
}
