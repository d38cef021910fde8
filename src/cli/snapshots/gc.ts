import { parseGoDuration } from "../../config/go-words.ts";
import { quote } from "../../config/quote.ts";
import { Failure } from "../../errors/error.ts";
import { decide, type Decision } from "../../snapshot/upkeep/orphans.ts";
import { openInventory } from "../../snapshot/open-snapshotter.ts";
import type { SnapshotInventory } from "../../snapshot/upkeep/snapshot-inventory.ts";
import { readArguments } from "../arguments.ts";
import { note, print, proseLogger } from "../output.ts";
import { canAsk } from "../terminal.ts";
import { WrongCall } from "../wrong-call.ts";
import type { CommandContext } from "./context.ts";
import { deleteOrphans } from "./delete-orphans.ts";
import { backupLocations, configFor, type Locations, snapshotLocation } from "./locations.ts";
import { readBackups, type ReadBackups } from "./read-backups.ts";
import { LOCATION_HELP, LOCATION_OPTIONS, readLocations } from "./read-locations.ts";
import { reportGc } from "./gc-report.ts";

const HELP = `velero-azure snapshots gc: finds snapshots that no backup has any more, and deletes them if told to

Usage: velero-azure snapshots gc --locations FILE [OPTIONS]

Reads all backups of the backup locations in FILE. A snapshot of this plugin is an orphan when none of them refers to it, and
nothing speaks against it. It shows what it would delete; --delete deletes, each snapshot together with its copy in
another region. What it cannot read ends it before anything is deleted.

FILE must have every backup location whose backups may have snapshots of these disks. What another plugin made, and
snapshots of disks in another resource group than this location's (of another cluster), are never touched.

  --backup-location NAME    read only this backup location, and keep the snapshots of others; may be repeated
  --min-age DURATION        keep what is younger (90m, 48h); default 24h. A running backup has stored nothing yet: name
                            more than your longest one takes
  --verbose                 tell of every snapshot that is kept why it is
  --delete                  delete the orphans, after a question
  --yes                     do not ask
  --allow-empty             delete even if a backup location has no backups at all; a wrong container or prefix looks alike
${LOCATION_HELP}

It needs the rights of the role Disk Snapshot Contributor on the snapshots, and to read the backups' container.
`;

const OPTIONS = {
  ...LOCATION_OPTIONS,
  "backup-location": { type: "string", multiple: true },
  "min-age": { type: "string" },
  verbose: { type: "boolean" },
  delete: { type: "boolean" },
  yes: { type: "boolean" },
  "allow-empty": { type: "boolean" },
} as const;

const DEFAULT_MIN_AGE = "24h";

export async function runGc(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = readArguments(args, OPTIONS);
  if (values.help === true) {
    print(HELP.trimEnd());
    return 0;
  }
  const minAge = readMinAge(values["min-age"] ?? DEFAULT_MIN_AGE);
  const wanted = { delete: values.delete === true, yes: values.yes === true };
  refuseWithoutAnswer(wanted, values.json === true);
  const locations = await readLocations(values);
  const location = snapshotLocation(locations, values.location);
  const names = values["backup-location"] ?? [];
  await using inventory = await openInventory(configFor(location, locations), context.env, proseLogger());
  const found = await findOrphans({ inventory, locations, names, minAge }, context);
  const report = {
    ...found,
    location: location.name,
    place: inventory.snapshots,
    dryRun: !wanted.delete,
    json: values.json === true,
    verbose: values.verbose === true,
  };
  const orphans = found.decisions.filter(({ orphan }) => orphan);
  if (!wanted.delete || orphans.length === 0) {
    reportGc({ ...report, outcomes: [] });
    return 0;
  }
  refuseEmpty(found.backups, values["allow-empty"] === true);
  if (!report.json) reportGc({ ...report, outcomes: [] });
  const outcomes = await deleteOrphans({ inventory, orphans, ask: !wanted.yes }, context.signal);
  if (outcomes === undefined) {
    note("Nothing was deleted.");
    return 1;
  }
  if (report.json) reportGc({ ...report, outcomes });
  return outcomes.some(({ error }) => error !== undefined) ? 1 : 0;
}

function readMinAge(text: string): number {
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === undefined || nanoseconds < 0n) {
    throw new WrongCall(`cannot use --min-age ${quote(text)}: it is not a duration, such as "90m" or "48h"`);
  }
  return Number(nanoseconds / 1_000_000n);
}

function refuseWithoutAnswer(
  wanted: { readonly delete: boolean; readonly yes: boolean },
  json: boolean,
): void {
  if (!wanted.delete || wanted.yes || (canAsk() && !json)) return;
  const reason = json ? "JSON is for programs" : "this is no terminal";
  throw new WrongCall(
    `cannot ask before deleting: ${reason}`,
    "look at what it finds without --delete, then add --yes; with --locations - the locations come in the answer's place",
  );
}

interface Search {
  readonly inventory: SnapshotInventory;
  readonly locations: Locations;
  readonly names: readonly string[];
  readonly minAge: number;
}

interface Found {
  readonly decisions: readonly Decision[];
  readonly backups: readonly ReadBackups[];
}

/** The snapshots are listed before the backups are read: a backup stored in between then has younger snapshots only. */
async function findOrphans(
  { inventory, locations, names, minAge }: Search,
  { env, signal }: CommandContext,
): Promise<Found> {
  const chosen = backupLocations(locations, names);
  if (chosen.length === 0) {
    const hint =
      "write one with: kubectl -n velero get volumesnapshotlocations,backupstoragelocations -o yaml";
    const reason = `${quote(locations.file)} has no BackupStorageLocation: every snapshot would look like an orphan`;
    throw new Failure("InvalidArgument", `cannot tell which snapshots are orphans: ${reason}`, { hint });
  }
  const now = Date.now();
  const entries = await inventory.list(signal);
  const firstsElsewhere = await inventory.firstsElsewhere(entries, signal);
  const backups: ReadBackups[] = [];
  for (const location of chosen) {
    backups.push(await readBackups(location, configFor(location, locations), { env, signal }));
  }
  const basis = {
    disks: inventory.disks,
    referred: new Set(backups.flatMap(({ referred }) => [...referred])),
    read: backups,
    readAll: locations.objects.every(
      (location) => location.kind !== "BackupStorageLocation" || chosen.includes(location),
    ),
    now,
    minAge,
  };
  return { decisions: decide(entries, basis, firstsElsewhere), backups };
}

function refuseEmpty(backups: readonly ReadBackups[], allowed: boolean): void {
  const empty = backups.find((one) => one.backups === 0);
  if (allowed || empty === undefined) return;
  throw new Failure(
    "FailedPrecondition",
    `cannot delete orphans: backup location "${empty.name}" has no backups at all, as with a wrong container or prefix`,
    { hint: "if it is right that there are none, add --allow-empty" },
  );
}
