import { describeFailure } from "../../errors/error.ts";
import type { Decision } from "../../snapshot/orphans.ts";
import type { SnapshotInventory } from "../../snapshot/snapshot-inventory.ts";
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

/**
 * Deletes the orphans one by one, each told. One that cannot be deleted does not keep the others. Undefined when the
 * user said no.
 */
export async function deleteOrphans(
  { inventory, orphans, ask: asks }: Deletion,
  signal: AbortSignal,
): Promise<readonly Outcome[] | undefined> {
  if (asks && !(await agreed(orphans.length, signal))) return undefined;
  const outcomes: Outcome[] = [];
  for (const decision of orphans) {
    const { snapshot } = decision.entry;
    const error = signal.aborted
      ? signal.reason
      : await inventory.remove(decision.entry, signal).then(
          () => undefined,
          (error: unknown) => error,
        );
    outcomes.push({ decision, error });
    note(
      error === undefined
        ? `deleted ${plain(snapshot.name)}`
        : `not deleted: ${plain(snapshot.name)}: ${describeFailure(error)}`,
    );
  }
  const deleted = outcomes.filter(({ error }) => error === undefined).length;
  note(
    `${count(deleted, "snapshot")} deleted${deleted === orphans.length ? "" : `, ${orphans.length - deleted} not`}.`,
  );
  return outcomes;
}

/** The number must be typed: a habit of saying yes deletes nothing. */
async function agreed(number: number, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(
    `Type ${number} to delete ${count(number, "snapshot")}, anything else to keep them: `,
    signal,
  );
  return answer === String(number);
}
