/**
 * `npm run demo`: tells, and does, what the plugin does for Velero. Exits 0 when everything went as told, 1 when
 * something did not, 2 when it was called wrong, 128 and the signal's number when it was interrupted.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeFailure } from "../src/errors/error.ts";
import { buildExecutable } from "./build.ts";
import { Narrator } from "./narrator.ts";
import { tellStory } from "./story.ts";

const USAGE = `usage: npm run demo [-- --velero]

Without options, in under two minutes and with nothing but Node: builds the executable for this machine, starts a
local Azure (Entra and Resource Manager simulated, Blob Storage by Azurite), and drives the executable as Velero would.
Everything but the executable, in dist/, is removed at the end.

  --velero   a real Velero server on a real Kubernetes control plane instead, without containers; needs Go, and says
             what it will build and how long that takes
  --help     this text`;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const narrator = new Narrator(process.stdout);
  const interrupt = new AbortController();
  let interrupted = 0;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      interrupted ||= 128 + constants.signals[signal];
      interrupt.abort(new Error("interrupted"));
    });
  }
  try {
    await (options.velero ? tellLongStory : tellShortStory)(narrator, interrupt.signal);
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) {
      narrator.say("\nInterrupted; everything that was started is ended and removed.");
      return interrupted;
    }
    narrator.say(narrator.style("red", `\nNot as told: ${describeFailure(error)}`));
    return 1;
  }
}

function readArguments(args: readonly string[]): { velero: boolean; help: boolean } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { velero: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    return { velero: values.velero ?? false, help: values.help ?? false };
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n\n${USAGE}\n`);
    return undefined;
  }
}

async function tellShortStory(narrator: Narrator, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  narrator.say(
    "The executable that Velero would start, driven as Velero would, with its files in a local Azure.",
  );
  await tellStory({ narrator, signal });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  narrator.say(narrator.style("green", `Everything went as told, in ${seconds} s.`));
}

async function tellLongStory(narrator: Narrator, signal: AbortSignal): Promise<void> {
  narrator.say("First the executable is built:");
  const temporary = await mkdtemp(join(tmpdir(), "velero-azure-demo-"));
  let plugin: string;
  try {
    plugin = await buildExecutable({ temporary, detail: narrator.detail, progress: () => {}, signal });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  narrator.say("");
  const { tellClusterStory } = await import("./cluster.ts");
  // The cluster lives in a namespace that ends, and removes its files, with this process.
  const interrupted = once(signal, "abort").then(() => Promise.reject(signal.reason));
  const { stdin, stdout } = process;
  await Promise.race([tellClusterStory({ plugin, stdin, stdout }), interrupted]);
}

process.exit(await main(process.argv.slice(2)));
