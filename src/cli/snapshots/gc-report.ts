import { describeFailure } from "../../errors/error.ts";
import type { Decision } from "../../snapshot/upkeep/orphans.ts";
import type { ComputePlace } from "../../snapshot/resource-id.ts";
import { age, count, plain, print, printJson, table } from "../output.ts";
import type { Outcome } from "./delete-orphans.ts";
import type { ReadBackups } from "./read-backups.ts";
import { snapshotJson } from "./words.ts";

export interface GcReport {
  /** The snapshot location. */
  readonly location: string;
  readonly place: ComputePlace;
  readonly decisions: readonly Decision[];
  readonly backups: readonly ReadBackups[];
  readonly dryRun: boolean;
  /** What was deleted, or could not be. */
  readonly outcomes: readonly Outcome[];
  readonly json: boolean;
  readonly verbose: boolean;
}

export function reportGc(report: GcReport): void {
  if (report.json) printJson(gcJson(report));
  else printProse(report);
}

/** Documented in docs/snapshots.md; fields stay. */
function gcJson({ location, place, decisions, backups, dryRun, outcomes }: GcReport) {
  const of = (orphan: boolean) =>
    decisions
      .filter((decision) => decision.orphan === orphan)
      .map(({ entry, why, reason }) => Object.assign(snapshotJson(entry), { why, code: reason }));
  return {
    location,
    subscriptionId: place.subscriptionId,
    resourceGroup: place.resourceGroup,
    backupLocations: backups.map(({ name, backups }) => ({ name, backups })),
    dryRun,
    orphans: of(true),
    kept: of(false),
    deleted: outcomes.filter(({ error }) => error === undefined).map(idOf),
    failed: outcomes
      .filter(({ error }) => error !== undefined)
      .map((outcome) => ({ id: idOf(outcome), error: describeFailure(outcome.error) })),
  };
}

function idOf({ decision }: Outcome): string {
  return decision.entry.snapshot.id;
}

function printProse({ decisions, backups, dryRun, verbose }: GcReport): void {
  for (const { name, backups: number, incomplete } of backups) {
    const half =
      incomplete.size === 0
        ? ""
        : `, and ${count(incomplete.size, "folder")} that ${incomplete.size === 1 ? "is" : "are"} no whole backup`;
    print(`Backup location "${plain(name)}": ${count(number, "backup")}${half}.`);
  }
  const orphans = decisions.filter(({ orphan }) => orphan);
  const kept = decisions.filter(({ orphan }) => !orphan);
  if (orphans.length > 0 && !kept.some(({ reason }) => reason === "referred")) {
    // As if the snapshots of one Velero were held against the backups of another.
    print("No backup refers to any of these snapshots: make sure that the locations belong together.");
  }
  if (verbose && kept.length > 0) print(`\nKept:\n${reasons(kept)}`);
  if (orphans.length === 0) {
    const those = decisions.length === 1 ? "it is" : "they are";
    const why = verbose || decisions.length === 0 ? "" : ` (--verbose tells why ${those} kept)`;
    print(`\nNo orphans among ${count(decisions.length, "snapshot")}${why}.`);
    return;
  }
  print(`\nOrphans:\n${reasons(orphans)}`);
  const more = verbose || kept.length === 0 ? "" : " (--verbose tells why)";
  print(`\n${count(orphans.length, "orphan")}; ${count(kept.length, "other snapshot")} kept${more}.`);
  if (dryRun) print("Nothing was deleted. To delete the orphans, add --delete.");
}

function reasons(decisions: readonly Decision[]): string {
  const now = Date.now();
  const rows = decisions.map(({ entry: { snapshot, copy }, why }) => {
    const { name, createdAt } = snapshot;
    const withCopy = copy === undefined || "absent" in copy ? "" : `; with its copy in ${copy.region}`;
    return [name, createdAt === undefined ? "-" : age(now - createdAt), why + withCopy].map(plain);
  });
  return table(["SNAPSHOT", "AGE", "WHY"], rows);
}
