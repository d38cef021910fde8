import { Failure } from "../../src/errors/error.ts";
import { HostFailure } from "../../test/host/host-client.ts";
import type { Contender } from "../contender.ts";
import { FarAzure } from "../far-azure/far-azure.ts";
import type { FreshLocation, SeenRequest, SignIn } from "../far-azure/orders.ts";
import { type Bench, type Figure, type Metric, type Row, type Sample, inTurns } from "../figure.ts";

/** A way to sign in, and whether ours may find the account key that its last process listed. */
interface Way extends SignIn {
  readonly kept?: true;
}

const ways: readonly Way[] = [
  { by: "account key" },
  { by: "SAS token" },
  { by: "client secret", through: "token" },
  { by: "client secret", through: "listed key" },
  { by: "client secret", through: "listed key", kept: true },
  { by: "client certificate", through: "token" },
  { by: "client certificate", through: "listed key" },
  { by: "client certificate", through: "listed key", kept: true },
  { by: "workload identity", through: "token" },
  { by: "workload identity", through: "listed key" },
  { by: "system-assigned identity", through: "token" },
  { by: "system-assigned identity", through: "listed key" },
  { by: "user-assigned identity", through: "token" },
  { by: "user-assigned identity", through: "listed key" },
];

const metrics: readonly Metric[] = [
  { name: "requests", title: "requests", unit: "", bar: { of: "ratio", is: "atMost", value: 0.6 } },
  { name: "milliseconds", title: "time", unit: "ms", bar: { of: "ratio", is: "atMost", value: 0.7 } },
  { name: "start", title: "  process", unit: "ms" },
  { name: "init", title: "  Init", unit: "ms" },
  { name: "put", title: "  PutObject", unit: "ms" },
];

/** What Velero pays for each process that it starts: signing in, up to the first object stored. */
export const signIn: Figure = {
  name: "sign-in",
  title: "each way to sign in: start, Init, put of a 4 KiB object, 20 ms added to each answer",
  async run(bench) {
    const rows: Row[] = [];
    for (const way of ways) rows.push(...(await rowsOf(bench, way)));
    return rows;
  },
};

async function rowsOf(bench: Bench, way: Way): Promise<Row[]> {
  // A world for each way: its number of accounts is limited.
  await using azure = await FarAzure.start();
  const name = ["sign-in:", way.by, way.through, way.kept && "kept"]
    .filter(Boolean)
    .join(", ")
    .replace(":,", ":");
  const contenders: Contender[] = [];
  // The first process reads its executable from disk, and the simulator's code is compiled by its first requests.
  for (const contender of bench.contenders) {
    if (await understands(azure, contender, way)) contenders.push(contender);
    else bench.report(`${name}: the ${contender.role} does not know this way`);
  }
  return await inTurns({ ...bench, contenders }, { name, metrics, runs: 7 }, (contender) =>
    measure(azure, contender, way),
  );
}

/** A key of the config that it does not know; a machine's own identity, which its library cannot be told to take. */
const notKnown = /invalid key|empty managedidentity/i;

async function understands(azure: FarAzure, contender: Contender, way: Way): Promise<boolean> {
  try {
    await measure(azure, contender, way);
    return true;
  } catch (error) {
    if (contender.role === "peer" && error instanceof HostFailure && notKnown.test(error.message))
      return false;
    throw error;
  }
}

async function measure(azure: FarAzure, contender: Contender, way: Way): Promise<Sample> {
  const location = configured(await azure.location(way), contender, way);
  let before = 0;
  if (way.kept) {
    await store(azure, contender, location);
    before = (await azure.requests()).length;
  }
  const times = await store(azure, contender, location);
  const requests = (await azure.requests()).slice(before);
  verify(requests, contender);
  const { start, init, put } = times;
  return { requests: requests.length, milliseconds: start + init + put, start, init, put };
}

function configured(location: FreshLocation, contender: Contender, way: Way): FreshLocation {
  if (contender.role === "peer" || way.through !== "listed key") return location;
  return { ...location, config: { ...location.config, cacheAccountKey: String(way.kept ?? false) } };
}

async function store(
  azure: FarAzure,
  contender: Contender,
  location: FreshLocation,
): Promise<{ start: number; init: number; put: number }> {
  const plugin = await azure.plugin(contender, location);
  try {
    const begun = performance.now();
    await plugin.init(location.config);
    const init = performance.now() - begun;
    const object = { bucket: location.bucket, key: "small", size: 4096 };
    const { objectSeconds } = await plugin.bench({ op: "put", ...object });
    return { start: plugin.startMilliseconds, init, put: (objectSeconds[0] ?? Number.NaN) * 1000 };
  } finally {
    await plugin.end();
  }
}

/** Whoever was refused, or asked again because of an error, has not been measured signing in. */
function verify(requests: readonly SeenRequest[], { role }: Contender): void {
  const refused = requests.find(({ status }) => status < 200 || status > 299);
  const stored = requests.some(({ operation }) => operation === "PutBlob" || operation === "PutBlockList");
  if (refused === undefined && stored) return;
  const all = requests.map(({ method, path, status }) => `${method} ${path} ${status}`).join("; ");
  throw new Failure(
    "Unknown",
    `cannot measure the ${role}: it was answered otherwise than it should: ${all}`,
  );
}
