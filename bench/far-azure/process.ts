/**
 * The simulator far away: a process of its own, so that what it works on does not wait for the bench, each service
 * behind a toxiproxy. Clients reach it under public Azure's names, through a proxy that costs no time. It takes its
 * orders by message from the bench that forked it, and ends with it.
 */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { simulatorProxy } from "../../simulator/proxy.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { Toxiproxy } from "../toxiproxy.ts";
import { freshVolumes, type VolumeWorld } from "./fresh-volumes.ts";
import { Locations } from "./locations.ts";
import type { Answer, Order } from "./orders.ts";

const latencyMilliseconds = 20;

async function main(): Promise<void> {
  await using started = new AsyncDisposableStack();
  const ended = new Promise<void>((resolve) => process.once("disconnect", () => resolve()));
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-far-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const world = await startSimulator({ azurite: await blobUpstream(folder), publicNames: true });
  started.defer(() => world.stop());
  const { proxy, imds } = await farProxy(world, started);
  const environment = {
    ...{ HTTPS_PROXY: proxy, HTTP_PROXY: proxy },
    // For plugins that keep proxies out of the way to the metadata service: it is the same port either way.
    AZURE_POD_IDENTITY_AUTHORITY_HOST: imds,
  };
  const locations = await Locations.of(world, folder, environment);
  const far = { world, folder, environment, locations };
  process.on("message", (order: Order) => void answer(order, far).then(send));
  send({ ready: true });
  await ended;
}

interface Far extends VolumeWorld {
  readonly locations: Locations;
}

async function answer(order: Order, far: Far): Promise<Answer> {
  try {
    if (order.call === "requests") return { requests: far.world.log.entries() };
    if (order.call === "volumes") return { volumes: await freshVolumes(far, order.count) };
    return { location: await far.locations.make(order.signIn) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function send(answered: Answer): void {
  process.send?.(answered);
}

/** The simulator takes a command in place of Azurite, without arguments. */
async function blobUpstream(folder: string): Promise<string> {
  const command = join(folder, "blob-upstream.mjs");
  const script = fileURLToPath(new URL("blob-upstream.ts", import.meta.url));
  await writeFile(command, `#!${process.execPath}\nawait import(${JSON.stringify(script)});\n`);
  await chmod(command, 0o700);
  return command;
}

async function farProxy(
  { endpoints }: Simulator,
  started: AsyncDisposableStack,
): Promise<{ proxy: string; imds: string }> {
  const toxiproxy = started.use(await Toxiproxy.start());
  const far = async (origin: string): Promise<number> => {
    const way = await toxiproxy.open(new URL(origin).host, { latencyMilliseconds });
    return Number(way.slice(way.lastIndexOf(":") + 1));
  };
  const imds = await far(endpoints.imds);
  const proxy = await simulatorProxy({
    entra: await far(endpoints.entra),
    resourceManager: await far(endpoints.resourceManager),
    imds,
    blob: await far(endpoints.blob),
  });
  started.defer(() => proxy.close());
  return { proxy: proxy.origin, imds: `http://127.0.0.1:${imds}` };
}

await main();
process.exit(0);
