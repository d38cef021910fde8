import { quote } from "../../config/quote.ts";
import { normalRegion } from "../../config/region.ts";
import { describeFailure, Failure } from "../../errors/error.ts";
import type { RawConfig } from "../../config/location-config.ts";
import type { LogFields } from "../../log/logger.ts";
import type { CopyPlace } from "../../snapshot/record/disk-record.ts";
import { openInventory } from "../../snapshot/open-snapshotter.ts";
import { formatResourceId, isSamePlace, parseResourceId } from "../../snapshot/resource-id.ts";
import type { SnapshotInventory } from "../../snapshot/upkeep/snapshot-inventory.ts";
import { readArguments } from "../arguments.ts";
import { note, plain, print, printJson, proseLogger } from "../output.ts";
import { WrongCall } from "../wrong-call.ts";
import type { CommandContext } from "./context.ts";
import { configFor, snapshotLocation } from "./locations.ts";
import { LOCATION_HELP, LOCATION_OPTIONS, readLocations } from "./read-locations.ts";

const HELP = `velero-azure snapshots copy: copies snapshots to another region, as a location with copyToRegion does after a backup

Usage: velero-azure snapshots copy --locations FILE --to-region REGION --to-resource-group GROUP
         (--backup NAME | SNAPSHOT...) [OPTIONS]

SNAPSHOT is the name of a snapshot in the location's resource group, or a resource ID. Only incremental snapshots can be
copied, and each can have one copy. Restores in that region take the copy, and so do restores after the first
snapshot is lost, if the location's config has copyToRegion and copyResourceGroup; deletion removes both.

  --to-region REGION        northeurope
  --to-resource-group GROUP where copies go, in the subscription of the snapshots
  --disk-encryption-set ID  resource ID of the set that copies are encrypted with, in the region of the copies; without
                            it the location's copyDiskEncryptionSetId, if it copies to this region
  --backup NAME             all snapshots of this backup
  --wait                    until the copies can be restored, with progress, no longer than the location's copyTimeout
${LOCATION_HELP}

It needs the rights of the role Disk Snapshot Contributor on both resource groups.
`;

const OPTIONS = {
  ...LOCATION_OPTIONS,
  "to-region": { type: "string" },
  "to-resource-group": { type: "string" },
  "disk-encryption-set": { type: "string" },
  backup: { type: "string" },
  wait: { type: "boolean" },
} as const;

/** What became of one snapshot. */
interface Copied {
  readonly id: string;
  readonly copyId: string | undefined;
  readonly result: "begun" | "already there" | "failed";
  readonly error: unknown;
}

export async function runCopy(args: readonly string[], { env, signal }: CommandContext): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, true);
  if (values.help === true) {
    print(HELP.trimEnd());
    return 0;
  }
  const to = readTarget(values);
  if ((values.backup === undefined) === (positionals.length === 0)) {
    throw new WrongCall("name either --backup or snapshots to copy");
  }
  const locations = await readLocations(values);
  const location = snapshotLocation(locations, values.location);
  const logger = proseLogger(progress);
  const config = withKeyOfCopies(configFor(location, locations), to, values["disk-encryption-set"]);
  await using inventory = await openInventory(config, env, logger);
  const ids =
    values.backup === undefined
      ? positionals.map((text) => snapshotId(text, inventory))
      : await snapshotsOf(values.backup, inventory, signal);
  const copied: Copied[] = [];
  for (const id of ids) copied.push(await copyOne(inventory, id, to, signal));
  const ended = values.wait === true ? await waitForAll(inventory, copied, signal) : copied;
  if (values.json === true) printJson({ to, snapshots: ended.map(copiedJson) });
  return ended.some(({ result }) => result === "failed") ? 1 : 0;
}

function readTarget(values: {
  readonly "to-region"?: string | undefined;
  readonly "to-resource-group"?: string | undefined;
}): CopyPlace {
  const { "to-region": region = "", "to-resource-group": resourceGroup = "" } = values;
  if (region === "") throw new WrongCall("--to-region is missing");
  if (resourceGroup === "") throw new WrongCall("--to-resource-group is missing");
  return { region: normalRegion(region), resourceGroup };
}

/** The location as if it copied to that place; what it says of another region's key is not for this one. */
function withKeyOfCopies(config: RawConfig, to: CopyPlace, set: string | undefined): RawConfig {
  const { copyDiskEncryptionSetId = "", incremental: _, ...rest } = config;
  const own = normalRegion(config["copyToRegion"] ?? "") === to.region ? copyDiskEncryptionSetId : "";
  return {
    ...rest,
    copyToRegion: to.region,
    copyResourceGroup: to.resourceGroup,
    copyDiskEncryptionSetId: set ?? own,
  };
}

function snapshotId(text: string, { snapshots }: SnapshotInventory): string {
  if (parseResourceId("snapshots", text) !== undefined) return text;
  if (text.includes("/"))
    throw new WrongCall(`cannot copy ${quote(text)}: it is not the resource ID of a snapshot`);
  return formatResourceId("snapshots", { ...snapshots, name: text });
}

async function snapshotsOf(
  backup: string,
  inventory: SnapshotInventory,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Another cluster may have a backup of the same name.
  const found = (await inventory.list(signal)).filter(
    ({ snapshot: { backup: name, maker }, copyOf }) =>
      name === backup &&
      copyOf === undefined &&
      maker.kind === "this plugin" &&
      isSamePlace(maker.record.place, inventory.disks),
  );
  if (found.length === 0) {
    const { resourceGroup } = inventory.snapshots;
    throw new Failure(
      "NotFound",
      `cannot copy the snapshots of backup ${quote(backup)}: there are none of this location's disks in resource group "${resourceGroup}"`,
      { hint: "velero-azure snapshots list --all shows what there is" },
    );
  }
  return found.map(({ snapshot }) => snapshot.id);
}

/** One that cannot be copied does not keep the others. */
async function copyOne(
  inventory: SnapshotInventory,
  id: string,
  to: CopyPlace,
  signal: AbortSignal,
): Promise<Copied> {
  const name = nameOf(id);
  try {
    const { copyId, already } = await inventory.copy(id, to, signal);
    const result = already ? "already there" : "begun";
    note(
      already ? `${name}: has its copy already: ${nameOf(copyId)}` : `${name}: copy begun: ${nameOf(copyId)}`,
    );
    return { id, copyId, result, error: undefined };
  } catch (error) {
    note(`${name}: ${describeFailure(error)}`);
    return { id, copyId: undefined, result: "failed", error };
  }
}

async function waitForAll(
  inventory: SnapshotInventory,
  copied: readonly Copied[],
  signal: AbortSignal,
): Promise<readonly Copied[]> {
  return Promise.all(
    copied.map(async (one): Promise<Copied> => {
      if (one.copyId === undefined) return one;
      try {
        await inventory.waitForCopy(one.copyId, signal);
        note(`${nameOf(one.copyId)}: ready`);
        return one;
      } catch (error) {
        note(`${nameOf(one.copyId)}: ${describeFailure(error)}`);
        return { ...one, result: "failed", error };
      }
    }),
  );
}

/** Documented in docs/snapshots.md; fields stay. */
function copiedJson({ id, copyId, result, error }: Copied) {
  return { id, copyId: copyId ?? null, result, error: error === undefined ? null : describeFailure(error) };
}

function nameOf(id: string): string {
  return plain(parseResourceId("snapshots", id)?.name ?? id);
}

/** What the layers below tell while they wait. */
function progress(_message: string, { snapshot, completionPercent }: LogFields): void {
  if (typeof snapshot === "string" && typeof completionPercent === "number") {
    note(`${plain(snapshot)}: ${Math.floor(completionPercent)} %`);
  }
}
