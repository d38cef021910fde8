import { openInventory } from "../../snapshot/open-snapshotter.ts";
import type { InventoryEntry } from "../../snapshot/upkeep/inventory.ts";
import { readArguments } from "../arguments.ts";
import { note, plain, print, printJson, proseLogger, table } from "../output.ts";
import type { CommandContext } from "./context.ts";
import { configFor, snapshotLocation } from "./locations.ts";
import { LOCATION_HELP, LOCATION_OPTIONS, readLocations } from "./read-locations.ts";
import { HEADS, snapshotJson, snapshotRow } from "./words.ts";

const HELP = `velero-azure snapshots list: the snapshots in a location's resource group, and their copies in another region

Usage: velero-azure snapshots list --locations FILE [OPTIONS]

  --backup NAME             only those of this backup
  --all                     those with Velero's tags, too, that another plugin made
${LOCATION_HELP}

It needs the right to read snapshots (role Reader).
`;

const OPTIONS = { ...LOCATION_OPTIONS, backup: { type: "string" }, all: { type: "boolean" } } as const;

export async function runList(args: readonly string[], { env, signal }: CommandContext): Promise<number> {
  const { values } = readArguments(args, OPTIONS);
  if (values.help === true) {
    print(HELP.trimEnd());
    return 0;
  }
  const locations = await readLocations(values);
  const location = snapshotLocation(locations, values.location);
  const logger = proseLogger();
  await using inventory = await openInventory(configFor(location, locations), env, logger);
  const overlook = (error: unknown): void => logger.log("warn", "not known how copies are", { error });
  const ofBackup = (await inventory.list(signal, overlook)).filter(
    ({ snapshot }) => values.backup === undefined || snapshot.backup === values.backup,
  );
  const entries = ofBackup.filter(({ snapshot }) => isListed(snapshot.maker.kind, values.all === true));
  const { subscriptionId, resourceGroup } = inventory.snapshots;
  if (values.json === true) {
    const snapshots = entries.map(snapshotJson);
    printJson({ location: location.name, subscriptionId, resourceGroup, snapshots });
  } else if (entries.length === 0) {
    const others = ofBackup.filter(({ snapshot }) => isListed(snapshot.maker.kind, true)).length;
    const [whose, more] =
      others === 0 ? ["", "."] : [" of this plugin", `; --all shows ${others} of another`];
    const backup = values.backup === undefined ? "" : ` of backup "${plain(values.backup)}"`;
    const where = `resource group "${resourceGroup}" of subscription "${subscriptionId}"`;
    note(`No snapshots${whose}${backup} in ${where}${more}`);
  } else {
    // Who made them is a question only where others' are shown, too.
    const columns = values.all === true ? HEADS.length : HEADS.length - 1;
    print(
      table(
        HEADS.slice(0, columns),
        rows(entries).map((row) => row.slice(0, columns)),
      ),
    );
  }
  return 0;
}

function isListed(maker: InventoryEntry["snapshot"]["maker"]["kind"], all: boolean): boolean {
  return maker === "this plugin" || maker === "unreadable" || (all && maker === "another plugin");
}

function rows(entries: readonly InventoryEntry[]): readonly (readonly string[])[] {
  const now = Date.now();
  return entries.map((entry) => snapshotRow(entry, now));
}
