import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import { ACTIONS, type Action, type Point, randomFrom, randomPoints, THE_END } from "./kill-points.ts";
import { eventsOf, trial } from "./kill-trial.ts";

const POINTS = 100;
/** Most of a trial is waiting for Azure. */
const AT_ONCE = 16;

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
  // Long enough for a process to ask how it is getting on, which it does after a quarter of a second.
  const pace = { disk: 350, snapshot: 350, deletion: 350, backgroundCopy: 500, regionCopy: 350 };
  world.azure.inventory.setComputePace(pace);
  // Between a request and its answer there is time to die.
  const effect = { kind: "delay", milliseconds: 12 } as const;
  world.azure.faults.add({ service: "resource-manager", operation: "*", effect, count: 1_000_000 });
});
after(() => world[Symbol.asyncDispose]());

test(`killed at ${POINTS} random points, a process leaves nothing that the next one does not set right`, async (t) => {
  const seed = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
  t.diagnostic(`KILL_SEED=${seed} repeats these points`);
  const trials = await Promise.all(
    ACTIONS.map(async (action) => [action, await eventsOf(world, action)] as const),
  );
  const events = Object.fromEntries(trials) as Record<Action, readonly string[]>;
  const points = randomPoints(POINTS, events, randomFrom(seed));
  const ended = await runAll(points, seed);
  const phases = Map.groupBy(ended, (phase) => phase.replace(/ (arrived|answered)$/, ""));
  for (const [phase, hits] of [...phases].toSorted(([a], [b]) => a.localeCompare(b)))
    t.diagnostic(`${phase}: ${hits.length} times`);
  for (const phase of phasesOf(events)) {
    const hits = phases.get(phase) ?? [];
    assert.ok(hits.length >= 2, `${phase} was hit ${hits.length} times (KILL_SEED=${seed})`);
    // Between the request and its answer, where a change may be made and nobody be told.
    const between = hits.some((hit) => !/: \w+\/(create|delete) in/.test(hit) || hit.endsWith(" arrived"));
    assert.ok(between, `${phase} was hit only after its answer (KILL_SEED=${seed})`);
  }
});

async function runAll(points: readonly Point[], seed: number): Promise<readonly string[]> {
  const waiting = points.values();
  const phases: string[] = [];
  const lane = async (): Promise<void> => {
    for (const point of waiting) {
      try {
        phases.push(await trial(world, point));
      } catch (cause) {
        throw new Error(`killed at ${JSON.stringify(point)} (KILL_SEED=${seed}): ${String(cause)}`, {
          cause,
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return phases;
}

/** Reading a disk or a snapshot, asking for a change, waiting for it, and the end, for each action. */
function phasesOf(events: Readonly<Record<Action, readonly string[]>>): readonly string[] {
  return ACTIONS.flatMap((action) =>
    [...new Set(events[action].map((event) => event.replace(/ (arrived|answered)$/, ""))), THE_END].map(
      (event) => `${action}: ${event}`,
    ),
  );
}
