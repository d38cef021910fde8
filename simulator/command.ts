/**
 * `velero-azure simulator`, `npm run simulator`: a local Azure on loopback ports, until SIGINT or SIGTERM. Exits 0 when it was ended, 1 when it
 * could not start, 2 when it was called wrong.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readyMade, type ReadyMade, type ReadyMadeSnapshotLocation } from "./ready-made.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "./simulator.ts";

const USAGE = `usage: velero-azure simulator [OPTIONS]   (in a checkout: npm run simulator -- OPTIONS)

Starts a local Azure on free loopback ports: Entra, Resource Manager, the metadata service, and Blob Storage (Azurite
behind a gate that checks what Azure checks). Prints what clients need and runs until Ctrl-C.

  --state FOLDER     keep the world, blobs included, in this folder and go on with it; default: gone at the end
  --audience URL     take tokens for this audience at Resource Manager, too; may be repeated
  --azurite COMMAND  what starts Azurite's blob service; default: azurite-blob of the PATH (in a checkout: its own)
  --json             print one line of JSON instead of text
  --help             this text
`;

interface Arguments extends SimulatorOptions {
  readonly json: boolean;
  readonly help: boolean;
}

/** Runs the command; resolves to its exit code once it was told to end. */
export async function runSimulator(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end());
  try {
    await using cleanup = new AsyncDisposableStack();
    const world = await startSimulator(options);
    cleanup.defer(() => world.stop());
    const folder = await clientFolder(options.state, cleanup);
    const made = await readyMade(world, folder);
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...made, endpoints: world.endpoints })}\n` : text(world, made),
    );
    await ended;
    return 0;
  } catch (error) {
    process.stderr.write(
      `velero-azure simulator: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  }
}

function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        state: { type: "string" },
        audience: { type: "string", multiple: true },
        azurite: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const { state, audience, azurite, json = false, help = false } = values;
    return { state, audiences: audience, azurite, json, help };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

async function clientFolder(state: string | undefined, cleanup: AsyncDisposableStack): Promise<string> {
  if (state !== undefined) return join(state, "clients");
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-simulator-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function text({ endpoints }: Simulator, made: ReadyMade): string {
  const table = (rows: readonly (readonly [string, string])[]): string[] =>
    rows.map(([name, value]) => `  ${name.padEnd(17)} ${value}`);
  return [
    "A local Azure is running. Ctrl-C ends it.",
    "",
    ...table([
      ["Entra", endpoints.entra],
      ["Resource Manager", endpoints.resourceManager],
      ["Blob Storage", `${endpoints.blob}/ACCOUNT`],
      ["IMDS", endpoints.imds],
      ["App Service", endpoints.appService],
      ["proxy", `${endpoints.proxy} (HTTPS_PROXY, HTTP_PROXY: the public clouds' names lead here)`],
      ["control", `${endpoints.control}/_simulator/ (token in ${made.controlTokenFile})`],
      ["trust", made.caFile],
    ]),
    "",
    "For Azure's own clients and tools:",
    ...Object.entries(made.environment).map(([name, value]) => `  export ${name}=${value}`),
    "",
    `Locations, each with its sign-in; the container is "${made.bucket}":`,
    ...made.locations.flatMap(({ method, credentialsFile, config, environmentFile }) => [
      `  ${method}`,
      `    credentials file: ${credentialsFile}`,
      `    config: ${JSON.stringify(config)}`,
      ...(environmentFile === undefined ? [] : [`    environment: ${environmentFile}`]),
    ]),
    "",
    ...snapshots(made.snapshotLocation),
    "",
  ].join("\n");
}

function snapshots(made: ReadyMadeSnapshotLocation): string[] {
  const { config, copies, credentialsFile, disks, locationsFile } = made;
  return [
    "Snapshots of disks, signed in with a client secret:",
    `  credentials file: ${credentialsFile}`,
    `  config: ${JSON.stringify(config)}`,
    ...disks.map((disk) => `  disk (volumeHandle): ${disk}`),
    `  for copies: region ${copies.region}, resource group ${copies.resourceGroup}`,
    `  velero-azure snapshots list --locations ${locationsFile} --credentials-file ${credentialsFile}`,
  ];
}
