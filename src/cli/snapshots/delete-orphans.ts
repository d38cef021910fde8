import { describeFailure } from "../../errors/error.ts";
import type { Decision } from "../../snapshot/upkeep/orphans.ts";
import type { SnapshotInventory } from "../../snapshot/upkeep/snapshot-inventory.ts";
import { count, note, plain } from "../output.ts";
import { ask } from "../terminal.ts";

/** What became of one orphan. */
export interface Outcome {
  readonly decision: Decision;
  /** Undefined: it is deleted. */
  readonly error: unknown;
}

interface Deletion {
  readonly inventory: Pick<SnapshotInventory, "remove">;
  readonly orphans: readonly Decision[];
  /** Whether to ask first. */
  readonly ask: boolean;
}

/** Deletions under way at the same time: Azure takes seconds for each. */
const AT_ONCE = 4;

/**
 * Deletes the orphans, each told. One that cannot be deleted does not keep the others. Undefined when the user said no.
 */
export async function deleteOrphans(
  { inventory, orphans, ask: asks }: Deletion,
  signal: AbortSignal,
): Promise<readonly Outcome[] | undefined> {
  if (asks && !(await agreed(orphans.length, signal))) return undefined;
  const outcomes: Outcome[] = [];
  const waiting = orphans.values();
  const work = async (): Promise<void> => {
    for (const decision of waiting) outcomes.push(await remove(inventory, decision, signal));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const deleted = outcomes.filter(({ error }) => error === undefined).length;
  note(
    `${count(deleted, "snapshot")} deleted${deleted === orphans.length ? "" : `, ${orphans.length - deleted} not`}.`,
  );
  return outcomes;
}

async function remove(
  inventory: Deletion["inventory"],
  decision: Decision,
  signal: AbortSignal,
): Promise<Outcome> {
  const { name } = decision.entry.snapshot;
  try {
    signal.throwIfAborted();
    await inventory.remove(decision.entry, signal);
    note(`deleted ${plain(name)}`);
    return { decision, error: undefined };
  } catch (error) {
    note(`not deleted: ${plain(name)}: ${describeFailure(error)}`);
    return { decision, error };
  }
}

/** The number must be typed: a habit of saying yes deletes nothing. */
async function agreed(number: number, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(
    `Type ${number} to delete ${count(number, "snapshot")}, anything else to keep them: `,
    signal,
  );
  return answer === String(number);
}
