import { nearest } from "../config/nearest.ts";
import { quote } from "../config/quote.ts";
import { readArguments } from "./arguments.ts";
import type { Environment } from "../config/credentials-file.ts";
import { describeFailure } from "../errors/error.ts";
import { COMMIT, VERSION } from "../version.ts";

const HELP = `velero-azure ${VERSION}: Velero's plugin for Azure's Blob Storage and disk snapshots

Velero starts this executable by itself: for backups and restores there is nothing to run by hand. Install it by
putting it, with the folder velero-azure.lib beside it, into the plugin image that "velero install --plugins" names,
and give your backup storage and volume snapshot locations the provider velero.io/azure.

Usage:
  velero-azure snapshots    list, clean up and copy disk snapshots (snapshots --help)
  velero-azure simulator    run a local Azure to try locations against (simulator --help)
  velero-azure --version    print version and commit
  velero-azure --help       print this text

The keys of a location's config are described in docs/reference.md of the source.
`;

const OPTIONS = { version: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

/** Runs the command line. Returns the exit code: 0 done, 1 it failed, 2 the call was wrong. */
export async function runCli(args: readonly string[], env: Environment): Promise<number> {
  const [command, ...rest] = args;
  if (command === "snapshots") return (await import("./snapshots/command.ts")).runSnapshots(rest, env);
  if (command === "simulator") return (await import("../../simulator/command.ts")).runSimulator(rest);
  if (command !== undefined && !command.startsWith("-")) {
    const meant = nearest(command, ["snapshots", "simulator"]);
    const hint = meant === undefined ? "" : ` (did you mean ${quote(meant)}?)`;
    return wrongCall(`there is no command ${quote(command)}${hint}`);
  }
  let values: { readonly version?: boolean | undefined };
  try {
    ({ values } = readArguments(args, OPTIONS));
  } catch (error) {
    return wrongCall(describeFailure(error));
  }
  if (values.version === true) process.stdout.write(`velero-azure ${VERSION} (commit ${COMMIT})\n`);
  else process.stdout.write(HELP);
  return 0;
}

function wrongCall(reason: string): number {
  process.stderr.write(`velero-azure: ${reason}\nTry: velero-azure --help\n`);
  return 2;
}
