import { setTimeout as sleep } from "node:timers/promises";
import type { FaultEffect } from "./faults.ts";

/** The effect of this kind among those that a request suffers. */
export function effectOf<Kind extends FaultEffect["kind"]>(
  effects: readonly FaultEffect[],
  kind: Kind,
): Extract<FaultEffect, { kind: Kind }> | undefined {
  return effects.find((effect): effect is Extract<FaultEffect, { kind: Kind }> => effect.kind === kind);
}

/** What this service takes for the time while it answers the request. */
export function skewed(now: number, effects: readonly FaultEffect[]): number {
  return now + (effectOf(effects, "skew-clock")?.milliseconds ?? 0);
}

/** Waits as long as a delay among the effects says. In real time: it is the client who waits. */
export async function suffered(effects: readonly FaultEffect[]): Promise<void> {
  const delay = effectOf(effects, "delay");
  if (delay !== undefined) await sleep(delay.milliseconds);
}
