import type { Environment } from "../../config/credentials-file.ts";
import { note, noteFailure, print } from "../output.ts";
import { WrongCall } from "../wrong-call.ts";
import type { RunCommand } from "./context.ts";

const HELP = `velero-azure snapshots: the disk snapshots that backups took

Usage:
  velero-azure snapshots list    shows them, with their backups, disks, states and copies
  velero-azure snapshots gc      finds those that no backup has any more, and deletes them if told to
  velero-azure snapshots copy    copies some to another region

Each command has its own --help. All of them take the locations that Velero has:
  kubectl -n velero get volumesnapshotlocations,backupstoragelocations -o yaml > locations.yaml
`;

const COMMANDS: ReadonlyMap<string, () => Promise<RunCommand>> = new Map([
  ["list", async () => (await import("./list.ts")).runList],
  ["gc", async () => (await import("./gc.ts")).runGc],
  ["copy", async () => (await import("./copy.ts")).runCopy],
]);

/** `velero-azure snapshots …`. Returns the exit code: 0 done, 1 it failed, 2 the call was wrong. */
export async function runSnapshots(args: readonly string[], env: Environment): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h") {
    print(HELP.trimEnd());
    return 0;
  }
  const load = COMMANDS.get(name ?? "");
  if (load === undefined) {
    if (name === undefined) note(HELP.trimEnd());
    else note(`velero-azure: there is no command "snapshots ${name}"\nTry: velero-azure snapshots --help`);
    return 2;
  }
  const gaveUp = new AbortController();
  // Once: who is out of patience ends the process by the second.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => gaveUp.abort(new Error(`interrupted (${signal})`)));
  }
  try {
    return await (
      await load()
    )(rest, { env, signal: gaveUp.signal });
  } catch (error) {
    noteFailure(error);
    if (!(error instanceof WrongCall)) return 1;
    note(`Try: velero-azure snapshots ${name} --help`);
    return 2;
  }
}
